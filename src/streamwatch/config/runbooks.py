"""Reads the runbooks of every procedure below alert_rules/, in both languages."""

from pathlib import Path

from streamwatch.errors import Mistake
from streamwatch.language import Language
from streamwatch.runbook import Runbook, Runbooks, parse

LANGUAGES: tuple[Language, ...] = ("zh", "en")


def load_runbooks(folder: Path) -> tuple[Runbooks, list[Mistake]]:
    """Each folder with rules must have its runbook in zh and en, with the same anchors and as many steps."""
    found: dict[tuple[str, Language], Runbook] = {}
    mistakes: list[Mistake] = []
    rules = sorted(folder.glob("*/rules.yml"))
    if not rules:
        mistakes.append(Mistake(str(folder), 0, 0, "alert_rules", "no <procedure>/rules.yml below this folder"))
    for procedure in (path.parent for path in rules):
        for language in LANGUAGES:
            path = procedure / f"runbook.{language}.md"
            try:
                found[procedure.name, language] = parse(path.read_text(encoding="utf-8"))
            except FileNotFoundError:
                mistakes.append(
                    Mistake(str(path), 0, 0, "", "the runbook is missing; every procedure has one in zh and en")
                )
            except (OSError, ValueError) as error:
                mistakes.append(Mistake(str(path), 0, 0, "", str(error)))
        mistakes += _differences(procedure, found)
    return found, mistakes


def _differences(procedure: Path, found: dict[tuple[str, Language], Runbook]) -> list[Mistake]:
    """Who reads the other language must not be told less."""
    zh, en = found.get((procedure.name, "zh")), found.get((procedure.name, "en"))
    if zh is None or en is None:
        return []
    counts = [{anchor: len(section.steps) for anchor, section in book.sections.items()} for book in (zh, en)]
    anchors = sorted(set(counts[0]) | set(counts[1]))
    return [
        Mistake(str(procedure / "runbook.en.md"), 0, 0, f"#{anchor}", "has other steps than runbook.zh.md")
        for anchor in anchors
        if counts[0].get(anchor) != counts[1].get(anchor)
    ]
