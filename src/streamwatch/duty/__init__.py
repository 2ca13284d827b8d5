"""Who holds a role now, and why. Pure.

`who` answers for one moment, `own_duty` where a stream has others than the rest, `shifts` for days; `show` says
what goes on at a stream, `doubts` what surely is not meant.
"""

from streamwatch.duty.book import Actual, Away, DutyBook, Override
from streamwatch.duty.days import Days, Holidays
from streamwatch.duty.doubts import NEVER_EMPTY, Of, doubts, gaps, held_roles, streams
from streamwatch.duty.handover import HandOver, handover
from streamwatch.duty.own import Own, own_duty
from streamwatch.duty.person import ROLES, Contact, Person, Quiet
from streamwatch.duty.resolve import (
    NOBODY_HOLDS,
    WHY_NOT,
    Duty,
    PassedOver,
    hosts_on_air,
    others,
    running_session,
    who,
)
from streamwatch.duty.rotation import Rotation
from streamwatch.duty.rundown import Segment, segment_at
from streamwatch.duty.session import AFTER, BEFORE, OVERRUN, PHASES, Material, Phase, Session, Usual, Window
from streamwatch.duty.shifts import Shift, shifts
from streamwatch.duty.show import Show, show, shows

__all__ = [
    "AFTER",
    "BEFORE",
    "NEVER_EMPTY",
    "NOBODY_HOLDS",
    "OVERRUN",
    "PHASES",
    "ROLES",
    "WHY_NOT",
    "Actual",
    "Away",
    "Contact",
    "Days",
    "Duty",
    "DutyBook",
    "HandOver",
    "Holidays",
    "Material",
    "Of",
    "Override",
    "Own",
    "PassedOver",
    "Person",
    "Phase",
    "Quiet",
    "Rotation",
    "Segment",
    "Session",
    "Shift",
    "Show",
    "Usual",
    "Window",
    "doubts",
    "gaps",
    "handover",
    "held_roles",
    "hosts_on_air",
    "others",
    "own_duty",
    "running_session",
    "segment_at",
    "shifts",
    "show",
    "shows",
    "streams",
    "who",
]
