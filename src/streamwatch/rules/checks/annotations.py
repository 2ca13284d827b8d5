"""Annotations: what a person reads on the banner of a phone at night."""

import re
from collections.abc import Iterator

from streamwatch.language import Text
from streamwatch.rules.beginning import SUMMARY_LENGTH
from streamwatch.rules.everything import Everything
from streamwatch.rules.finding import Finding, Level

NEEDED = ("summary_zh", "summary_en", "runbook_step")
UNFINISHED = "待写"  # as `rules new` leaves it
WRONG: Level = "bad"
DOUBTFUL: Level = "warning"
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def missing(everything: Everything) -> Iterator[Finding]:
    """annotation/missing: whoever is called must read in their language what is wrong, and what to do."""
    for _, rule in everything.alerts():
        found = rule.named("annotations")
        for key in NEEDED:
            if key not in found or not found[key].text.strip():
                what = Text(f"缺少注解 {key}", f"the annotation {key} is missing")
                cure = Text(f"在 annotations 里写上 {key}", f"add {key} to its annotations")
                yield Finding("annotation/missing", rule.at("alert"), what, cure, rule=rule.name)


def summary(everything: Everything) -> Iterator[Finding]:
    """annotation/summary: short, in its language, and without what changes: each change would be a new alert."""
    for _, rule in everything.alerts():
        for language in ("zh", "en"):
            value = rule.named("annotations").get(f"summary_{language}")
            if value is None or not value.text:
                continue
            what, cure, level = None, Text("改短", "shorten it"), WRONG
            if len(value.text) > SUMMARY_LENGTH:
                what = Text(
                    f"{len(value.text)} 个字符，最多 {SUMMARY_LENGTH}",
                    f"{len(value.text)} characters; {SUMMARY_LENGTH} at most",
                )
            elif "$value" in value.text:
                what = Text("写了会变的数值", "it holds a number that changes")
                cure = Text("去掉 {{ $value }}", "take {{ $value }} out")
            elif bool(_CHINESE.search(value.text)) is not (language == "zh"):
                what = Text(f"summary_{language} 的语言不对", f"summary_{language} is in another language")
                cure = Text(
                    "用中文写 summary_zh，英文写 summary_en", "write summary_zh in Chinese, summary_en in English"
                )
            elif value.text.startswith(UNFINISHED):
                what, level = Text("还没写好", "it is still to be written"), DOUBTFUL
                cure = Text("写明出了什么事", "say what is wrong")
            if what:
                yield Finding("annotation/summary", value.place, what, cure, level, rule.name)
