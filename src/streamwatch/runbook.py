"""The steps of a procedure, as its runbook says them in one language. Pure: text in, steps out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from streamwatch.language import Language

_SECTION = re.compile(r"^##\s+(?P<title>.+?)\s*\{#(?P<anchor>[a-z0-9-]+)\}\s*$")
_STEP = re.compile(r"^\d+[.、](?!\d)\s*(?P<text>.+)$")  # "1.5 s later" is no step
MAX_STEPS = 9


@dataclass(frozen=True)
class Section:
    anchor: str
    title: str
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Runbook:
    procedure: str
    title: str
    sections: Mapping[str, Section]

    def find(self, anchor: str) -> Section | None:
        """The section an alert points to; without it the first one, which is what to do in the first minute."""
        return self.sections.get(anchor) or next(iter(self.sections.values()), None)


Runbooks = Mapping[tuple[str, Language], Runbook]


def parse(text: str) -> Runbook:
    """Front matter, then sections with an anchor and numbered steps. Raises ValueError naming the line."""
    front, body, offset = _split(text)
    sections: dict[str, Section] = {}
    anchor, title, steps = "", "", list[str]()
    for number, line in enumerate([*body.splitlines(), ""], start=offset):
        if line.startswith("## "):
            found = _SECTION.match(line)
            if not found:
                raise ValueError(f"line {number}: a section needs an anchor, as in '## Title {{#anchor}}'")
            if found["anchor"] in sections:
                raise ValueError(f"line {number}: the anchor #{found['anchor']} stands twice")
            anchor, title, steps = found["anchor"], found["title"], []
            sections[anchor] = Section(anchor, title, ())
        elif anchor and (step := _STEP.match(line)):
            steps.append(step["text"].strip())
            if len(steps) > MAX_STEPS:
                raise ValueError(f"line {number}: more than {MAX_STEPS} steps under #{anchor}; split the section")
            sections[anchor] = Section(anchor, title, tuple(steps))
    if not sections:
        raise ValueError("no section: write '## Title {#anchor}' and numbered steps under it")
    return Runbook(str(front.get("procedure", "")), str(front.get("title", "")), sections)


def _split(text: str) -> tuple[Mapping[str, object], str, int]:
    """Front matter, the rest, and the line number on which the rest starts."""
    lines = text.lstrip("\ufeff").splitlines()
    if not lines or lines[0].strip() != "---" or "---" not in (line.strip() for line in lines[1:]):
        raise ValueError("line 1: front matter is missing: start with '---', 'procedure:', 'title:', '---'")
    end = next(index for index, line in enumerate(lines[1:], start=1) if line.strip() == "---")
    front = _front_matter("\n".join(lines[1:end]))
    if not isinstance(front, dict) or not front.get("procedure") or not front.get("title"):
        raise ValueError("line 2: front matter needs 'procedure' and 'title'")
    return front, "\n".join(lines[end + 1 :]), end + 2


def _front_matter(text: str) -> object:
    try:
        return yaml.safe_load(text) or {}
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 2
        raise ValueError(
            f"line {line}: front matter is not YAML: {error.problem}; quote words with a colon"
        ) from None
    except yaml.YAMLError:
        raise ValueError("line 2: front matter is not YAML: it holds a character that may not be there") from None
