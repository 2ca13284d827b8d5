"""What to say to viewers, out of the runbooks: what stands between quotation marks, ready to be copied. Pure."""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from streamwatch.runbook import Runbook, Section

_QUOTED = re.compile(r"“([^”]+)”|\"([^\"]+)\"")
_WHO = re.compile(r"^[^：:“\"]{1,12}[：:]\s*")  # who says it
_EXPECTED = "→"  # what follows is what others say
SAY = "say"


class Reply(NamedTuple):
    """*when* is a word like "afterwards"; empty where it is said at once."""

    when: str
    text: str


def replies(book: Runbook | None, category: str, name: str, others: Collection[str]) -> list[Reply]:
    """Of the category's own section first, then what can be said of anything.

    *name* is the category's in the language of *book*, *others* those of all: what is for another is left out.
    """
    if book is None:
        return []
    own = book.sections.get(f"complaint-{category}")
    general = book.sections.get(SAY)
    found = [Reply("", each.text) for each in _said(own)]
    found += [Reply("", each.text) for each in _said(general) if each.when == name]
    found += [each for each in _said(general) if each.when not in others]
    return list(dict.fromkeys(found))


def _said(section: Section | None) -> Iterator[Reply]:
    for step in section.steps if section else ():
        said = _WHO.sub("", step.partition(_EXPECTED)[0])
        for quoted in _QUOTED.finditer(said):
            before = said[: quoted.start()].rstrip(" ：:")
            yield Reply(before, quoted[1] or quoted[2])
