"""What our reviews use of Markdown, in parts that a page shows: headings, tables, lists, paragraphs. Pure.

Whatever else somebody wrote into one is shown as it stands. The page escapes all of it.
"""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

Kind = Literal["title", "heading", "table", "list", "text"]

_CELLS = re.compile(r"\s*\|\s*")
_RULE = re.compile(r"[|\s:-]+")


class Block(NamedTuple):
    """*lines* are its paragraphs, items, or rows; a row is its cells, the first row the heads."""

    kind: Kind
    lines: list[list[str]]


def blocks(text: str) -> Iterator[Block]:
    plain = text.replace("**", "")  # emphasis
    for part in re.split(r"\n\s*\n", plain.strip()):
        lines = part.splitlines() or [""]
        if lines[0].startswith("# "):
            yield Block("title", [[lines[0][2:]]])
        elif lines[0].startswith("## "):
            yield Block("heading", [[lines[0][3:]]])
        elif all(line.startswith("|") for line in lines):
            yield Block(
                "table", [_CELLS.split(line.strip().strip("|").strip()) for line in lines if not _is_rule(line)]
            )
        elif all(line.startswith(("- ", "  ")) for line in lines):
            yield Block("list", [[line.removeprefix("- ")] for line in lines])
        else:
            yield Block("text", [[line] for line in lines])


def _is_rule(line: str) -> bool:
    return "-" in line and _RULE.fullmatch(line) is not None
