"""A page in the Markdown that chat robots know: headings, bold, lists, quotes, links."""

from streamwatch.channels.layout import DO_NOW, defuse, headline, links, reference
from streamwatch.message import Message

# `@` and `<` call people, `&` writes either of them in disguise, the rest is markup.
MARKS = "<>[]*#`@&"


def markdown(message: Message, mention: str, line: str = "\n") -> str:
    """The whole page. *mention* is the robot's own markup, "" for none; *line* breaks a line without a gap."""
    steps = [f"**{DO_NOW.read_in(message.language)}**", *map(_safe, message.steps)] if message.steps else []
    blocks = [
        f"### {_safe(headline(message))}",
        mention,
        line.join(map(_safe, message.facts)),
        line.join(steps),
        line.join(f"> {_safe(sample)}" for sample in message.samples),
        "　".join(f"[{label}]({_safe_url(url)})" for label, url in links(message)),
        reference(message),
    ]
    return "\n\n".join(filter(None, blocks))


def _safe(text: str) -> str:
    return defuse(text, MARKS)


def _safe_url(url: str) -> str:
    return url.replace("(", "%28").replace(")", "%29")
