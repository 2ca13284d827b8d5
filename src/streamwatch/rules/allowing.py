"""`# allow CHECK: reason`, in or right above a rule: the finding was seen, and is meant. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streamwatch.language import Text
from streamwatch.rules.finding import Finding, Place
from streamwatch.rules.written import Rule, Source

_ALLOW = re.compile(r"#\s*allow\s+(?P<check>[a-z]+/[a-z]+)\s*(?P<colon>[:：]?)\s*(?P<reason>.*?)\s*$")
_COMMENT = re.compile(r"^\s*(#.*)?$")


@dataclass(frozen=True)
class Allowance:
    """It counts for findings of *check* on the lines from *first* to *last*."""

    check: str
    reason: str
    place: Place
    first: int
    last: int
    rule: str = ""

    def covers(self, finding: Finding) -> bool:
        place = finding.place
        return (finding.check, place.file) == (
            self.check,
            self.place.file,
        ) and self.first <= place.line <= self.last


def allowances(source: Source, rules: Sequence[Rule]) -> Iterator[Allowance]:
    """Those of one file. A comment elsewhere than at a rule allows nothing."""
    lines = source.text.splitlines()
    for rule in rules:
        first = source.line_at(rule.start)
        last = first + source.text[rule.start : rule.end].rstrip().count("\n")
        while last > first and _COMMENT.match(lines[last - 1]):
            last -= 1  # YAML's rule goes on to the next one, whose comments are not its own
        begin = first
        while begin > 1 and _COMMENT.match(lines[begin - 2]) and lines[begin - 2].strip():
            begin -= 1
        for number in range(begin, last + 1):
            if found := _ALLOW.search(lines[number - 1]):
                place = Place(source.file, number, found.start() + 1, lines[number - 1], len(found[0]))
                reason = found["reason"] if found["colon"] else ""
                yield Allowance(found["check"], reason, place, first, last, rule.name)


def judged(findings: Sequence[Finding], allowed: Sequence[Allowance]) -> list[Finding]:
    """Without those that are allowed with a reason; with what is wrong with the allowances themselves."""
    left = [each for each in findings if not any(a.reason and a.covers(each) for a in allowed)]
    for each in allowed:
        if not each.reason:
            what = Text(f"允许 {each.check}，但没写理由", f"{each.check} is allowed without a reason")
            cure = Text(f"写成 # allow {each.check}: 理由", f"write # allow {each.check}: the reason")
            left.append(Finding("allow/reason", each.place, what, cure, rule=each.rule))
        elif not any(each.covers(finding) for finding in findings):
            what = Text(f"这里没有 {each.check} 可允许", f"there is no {each.check} here to allow")
            cure = Text("删去这行注释", "take the comment out")
            left.append(Finding("allow/unused", each.place, what, cure, "warning", each.rule))
    return left
