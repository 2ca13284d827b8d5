"""How a review speaks to one reader: language, zone, and text that is safe in Markdown. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from streamwatch.language import Language, Text
from streamwatch.report.review import words
from streamwatch.vocabulary import lasting, say

# What people and viewers wrote must be neither markup nor a call to everybody in the chat it is pasted into:
# full-width twins look alike and mean nothing.
_INERT = str.maketrans({mark: chr(ord(mark) + 0xFEE0) for mark in "<>[]*`|@&\\~"} | dict.fromkeys("\r\n", " "))


def inert(text: str) -> str:
    return text.translate(_INERT)


@dataclass(frozen=True)
class Reader:
    language: Language
    zone: tzinfo

    def say(self, text: Text, /, **filled: object) -> str:
        return text.format(**filled).read_in(self.language)

    def word(self, known: Mapping[str, Text], label: str) -> str:
        return inert(say(known, label).read_in(self.language))

    def stream(self, stream: str) -> str:
        return inert(stream) or self.say(words.NO_STREAM)

    def day(self, at: datetime) -> str:
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M}"

    def moment(self, at: datetime) -> str:
        return f"{at.astimezone(self.zone):%m-%d %H:%M:%S}"

    def clock(self, at: datetime) -> str:
        return f"{at.astimezone(self.zone):%H:%M}"

    def lasting(self, seconds: float) -> str:
        return lasting(seconds).read_in(self.language)

    def count(self, number: float | None) -> str:
        return self.say(words.UNKNOWN) if number is None else f"{round(number):,}"

    def share(self, part: float) -> str:
        return f"{max(1, round(part * 100))}%"

    def listed(self, parts: Iterable[str]) -> str:
        return ("、" if self.language == "zh" else ", ").join(parts)

    def sentence(self, parts: Iterable[str]) -> str:
        return ("；" if self.language == "zh" else "; ").join(parts)

    def table(self, heads: Sequence[Text], rows: Iterable[Sequence[str]]) -> str:
        names = [head.read_in(self.language) for head in heads]
        return "\n".join(f"| {' | '.join(row)} |" for row in (names, ["---"] * len(names), *rows))


def is_partly(known: float) -> bool:
    """Whether something is known for some of the time: what then is missing does not round to nothing."""
    return 0 < known < 0.995


def bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
