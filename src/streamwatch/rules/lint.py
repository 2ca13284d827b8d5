"""All checks over everything that was read, less what is allowed by a comment with its reason. Pure."""

from collections.abc import Sequence

from streamwatch.rules.allowing import allowances, judged
from streamwatch.rules.checks import CHECKS
from streamwatch.rules.everything import Everything
from streamwatch.rules.finding import Finding


def lint(everything: Everything, unreadable: Sequence[Finding] = ()) -> list[Finding]:
    """In the order of the files."""
    findings = [*unreadable, *(finding for check in CHECKS for finding in check(everything))]
    allowed = [
        allowance
        for procedure in everything.procedures
        for source in procedure.sources
        for allowance in allowances(source, [rule for rule in procedure.rules if rule.source is source])
    ]
    return sorted(judged(findings, allowed), key=lambda each: (each.place.file, each.place.line, each.place.column))
