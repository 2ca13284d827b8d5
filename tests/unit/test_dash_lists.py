"""A live SegmentList, whose segments stand one by one: how it advances, and that it may grow for days."""

import aiohttp
import pytest
from yarl import URL

from streamwatch_exporters.dash_downloads import Downloads
from streamwatch_exporters.dash_manifest import Manifest
from streamwatch_exporters.dash_reading import read_manifest
from streamwatch_exporters.dash_state import DashState, RepresentationState

NAME = "640x360@800000"
BASE = URL("http://127.0.0.1:9/live/x.mpd")


def listing(
    first: int, listed: int = 5, *, number: int | None = None, url: str = "s{}.m4s", more: str = ""
) -> Manifest:
    """Segments of two seconds; number 1 begins with the period."""
    urls = "".join(f'<SegmentURL media="{url.format(first + n)}"/>' for n in range(listed))
    start = "" if number is None else f'startNumber="{number}"'
    inner = f'<SegmentList duration="2" {start}>{urls}</SegmentList>'
    about = f'<Representation id="v" bandwidth="800000" width="640" height="360">{inner}</Representation>'
    period = f'<Period id="p0" start="PT10S"><AdaptationSet contentType="video">{about}</AdaptationSet></Period>'
    return read_manifest(
        f'<MPD type="dynamic" availabilityStartTime="1970-01-01T00:00:00Z" {more}>{period}</MPD>'.encode()
    )


def after(*manifests: Manifest) -> DashState:
    """Looks a second apart, 1000 s into the presentation."""
    state = DashState()
    for at, each in enumerate(manifests):
        state.take(each, float(at), 1000.0)
    return state


def only(state: DashState) -> RepresentationState:
    return state.representations[NAME]


def test_a_list_that_slides_with_its_number_advances() -> None:
    """As ffmpeg writes them: always five segments, and the number of the first goes up."""
    state = after(*(listing(n, number=n, more='timeShiftBufferDepth="PT10S"') for n in range(100, 106)))
    assert (only(state).age(5.0), state.age(5.0)) == (0.0, 0.0)
    assert (only(state).window.start, only(state).window.end) == (218.0, 228.0)
    assert state.end_age(only(state), 1000.0) == 772.0
    assert sum(state.violations.values()) == 0


def test_a_list_that_slides_without_a_number_advances_by_its_newest_name() -> None:
    """Not as the standard has it, but players that look at the end of the list play it."""
    state = after(*(listing(n) for n in range(100, 104)))
    assert (only(state).age(3.0), state.age(3.0)) == (0.0, 0.0)


@pytest.mark.parametrize(
    "manifests",
    [
        [listing(100, number=100)] * 4,
        [listing(100 + n, 5 - n, number=100 + n) for n in range(4)],
        [listing(100, number=100, url=f"t{n}/s{{}}.m4s?t={n}") for n in range(4)],
        [listing(100 + n, number=100 + n) for n in (0, 1, 0, 1)][1:],
    ],
    ids=["the same", "loses its beginning", "tokens rotate", "two caches"],
)
def test_a_list_without_a_new_segment_has_not_advanced(manifests: list[Manifest]) -> None:
    """A stall that is hidden is a page that is lost."""
    age = only(after(*manifests)).age(9.0)
    assert age is not None
    assert age >= 8.0


def test_a_list_longer_than_what_is_kept_of_it_goes_on_to_grow() -> None:
    """Nothing is ever taken out of it: after hours it has thousands of segments."""
    state = after(*(listing(1, count) for count in (4095, 4096, 4097, 4098, 5000)))
    window = only(state).window
    assert (window.segments, window.start, window.end) == (5000, 10.0, 10_010.0)
    assert window.newest.reference == "s5000.m4s"
    assert only(state).age(4.0) == 0.0


def test_a_timeline_beside_a_long_list_points_to_its_own_segment() -> None:
    """The list is cut at its beginning, and counts from there."""
    urls = "".join(f'<SegmentURL media="s{n}.m4s"/>' for n in range(1, 5001))
    times = '<SegmentTimeline><S t="0" d="2" r="4997"/></SegmentTimeline>'
    text = f'<SegmentList>{times}{urls}</SegmentList><Representation id="v" bandwidth="9"/>'
    state = after(
        read_manifest(f"<MPD><Period start='PT0S'><AdaptationSet>{text}</AdaptationSet></Period></MPD>".encode())
    )
    assert state.representations["other@9"].window.newest.reference == "s4998.m4s"


async def test_each_new_segment_of_a_list_without_a_number_is_fetched() -> None:
    """Once, although all of them end at the same place."""
    state = DashState()
    async with aiohttp.ClientSession() as session:
        downloads = Downloads(session, lambda name, end: None)
        for at, first in enumerate((100, 101, 101, 102)):
            state.take(listing(first), float(at), 1000.0)
            assert downloads.want(NAME, BASE, only(state).window.newest)
            task = downloads.newest[NAME].task
            assert task is not None
            await task
        assert downloads.counts.requests == 3
        await downloads.close()
