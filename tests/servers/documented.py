"""What the pages in docs/ name: rows, the places between backquotes, and whether a place is there."""

import re
from pathlib import Path

from servers.receiver import write_config
from streamwatch.app import build

HOME = Path(__file__).parents[2]


def http_calls(folder: Path) -> set[str]:
    """Every call of the receiver's HTTP face, as "GET /path"; its configuration is written into *folder*."""
    app = build(write_config(folder, 1, "http://127.0.0.1:9/pages"))
    found, waiting = set(), list(app.routes)
    for route in waiting:
        inner = getattr(route, "original_router", None)
        waiting += inner.routes if inner is not None else []
        found |= {f"{method} {getattr(route, 'path', '')}" for method in getattr(route, "methods", None) or ()}
    return found


def numbered_rows(document: str) -> list[list[str]]:
    """The cells of each row that begins with a number, of a page in docs/."""
    lines = (HOME / "docs" / document).read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if re.match(r"\| \d+ \|", line)]


def places(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def is_file_or_test(place: str) -> bool:
    """`path`, or `path::test`: the file exists, and has that test."""
    path, _, test = place.partition("::")
    file = HOME / path
    return file.is_file() and (not test or f"def {test}(" in file.read_text(encoding="utf-8"))
