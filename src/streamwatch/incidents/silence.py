"""How long a person may silence an incident. Pure. A silence always ends, and what it hid calls again."""

from datetime import timedelta

from streamwatch.alert import Severity
from streamwatch.language import Text
from streamwatch.vocabulary import lasting

SHORTEST = timedelta(minutes=1)
# Viewers see nothing, and somebody says "I know": two hours are a show. Nobody silences a P0 by a slip of a finger.
LONGEST: dict[Severity, timedelta] = {
    "P0": timedelta(hours=2),
    "P1": timedelta(hours=12),
    "P2": timedelta(hours=24),
    "P3": timedelta(hours=24),
}


def objection(severity: Severity, length: timedelta, reason: str) -> Text | None:
    """Why an incident of *severity* may not be silenced for so long, if so."""
    if severity == "P0" and not reason.strip():
        return Text("P0 静默必须写原因", "to silence a P0 takes a reason")
    if SHORTEST <= length <= LONGEST[severity]:
        return None
    least, most = (lasting(each.total_seconds()) for each in (SHORTEST, LONGEST[severity]))
    return Text(
        f"{severity} 的静默时长从 {least.zh} 到 {most.zh}", f"a {severity} is silenced for {least.en} to {most.en}"
    )
