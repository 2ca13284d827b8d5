"""When a watcher looks next."""

import pytest

from servers.hand_clock import HandClock
from streamwatch_exporters.pace import OVERRUN, Pace, reload_after, together
from streamwatch_exporters.probe import Record


@pytest.mark.parametrize(
    ("target", "advanced", "seconds"),
    [(6, True, 1.0), (6, False, 1.0), (1, True, 1.0), (1, False, 0.5), (0.1, False, 0.25), (None, True, 1.0)],
)
def test_a_reload_comes_within_a_second(target: float | None, advanced: bool, seconds: float) -> None:
    """RFC 8216 section 6.3.4 at the most, a second for an early sight of a stall, four a second at the least."""
    assert reload_after(target, advanced=advanced) == seconds


async def test_a_look_that_took_too_long_leaves_the_missed_ones_out() -> None:
    """They are counted, and the next starts at once instead of in a burst."""
    hand, record = HandClock(), Record()
    pace = Pace(record, hand.clock)
    hand.pass_by(4.5)
    await pace.wait(1.0)
    assert record.skipped == {OVERRUN: 3}
    assert record.lag == 0.0
    hand.pass_by(0.99999)
    await pace.wait(1.0)
    assert record.skipped == {OVERRUN: 3}


def test_looks_that_are_due_at_about_the_same_time_begin_together() -> None:
    """None begins early, none more than 50 ms late, and a thousand of them in a second make twenty moments."""
    due = [n / 1000 for n in range(1000)]
    starts = [together(each) for each in due]
    assert all(0 <= start - each < 0.0501 for start, each in zip(starts, due, strict=True))
    assert len(set(starts)) <= 21
