"""A DASH manifest read into facts: what players take is taken, and what is not safe or not one is refused."""

import time

import pytest

from streamwatch_exporters.dash_identity import named
from streamwatch_exporters.dash_manifest import Break, Manifest, Representation, Run
from streamwatch_exporters.dash_reading import MAX_REPRESENTATIONS, read_manifest
from streamwatch_exporters.dash_values import duration, instant
from streamwatch_exporters.dash_windows import Window, fill, live, of_period
from streamwatch_exporters.probe import ProbeFailed

BEGAN = 'availabilityStartTime="1970-01-01T00:00:00Z"'


def manifest(periods: str, attributes: str = BEGAN) -> Manifest:
    return read_manifest(
        f'<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic" {attributes}>{periods}</MPD>'.encode()
    )


def period(template: str, attributes: str = 'id="a" start="PT0S"', *, representation: str = "") -> str:
    inner = representation or '<Representation id="v" bandwidth="800000" width="640" height="360"/>'
    return f"<Period {attributes}><AdaptationSet contentType='video'>{template}{inner}</AdaptationSet></Period>"


def timeline(entries: str, attributes: str = "") -> str:
    head = f'<SegmentTemplate timescale="10" media="$Time$.m4s" {attributes}>'
    return f"{head}<SegmentTimeline>{entries}</SegmentTimeline></SegmentTemplate>"


def only(read: Manifest, elapsed: float | None = 1000.0) -> Window:
    found = live(read, elapsed)
    assert found is not None
    (window,) = found.windows.values()
    return window


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT2S", 2),
        ("PT0.5S", 0.5),
        ("P1DT1H1M1.5S", 90061.5),
        ("PT500S", 500),
        (" PT1M ", 60),
        ("P", None),
        ("PT", None),
        ("-PT1S", None),
        ("2", None),
        ("PT" + "9" * 400 + "S", None),
        (None, None),
    ],
)
def test_a_duration_is_seconds_or_unknown(text: str | None, seconds: float | None) -> None:
    """xs:duration."""
    assert duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "unix"),
    [
        ("1970-01-01T00:00:10Z", 10),
        ("1970-01-01T00:00:10", 10),
        ("1970-01-01T08:00:10.250+08:00", 10.25),
        ("1970-01-01T00:00:10.123456789Z", 10.123456),
        ("yesterday", None),
        ("1970-13-01T00:00:00Z", None),
    ],
)
def test_an_instant_is_unix_time_or_unknown(text: str, unix: float | None) -> None:
    """xs:dateTime; without a zone it is UTC."""
    assert instant(text) == unix


def test_the_attributes_of_a_live_manifest_are_read() -> None:
    """Each in its unit."""
    read = manifest(
        '<Location>http://b/x.mpd</Location><UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/t"/>',
        f'{BEGAN} publishTime="1970-01-01T01:00:00Z" minimumUpdatePeriod="PT2S" timeShiftBufferDepth="PT30S"'
        ' maxSegmentDuration="PT2.5S"',
    )
    assert (read.dynamic, read.available_from, read.published) == (True, 0.0, 3600.0)
    assert (read.update_period, read.depth, read.longest_segment) == (2.0, 30.0, 2.5)
    assert read.location == "http://b/x.mpd"
    assert [timing.scheme for timing in read.timings] == ["http-iso"]


def test_a_timeline_ends_after_its_last_segment() -> None:
    """Repeats, starts that follow from what is before, presentationTimeOffset and the start of the period."""
    template = timeline('<S t="100" d="20" r="2"/><S d="30"/>', 'presentationTimeOffset="100" startNumber="7"')
    window = only(manifest(period(template, 'id="a" start="PT50S"')))
    assert (window.start, window.end, window.segments, window.longest) == (50.0, 59.0, 4, 3.0)
    assert (window.newest.reference, window.newest.duration) == ("160.m4s", 3.0)
    assert window.told


def test_a_gap_and_an_overlap_of_a_timeline_are_found_and_rounding_is_none() -> None:
    """Where neighbours are apart by more than a tenth of a second."""
    read = manifest(period(timeline('<S t="0" d="20"/><S t="21" d="20"/><S t="60" d="20"/><S t="70" d="20"/>')))
    said = read.periods[0].representations[0].addressing
    assert said is not None
    assert said.timeline is not None
    assert said.timeline.breaks == (Break(60, 19), Break(70, -10))
    assert only(read).breaks == ((6.0, 1.9), (7.0, -1.0))


def test_a_run_without_end_goes_to_the_next_entry_or_until_now() -> None:
    """r=-1; the segment before the newest is asked for, as players keep away from the edge."""
    read = manifest(period(timeline('<S t="0" d="20" r="-1"/><S t="100" d="10" r="-1"/>')))
    said = read.periods[0].representations[0].addressing
    assert said is not None
    assert said.timeline is not None
    assert (said.timeline.last, said.timeline.before) == (Run(100, 10, None), 5)
    window = only(read, elapsed=20.5)
    assert (window.told, window.end, window.newest.reference) == (False, 19.0, "180.m4s")
    ended = only(
        manifest(period(timeline('<S t="0" d="20" r="-1"/>'), 'id="a" start="PT0S" duration="PT9S"')), 100.0
    )
    assert (ended.segments, ended.newest.reference) == (5, "80.m4s")


def test_two_thousand_million_repeats_cost_nothing() -> None:
    """Runs are never unrolled."""
    started = time.process_time()
    window = only(manifest(period(timeline('<S t="0" d="1" r="2000000000"/>'))))
    assert window.segments == 2_000_000_001
    assert time.process_time() - started < 0.5


def test_a_template_without_a_timeline_follows_the_clock() -> None:
    """$Number$ and duration: nothing says that a segment is there, hence it is not told."""
    template = '<SegmentTemplate timescale="10" duration="20" startNumber="5" media="$Number%03d$.m4s"/>'
    window = only(manifest(period(template, 'id="a" start="PT100S"')), elapsed=111.0)
    assert (window.told, window.end, window.newest.reference) == (False, 108.0, "008.m4s")
    assert of_period(manifest(period(template)).periods[0], 1.0)[1] == {}
    assert of_period(manifest(period(template)).periods[0], None)[1] == {}


def test_a_segment_list_begins_with_its_period() -> None:
    """With addresses and ranges of bytes."""
    urls = '<SegmentURL media="a.mp4" mediaRange="0-99"/><SegmentURL media="a.mp4" mediaRange="100-299"/>'
    window = only(
        manifest(period(f'<SegmentList timescale="10" duration="20">{urls}</SegmentList>', 'start="PT4S"'))
    )
    assert (window.start, window.end, window.told) == (4.0, 8.0, True)
    assert (window.newest.reference, window.newest.byte_range) == ("a.mp4", (100, 299))


def test_what_stands_further_in_is_said_of_the_representation() -> None:
    """Addresses add up, and attributes of templates are replaced one by one."""
    template = '<SegmentTemplate media="$RepresentationID$/$Bandwidth$-$Number$$$.m4s" startNumber="3"/>'
    inner = f"<BaseURL>v/</BaseURL>{template}"
    representation = f'<Representation id="hi" bandwidth="9">{inner}</Representation>'
    text = period(timeline('<S t="0" d="10" r="4"/>', 'startNumber="1"'), representation=representation)
    newest = only(manifest(f"<BaseURL>http://cdn/live/</BaseURL>{text}")).newest
    assert newest.bases == ("http://cdn/live/", "v/")
    assert newest.reference == "hi/9-7$.m4s"


def test_a_template_cannot_ask_for_a_number_of_a_thousand_million_digits() -> None:
    """A width of more than two digits is no identifier."""
    template = "$Number%0999999999d$.m4s"
    assert fill(template, Representation("v", "video"), 1, 1) == template


def test_periods_follow_each_other_and_the_one_that_has_begun_is_live() -> None:
    """Starts follow from durations; what only was announced is not on yet; an empty one is passed over."""
    entries = timeline('<S t="0" d="20" r="2"/>')
    read = manifest(
        period(entries, 'id="a" duration="PT6S"')
        + period(entries, 'id="b"')
        + period(timeline(""), 'id="c" start="PT900S"')
        + period(entries, 'id="d" start="PT2000S"')
    )
    assert [(each.key, each.start, each.end) for each in read.periods] == [
        ("a", 0.0, 6.0),
        ("b", 6.0, 900.0),
        ("c", 900.0, 2000.0),
        ("d", 2000.0, None),
    ]
    found = live(read, 1000.0)
    assert found is not None
    assert found.period.key == "b"
    assert found.before is not None
    assert found.before.key == "a"


def test_representations_are_named_by_what_they_are() -> None:
    """Where names meet, codecs and language tell them apart, then their order."""
    listed = [
        Representation("1", "video", 800, "640x360", codecs="avc1"),
        Representation("2", "audio", 64, codecs="mp4a", language="zh"),
        Representation("3", "audio", 64, codecs="mp4a", language="en"),
        Representation("4", "audio", 64, codecs="mp4a", language="en"),
    ]
    assert list(named(listed)) == ["640x360@800", "audio@64/mp4a/zh", "audio@64/mp4a/en", "audio@64/mp4a/en#2"]


def test_more_representations_than_anybody_has_are_left_out() -> None:
    """Each would become series and downloads."""
    many = "".join(f'<Representation id="{i}" bandwidth="{i}"/>' for i in range(500))
    read = manifest(period(timeline('<S t="0" d="20"/>'), representation=many))
    assert len(read.periods[0].representations) == MAX_REPRESENTATIONS


def listing(entries: str) -> bytes:
    return f"<MPD>{period(timeline(entries))}</MPD>".encode()


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE MPD [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><MPD>&c;</MPD>'
)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "parse"),
        (b"#EXTM3U\n", "parse"),
        (b"<!doctype html><h1>Welcome</h1>", "parse"),
        (b"<html/>", "parse"),
        (b"<MPD><Period></MPD>", "parse"),
        (b"\xff\xfe\x00<MPD/>", "parse"),
        (b"<?xml version='1.0' encoding='no-such'?><MPD/>", "parse"),
        (BOMB.encode(), "parse"),
        (b'<!DOCTYPE MPD SYSTEM "http://127.0.0.1/x.dtd"><MPD/>', "parse"),
        (b"<MPD>" + b"<a/>" * 200_000 + b"</MPD>", "too_large"),
        (b"<a>" * 1_000_000, "too_large"),
        (b"<a>" * 1_000, "too_large"),
        (b"<MPD " + b" ".join(b'a%d=""' % i for i in range(100_000)) + b"/>", "too_large"),
        (listing('<S t="0" d="0"/>'), "parse"),
        (listing('<S t="0"/>'), "parse"),
        (listing('<S t="x" d="1"/>'), "parse"),
        (listing(f'<S t="{"9" * 5000}" d="1"/>'), "parse"),
        (listing(f'<S t="{"9" * 30}" d="1"/>'), "parse"),
        (listing('<S d="1" r="-1"/><S d="1"/>'), "parse"),
        (f"<MPD><BaseURL>{'x' * 10_000}</BaseURL></MPD>".encode(), "parse"),
    ],
)  # fmt: skip
def test_what_is_no_manifest_or_not_safe_is_refused_at_once(body: bytes, reason: str) -> None:
    """With a reason, and without the content in the text."""
    started = time.process_time()
    with pytest.raises(ProbeFailed) as refused:
        read_manifest(body)
    assert refused.value.reason == reason
    assert "127.0.0.1" not in str(refused.value)
    assert time.process_time() - started < 5


def test_a_timeline_that_many_share_is_read_once() -> None:
    """Sixty-four representations below one template of twenty thousand entries take no longer than one."""
    entries = "".join(f'<S t="{i * 20}" d="20"/>' for i in range(20_000))
    many = "".join(f'<Representation id="{i}" bandwidth="{i}"/>' for i in range(64))
    read = manifest(period(timeline(entries), representation=many))
    timelines = {id(each.addressing.timeline) for each in read.periods[0].representations if each.addressing}
    assert len(timelines) == 1
