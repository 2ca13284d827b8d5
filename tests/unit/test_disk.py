"""Whether a recording grows, from sizes and times alone."""

import pytest
from pydantic import ValidationError

from streamwatch_exporters.disk import DiskSettings
from streamwatch_exporters.disk_growth import Growth, Recording

WALL = 1_760_000_000.0


def recording(size: int, changed_at: float = WALL, inode: int = 1) -> Recording:
    return Recording((1, inode), size, changed_at)


def test_a_growing_file_has_a_rate_and_no_age() -> None:
    """Bytes per second between two looks; the first look knows none."""
    growth = Growth()
    growth.note(recording(1_000), 10.0, WALL)
    assert growth.rate is None
    growth.note(recording(6_000), 12.0, WALL + 2)
    assert growth.rate == 2_500
    assert growth.age == 0


def test_a_file_that_stands_still_gets_older() -> None:
    """The rate is 0, which is known, and the age goes on."""
    growth = Growth()
    growth.note(recording(1_000), 10.0, WALL)
    growth.note(recording(2_000), 11.0, WALL + 1)
    growth.note(recording(2_000), 15.0, WALL + 5)
    assert growth.rate == 0
    assert growth.age == 4


def test_the_first_look_takes_the_age_from_the_file() -> None:
    """A recording that ended an hour ago did so before the exporter started."""
    growth = Growth()
    growth.note(recording(1_000, WALL - 3600), 10.0, WALL)
    assert growth.age == 3600


def test_a_file_of_tomorrow_is_not_of_a_negative_age() -> None:
    """File servers have clocks of their own."""
    growth = Growth()
    growth.note(recording(1_000, WALL + 3600), 10.0, WALL)
    assert growth.age == 0


def test_the_next_file_of_a_split_recording_is_growth() -> None:
    """Between two files there is no rate; the age does not begin to count."""
    growth = Growth()
    growth.note(recording(1_000_000), 10.0, WALL)
    growth.note(recording(500, WALL + 1, inode=2), 11.0, WALL + 1)
    assert growth.rate is None
    assert growth.age == 0


def test_an_old_file_that_is_the_newest_again_did_not_grow() -> None:
    """Somebody deleted the newest one."""
    growth = Growth()
    growth.note(recording(1_000), 10.0, WALL)
    growth.note(recording(9_000, WALL - 7200, inode=2), 20.0, WALL + 10)
    assert growth.age == 10


def test_an_empty_new_file_is_no_growth_yet() -> None:
    """A recorder that opens files and writes nothing is stalled."""
    growth = Growth()
    growth.note(recording(1_000), 10.0, WALL)
    growth.note(recording(0, WALL + 5, inode=2), 15.0, WALL + 5)
    assert growth.age == 5


def test_a_file_that_is_begun_anew_does_not_shrink_below_zero() -> None:
    """Truncated: no growth, no negative rate."""
    growth = Growth()
    growth.note(recording(1_000), 10.0, WALL)
    growth.note(recording(10), 12.0, WALL + 2)
    assert growth.rate == 0


def test_without_a_recording_nothing_is_known() -> None:
    """And what was known before is forgotten."""
    growth = Growth()
    growth.note(recording(1_000), 10.0, WALL)
    growth.note(recording(2_000), 11.0, WALL + 1)
    growth.note(None, 12.0, WALL + 2)
    assert growth.rate is None
    assert growth.age is None


@pytest.mark.parametrize("pattern", ["", "/etc/*", "../*", "a/../../*", "**x", "a\0b"])
def test_a_pattern_stays_below_its_folder(pattern: str) -> None:
    """Whatever else is refused with the file's other mistakes."""
    with pytest.raises(ValidationError):
        DiskSettings.model_validate({"path": "/srv", "recording_glob": pattern})


@pytest.mark.parametrize("pattern", ["*.mkv", "**/*.mp4", "2026-*/cam ?.flv"])
def test_patterns_that_recorders_need_are_taken(pattern: str) -> None:
    """Also those with folders below."""
    settings = DiskSettings.model_validate({"path": "/srv", "recording_glob": pattern})
    assert settings.recording_glob == pattern
