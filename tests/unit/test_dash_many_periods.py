"""Manifests of very many periods: what is live is found without looking into each of them at every look."""

import time
from dataclasses import replace

import pytest

from streamwatch_exporters import dash_windows
from streamwatch_exporters.dash_manifest import Manifest, Period, Representation
from streamwatch_exporters.dash_reading import read_manifest
from streamwatch_exporters.dash_state import DashState
from streamwatch_exporters.dash_windows import Window, live

LISTED = '<SegmentTemplate media="$Time$"><SegmentTimeline><S t="0" d="2"/></SegmentTimeline></SegmentTemplate>'
EMPTY = '<SegmentTemplate media="$Time$"><SegmentTimeline/></SegmentTemplate>'


def manifest(*templates: str, representations: int = 1) -> Manifest:
    """A period of ten seconds for each."""
    inner = "".join(f'<Representation id="{n}" bandwidth="{n + 1}"/>' for n in range(representations))
    periods = (
        f'<Period id="p{at}" start="PT{10 * at}S"><AdaptationSet>{each}{inner}</AdaptationSet></Period>'
        for at, each in enumerate(templates)
    )
    began = 'type="dynamic" availabilityStartTime="1970-01-01T00:00:00Z"'
    return read_manifest(f"<MPD {began}>{''.join(periods)}</MPD>".encode())


def live_key(read: Manifest, elapsed: float | None) -> str | None:
    found = live(read, elapsed)
    return None if found is None else found.period.key


def test_a_day_of_periods_that_list_nothing_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look is made on the event loop, beside all other streams."""
    looked: list[str] = []
    true = dash_windows.window

    def counting(representation: Representation, period: Period, elapsed: float | None) -> Window | None:
        looked.append(period.key)
        return true(representation, period, elapsed)

    monkeypatch.setattr(dash_windows, "window", counting)
    (one,) = manifest(EMPTY, representations=60).periods
    periods = (replace(one, key=f"p{at}", start=10.0 * at) for at in range(800))
    read = Manifest(dynamic=True, available_from=0.0, periods=tuple(periods))
    state = DashState()
    state.take(read, 0.0, 100_000.0)
    assert 0 < len(looked) <= 2048
    assert looked[0] == "p799"
    started = time.process_time()
    state.take(read, 1.0, 100_001.0)
    assert time.process_time() - started < 0.05


def test_what_is_live_is_found_before_many_that_are_announced() -> None:
    """A programme for the whole day stands in some manifests in the morning."""
    assert live_key(manifest(*[LISTED] * 900), 55.0) == "p5"


def test_an_advertisement_that_lists_nothing_yet_is_passed_over() -> None:
    """And several of them; periods without any representation are no obstacle at all."""
    assert live_key(manifest(LISTED, *[EMPTY] * 20), 10_000.0) == "p0"
    bare = "".join(f'<Period id="b{n}" start="PT{20 + n}S"/>' for n in range(500))
    text = f"<MPD type='dynamic'><Period id='a' start='PT0S'><AdaptationSet>{LISTED}<Representation id='v'/>"
    assert live_key(read_manifest(f"{text}</AdaptationSet></Period>{bare}</MPD>".encode()), None) == "a"


def test_of_more_periods_than_anybody_has_the_newest_are_kept() -> None:
    """With the places that follow from those before them."""
    lengths = "".join(f'<Period id="p{n}" duration="PT1S"/>' for n in range(10_000))
    read = read_manifest(f"<MPD><Period id='first' start='PT0S' duration='PT5S'/>{lengths}</MPD>".encode())
    assert len(read.periods) == 4096
    assert (read.periods[-1].key, read.periods[-1].start) == ("p9999", 10_004.0)
