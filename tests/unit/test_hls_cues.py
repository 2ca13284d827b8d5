"""Ad breaks, as packagers mark them."""

import base64

import pytest

from streamwatch_exporters.hls_cues import AdBreak, AdRange, Cue, inside_range
from streamwatch_exporters.hls_playlist import MediaPlaylist, read_playlist

OUT_30, IN, CONT = Cue("out", 30.0), Cue("in"), Cue("cont")


def splice(*, out: bool, command: int = 5) -> str:
    """A splice_info_section with a splice_insert."""
    section = bytearray(30)
    section[0], section[13], section[19] = 0xFC, command, 0x80 if out else 0
    return base64.b64encode(section).decode()


def read(tags: str) -> MediaPlaylist:
    playlist = read_playlist(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n{tags}\n#EXTINF:2,\na.ts\n".encode())
    assert isinstance(playlist, MediaPlaylist)
    return playlist


@pytest.mark.parametrize(
    ("tags", "cues"),
    [
        ("#EXT-X-CUE-OUT:30", (OUT_30,)),
        ("#EXT-X-CUE-OUT:DURATION=30.0", (OUT_30,)),
        ('#EXT-X-CUE-OUT:ID="7",Duration="30"', (OUT_30,)),
        ("#EXT-X-CUE-OUT", (Cue("out"),)),
        ("#EXT-X-CUE-OUT:soon", (Cue("out"),)),
        ("#EXT-X-CUE-OUT-CONT:8/30", (CONT,)),
        ("#EXT-X-CUE-OUT-CONT:ElapsedTime=8,Duration=30,SCTE35=/DAl==", (CONT,)),
        ("#EXT-X-CUE-IN\n#EXT-X-CUE-OUT:30", (IN, OUT_30)),
        (f"#EXT-OATCLS-SCTE35:{splice(out=True)}\n#EXT-X-CUE-OUT:30", (OUT_30,)),
        (f"#EXT-OATCLS-SCTE35:{splice(out=True)}", (Cue("out"),)),
        (f"#EXT-OATCLS-SCTE35:{splice(out=False)}", (IN,)),
        (f"#EXT-OATCLS-SCTE35:{splice(out=True, command=6)}", ()),
        ("#EXT-OATCLS-SCTE35:not base 64", ()),
        ("#EXT-OATCLS-SCTE35:/DA=", ()),
        ("#EXT-X-CUE-SHEET:1", ()),
    ],
)
def test_cue_tags_are_read(tags: str, cues: tuple[Cue, ...]) -> None:
    """In front of the segment that they stand before; OATCLS counts only when it stands alone."""
    assert read(tags).segments[0].cues == cues


def test_a_date_range_with_scte_35_is_an_ad_range() -> None:
    """Others are about something else."""
    start = 'START-DATE="2026-11-22T12:00:00Z"'
    tags = f'#EXT-X-DATERANGE:ID="7",{start},PLANNED-DURATION=30,SCTE35-OUT=0xFC\n#EXT-X-DATERANGE:ID="8",{start}'
    assert read(tags).ad_ranges == (AdRange("7", "out", 1795348800.0, 1795348830.0),)


def follow(*steps: tuple[Cue, ...], seconds: float = 2.0) -> tuple[bool | None, int]:
    """Whether one is inside a break after these segments, and how often they contradicted each other."""
    ad_break = AdBreak()
    unpaired = sum(ad_break.take(cues, seconds) for cues in steps)
    return ad_break.inside, unpaired


@pytest.mark.parametrize(
    ("steps", "inside", "unpaired"),
    [
        ([(), ()], None, 0),
        ([(OUT_30,), (CONT,)], True, 0),
        ([(OUT_30,), (CONT,), (IN,)], False, 0),
        ([(CONT,)], True, 0),
        ([(IN,)], False, 0),
        ([(OUT_30,), (IN, OUT_30)], True, 0),
        ([(OUT_30,), (OUT_30,)], True, 1),
        ([(OUT_30,), (IN,), (IN,)], False, 1),
        ([(CONT,), (OUT_30,)], True, 1),
    ],
    ids=["none", "out", "in", "joined inside", "joined at its end", "back to back", "twice", "two ends", "in one"],
)
def test_breaks_begin_and_end(steps: list[tuple[Cue, ...]], inside: bool | None, unpaired: int) -> None:
    """What was before the first cue is not known, hence contradicts nothing."""
    assert follow(*steps) == (inside, unpaired)


def test_a_break_that_outlasts_what_it_announced_is_over_and_counted_once() -> None:
    """Ten seconds late; when its end comes after all, that is no second one."""
    silent: list[tuple[Cue, ...]] = [()] * 20
    assert follow((OUT_30,), *silent[:18]) == (True, 0)
    assert follow((OUT_30,), *silent) == (False, 1)
    assert follow((OUT_30,), *silent, (IN,)) == (False, 1)
    assert follow((Cue("out"),), *silent * 9) == (True, 0)


RANGE = AdRange("7", "out", 100.0, 130.0)


@pytest.mark.parametrize(
    ("ranges", "at", "inside"),
    [
        ([], 110.0, None),
        ([RANGE], None, None),
        ([RANGE], 99.0, False),
        ([RANGE], 100.0, True),
        ([RANGE], 130.0, False),
        ([AdRange("7", "out", 100.0)], 900.0, True),
        ([AdRange("7", "out", 100.0), AdRange("7", "in", 100.0, 120.0)], 110.0, True),
        ([AdRange("7", "out", 100.0), AdRange("7", "in", 100.0, 120.0)], 120.0, False),
        ([AdRange("7", "out", 100.0), AdRange("8", "in")], 110.0, True),
        ([AdRange("7", "out")], 110.0, False),
    ],
)
def test_a_range_is_active_between_its_dates(ranges: list[AdRange], at: float | None, inside: bool | None) -> None:
    """It may be announced long before; without dates of the playlist nothing can be told."""
    assert inside_range(ranges, at) is inside
