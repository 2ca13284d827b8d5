"""A table as text, cut into cells that keep their places, so that a mistake can be pointed at. RFC 4180."""

from collections.abc import Iterator
from typing import NamedTuple

DELIMITERS = ",;\t"
ENCODINGS = ("utf-8-sig", "gb18030")  # Excel writes the one with a mark, and GBK on a Chinese Windows


class Cell(NamedTuple):
    text: str
    line: int  # 1-based
    column: int  # 1-based, in characters


def decoded(data: bytes) -> str:
    """Raises `UnicodeDecodeError` when it is neither UTF-8 nor GBK, nor UTF-16 with its mark."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    try:
        return data.decode(ENCODINGS[0])
    except UnicodeDecodeError:
        return data.decode(ENCODINGS[1])


def delimiter(text: str) -> str:
    """The one that stands most often in the first line: Excel takes the comma or the semicolon by its country."""
    first = text.splitlines()[0] if text.strip() else ""
    return max(DELIMITERS, key=first.count)


def rows(text: str, separator: str) -> Iterator[list[Cell]]:
    """Every line of the table; those without any text are left out."""
    row: list[Cell] = []
    for cell, is_last in _cells(text, separator):
        row.append(cell)
        if is_last:
            if any(each.text.strip() for each in row):
                yield row
            row = []


def _cells(text: str, separator: str) -> Iterator[tuple[Cell, bool]]:
    """Each with whether it ends its row. Between quotation marks stand separators, lines, and the marks twice."""
    at, line, begin = 0, 1, 0
    while at < len(text):
        column, start, found = at - begin + 1, line, list[str]()
        if text[at] == '"':
            at += 1
            while (at < len(text) and text[at : at + 1] != '"') or text[at : at + 2] == '""':
                step = 2 if text[at] == '"' else 1
                found.append(text[at])
                if text[at] == "\n":
                    line, begin = line + 1, at + 1
                at += step
            at += 1
        while at < len(text) and text[at] not in (separator, "\n", "\r"):
            found.append(text[at])
            at += 1
        is_last = at >= len(text) or text[at] != separator
        at += 2 if text[at : at + 2] == "\r\n" else 1
        yield Cell("".join(found), start, column), is_last
        if is_last:
            line, begin = line + 1, at
    if text.endswith(separator):
        yield Cell("", line, at - begin + 1), True


def written(values: list[str], separator: str = ",") -> str:
    """One line of a table; what needs quotation marks gets them."""
    return separator.join(_quoted(value, separator) for value in values) + "\r\n"


def _quoted(value: str, separator: str) -> str:
    if any(mark in value for mark in (separator, '"', "\n", "\r")):
        return '"' + value.replace('"', '""') + '"'
    return value
