"""Runbooks: the step an alert points to must be there, in both languages, with as many steps."""

import re
from collections.abc import Iterator

from streamwatch.language import Text
from streamwatch.rules.everything import Everything, Procedure
from streamwatch.rules.finding import Finding
from streamwatch.vocabulary import CATEGORIES

_CATEGORY = re.compile(r"\{\{\s*\$labels\.category\s*\}\}")
_LABEL = re.compile(r"\{\{.*?\}\}")
UNFINISHED = {"zh": "待写", "en": "to be written"}  # as `rules new` leaves them
STEP = "annotations.runbook_step"
HINTS = {"violation"}  # a category that alerts nobody
ADD = Text("在 runbook.{language}.md 里加上“## 标题 {{#{anchor}}}”和编号的步骤",
           "add '## Title {{#{anchor}}}' and numbered steps to runbook.{language}.md")  # fmt: skip


def step(everything: Everything) -> Iterator[Finding]:
    """runbook/step: without it, whoever is called reads the first section, which may be another fault's."""
    for procedure, rule in everything.alerts():
        value = rule.named("annotations").get("runbook_step")
        if value is None or not value.text:
            continue
        for language, book in procedure.runbooks.items():
            for anchor in _lacking(value.text, set(book.sections)):
                what = Text(f"runbook.{language}.md 里没有 #{anchor}", f"runbook.{language}.md has no #{anchor}")
                cure = ADD.format(language=language, anchor=anchor)
                yield Finding("runbook/step", value.place, what, cure, rule=rule.name)


def _lacking(step: str, anchors: set[str]) -> list[str]:
    """A template stands for each category; of another label any anchor of its shape will do."""
    if _CATEGORY.search(step):
        return sorted({_CATEGORY.sub(each, step) for each in CATEGORIES.keys() - HINTS} - anchors)
    shape = ".+".join(re.escape(each) for each in _LABEL.split(step))
    return [] if any(re.fullmatch(shape, each) for each in anchors) else [step]


def steps(everything: Everything) -> Iterator[Finding]:
    """runbook/steps: who reads the other language must not be told less."""
    for procedure in everything.procedures:
        zh, en = (procedure.runbooks.get(each) for each in ("zh", "en"))
        if zh is None or en is None:
            continue
        for anchor in sorted(zh.sections.keys() | en.sections.keys()):
            counts = [len(book.sections[anchor].steps) if anchor in book.sections else -1 for book in (zh, en)]
            if counts[0] != counts[1]:
                yield _differs(procedure, anchor, *counts)
            elif counts[0] == 0:
                what = Text(f"#{anchor} 没有步骤", f"#{anchor} has no steps")
                cure = Text("写上编号的步骤：1. 谁：做什么 → 预期", "write numbered steps: 1. who: what → expected")
                yield Finding("runbook/steps", procedure.section("zh", anchor), what, cure)


def unfinished(everything: Everything) -> Iterator[Finding]:
    """runbook/unfinished: whoever is called at night would read "to be written"."""
    for procedure in everything.procedures:
        alerts = {value.text: rule.name for rule in procedure.alerts() if (value := rule.values.get(STEP))}
        for language, book in procedure.runbooks.items():
            for anchor, section in book.sections.items():
                if any(UNFINISHED[language] in each for each in section.steps):
                    what = Text(f"#{anchor} 的步骤还没写好", f"the steps of #{anchor} are still to be written")
                    cure = Text("写明谁做什么", "say who does what")
                    place, rule = procedure.section(language, anchor), alerts.get(anchor, "")
                    yield Finding("runbook/unfinished", place, what, cure, "warning", rule)


def _differs(procedure: Procedure, anchor: str, zh: int, en: int) -> Finding:
    said = [Text("没有", "none") if each < 0 else Text(f"{each} 步", f"{each}") for each in (zh, en)]
    what = Text(
        f"#{anchor}：中文{said[0].zh}，英文{said[1].zh}", f"#{anchor}: steps in zh {said[0].en}, in en {said[1].en}"
    )
    cure = Text("两种语言写同样多的步骤", "write as many steps in both languages")
    return Finding("runbook/steps", procedure.section("en" if en >= 0 else "zh", anchor), what, cure)
