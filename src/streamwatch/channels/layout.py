"""What all channels that people read have in common: the words, the order, what must not slip through.

The order is for a phone at night: what happened and to whom, the facts, what to do now, what viewers write, the
link that says "I have it", the link to everything else.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from streamwatch.language import Text
from streamwatch.message import Message, clean, cut_bytes, smaller

T = TypeVar("T")

DO_NOW = Text("现在做", "Do now")
MAY_REPEAT = Text("（可能重复）", " (may repeat)")
ACK = Text("认领", "Ack")
CONSOLE = Text("控制台", "Console")

LONGEST_LINE = 1000  # characters; nobody reads more of one line on a phone


def headline(message: Message) -> str:
    """The title; the mark is added here so that no shortening loses it."""
    return (message.title or reference(message)) + mark(message)


def mark(message: Message) -> str:
    """Says that this page may have come before."""
    return MAY_REPEAT.read_in(message.language) if message.maybe_repeated else ""


def banner(message: Message, limit: int) -> str:
    """What a phone shows first, in at most *limit* bytes; the mark is kept however long the title is."""
    end = mark(message)
    title = clean(message.title, LONGEST_LINE) or reference(message)
    return cut_bytes(title, limit - len(end.encode())) + end


def links(message: Message) -> list[tuple[str, str]]:
    """Label and address of each link there is; the one to press first comes first."""
    both = ((ACK, message.ack_url), (CONSOLE, message.console_url))
    return [(label.read_in(message.language), url) for label, url in both if url]


def reference(message: Message) -> str:
    """Ends each message. Robots that ask for a keyword can be given "StreamWatch"."""
    return f"StreamWatch #{message.incident_id}" if message.incident_id else "StreamWatch"


def defuse(text: str, marks: str) -> str:
    """*text* with *marks* as their full-width twins: they look alike and mean nothing.

    Backslashes are no way out: the robots' dialects of Markdown do not agree about them.
    """
    return text.translate({ord(mark): ord(mark) + 0xFEE0 for mark in marks})


def fitting(message: Message, make: Callable[[Message], T], size: Callable[[T], int], limit: int) -> T:
    """What *make* makes of the largest form of *message* whose *size* is within *limit*. Texts are clean lines."""
    for form in _forms(_in_lines(message)):
        made = make(form)
        if size(made) <= limit:
            break
    return made


def _in_lines(message: Message) -> Message:
    def cleaned(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(clean(text, LONGEST_LINE) for text in texts)

    return replace(
        message,
        title=clean(message.title, LONGEST_LINE),
        facts=cleaned(message.facts),
        steps=cleaned(message.steps),
        # An address in a viewer's words would become a link under our name.
        samples=tuple(sample.replace("://", "：//") for sample in cleaned(message.samples)),
    )


def _forms(message: Message) -> Iterator[Message]:
    """Links go last of all: a page without them still calls the person."""
    form = message
    for form in smaller(message):
        yield form
    yield replace(form, ack_url=None, console_url=None)
