"""What one person reads: first what happened and who acts, then what to do now, then everything else.

A phone shows about twenty characters of a notification, so the first line carries severity, stream and
symptom. A message can be made smaller step by step (`smaller`) and never loses who, what, where, do now.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from streamwatch.language import Language, Text

Kind = Literal["firing", "raised", "told", "over", "test", "digest", "note"]
CALLS: tuple[Kind, ...] = ("firing", "raised")  # what is over, what tests, and what only tells calls nobody
TOLD: Kind = "told"

_BREAKS = "\r\n\t\v\f\x85\u2028\u2029"
# Classes that must not reach a screen: marks that turn the reading direction around.
_BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@dataclass(frozen=True)
class Earlier:
    """A page of the same incident that went over the same channel before. *id* is the service's own name for it."""

    person: str
    id: str
    at: datetime


@dataclass(frozen=True)
class Message:
    """One page in the words of its reader. All texts are plain: a channel adds its own markup, and escapes."""

    page_id: str
    kind: Kind
    incident_id: str
    language: Language
    person: str  # the id in duty.yml
    person_name: str
    title: str
    facts: tuple[str, ...]
    steps: tuple[str, ...]
    samples: tuple[str, ...] = ()
    severity: str = "P1"
    stream: str = ""
    hop: str = ""
    procedure: str = ""
    role: str = ""
    alertname: str = ""
    runbook_step: str = ""
    ack_url: str | None = None
    console_url: str | None = None
    button: str | None = None  # what a button carries back that takes it; at most 64 bytes
    drill: bool = False
    maybe_repeated: bool = False
    incidents: tuple[str, ...] = ()  # of a digest: all that it tells of
    ended: tuple[str, ...] = ()  # those of them that are over
    told: tuple[str, ...] = ()  # those of which its reader is told, and not called
    thread: tuple[Earlier, ...] = ()  # oldest first: what this one answers, or brings up to date
    translation: "Message | None" = None  # the same in the other language, for a channel that shows both

    @property
    def all_over(self) -> bool:
        """It asks nobody to do anything."""
        return self.kind == "over" or (self.kind == "digest" and self.incidents == self.ended)

    @property
    def wakes_nobody(self) -> bool:
        """It calls nobody, so it must ring no phone."""
        only_tells = self.kind == "digest" and set(self.incidents) == {*self.ended, *self.told}
        return self.all_over or self.kind == TOLD or only_tells

    @property
    def text(self) -> str:
        """Everything below the title, without markup; the number first, by which it can be taken."""
        number = Text(f"事件 #{self.incident_id}", f"incident #{self.incident_id}").read_in(self.language)
        return "\n".join([*([number] if self.incident_id else []), *self.facts, *self.steps, *self.samples])


def clean(text: str, limit: int = 200) -> str:
    """Words from outside on one line: no controls, no direction marks, at most *limit* characters.

    Looks at twice as many characters and no further: a flood must not hold up the pages of others.
    """
    looked_at = text[: 2 * limit]
    kept = (
        " " if character in _BREAKS else character
        for character in looked_at
        if character in _BREAKS
        or (
            unicodedata.category(character) not in ("Cc", "Cs")
            and unicodedata.bidirectional(character) not in _BIDI
        )
    )
    line = re.sub(r" {2,}", " ", "".join(kept)).strip()
    whole = len(line) <= limit and len(looked_at) == len(text)
    return line if whole else line[: limit - 1] + "…"


def cut_bytes(text: str, limit: int) -> str:
    """*text* in at most *limit* UTF-8 bytes, never through a character; an ellipsis says that it was cut."""
    raw = text.encode(errors="replace")  # half a surrogate pair comes out of JSON, and goes into no UTF-8
    if len(raw) <= limit:
        return raw.decode()
    mark = "…".encode()[: max(0, limit)]
    return (raw[: max(0, limit - len(mark))] + mark).decode(errors="ignore")


def smaller(message: Message) -> Iterator[Message]:
    """The message, then ever smaller ones: samples go first, then late steps, then long words; links stay."""
    yield message
    while message.samples:
        message = replace(message, samples=message.samples[:-1])
        yield message
    while len(message.steps) > 1:
        message = replace(message, steps=message.steps[:-1])
        yield message
    while len(message.facts) > 1:
        message = replace(message, facts=message.facts[:-1])
        yield message
    for limit in (300, 150, 80, 40):
        message = replace(
            message,
            title=cut_bytes(message.title, limit),
            facts=tuple(cut_bytes(fact, limit) for fact in message.facts),
            steps=tuple(cut_bytes(step, limit) for step in message.steps),
        )
        yield message
