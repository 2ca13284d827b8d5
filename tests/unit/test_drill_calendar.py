"""The calendar of drills: what is due by what was held, in words, in duty.yml and in `streamwatch check`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from servers.duty_file import write_duty_file
from streamwatch.cli import group
from streamwatch.config import load
from streamwatch.errors import ConfigError
from streamwatch.watching.drill_calendar import Due, Held, Planned, dues, suggested
from streamwatch.watching.drill_notes import how, sentence

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WEEK = timedelta(weeks=1)
POWER = Planned("power", 26 * WEEK)


def due(planned: Planned, *held: Held) -> Due:
    (found,) = dues([planned], held)
    return found


def test_a_drill_is_due_its_period_after_it_was_held_last() -> None:
    """The latest of all counts, on whatever stream; to the moment."""
    found = due(POWER, Held("power", "all", NOW - 60 * WEEK), Held("power", "demo", NOW - 26 * WEEK))
    assert found.at == NOW
    assert found.is_overdue(NOW)
    assert not found.is_overdue(NOW - timedelta(seconds=1))


def test_what_was_never_held_is_due() -> None:
    """A drill of another fault is none of this one."""
    found = due(POWER, Held("fire", "all", NOW))
    assert (found.last, found.at) == (None, None)
    assert found.is_overdue(NOW)


def test_a_stream_that_is_named_needs_a_drill_of_its_own() -> None:
    """Held on one, it is still due on the other."""
    held = [Held("encoder_crash", "demo", NOW)]
    plan = [Planned("encoder_crash", WEEK, "demo"), Planned("encoder_crash", WEEK, "show")]
    assert [each.is_overdue(NOW) for each in dues(plan, held)] == [False, True]


def test_people_are_told_once_in_a_period() -> None:
    """Its name is the same all through, and another one in the next, also of what was never held."""
    found = due(POWER, Held("power", "all", NOW - 30 * WEEK))
    assert found.period(NOW) == found.period(NOW + 21 * WEEK)
    assert found.period(NOW) != found.period(NOW + 22 * WEEK)
    assert found.period(NOW) != due(POWER, Held("power", "all", NOW - 27 * WEEK)).period(NOW)
    assert due(POWER).period(NOW) == due(POWER).period(NOW + timedelta(minutes=5))
    assert due(POWER).period(NOW) != due(POWER).period(NOW + 26 * WEEK)


@pytest.mark.parametrize(
    ("held", "en", "zh"),
    [
        (
            [],
            "the drill 'power cut' was never held; it is planned every 26 weeks",
            "演练“停电”还没有做过，计划每 26 周一次",
        ),
        (
            [Held("power", "all", NOW - 27 * WEEK)],
            "is due: last held 2026-05-17",
            "到期了：上次 2026-05-17，每 26 周一次",
        ),
        ([Held("power", "all", NOW)], "is due on 2027-05-23", "下次 2027-05-23"),
    ],
)
def test_it_is_said_in_one_sentence(held: list[Held], en: str, zh: str) -> None:
    """Never, overdue, or ahead, with the dates."""
    words = sentence(due(POWER, *held), NOW)
    assert en in words.en
    assert zh in words.zh


@pytest.mark.parametrize(
    ("every", "en", "zh"),
    [
        (WEEK, "every week", "每 1 周"),
        (timedelta(days=10), "every 10 days", "每 10 天"),
        (WEEK / 7, "every day", "每 1 天"),
    ],
)
def test_how_often_is_said_as_it_is_planned(every: timedelta, en: str, zh: str) -> None:
    """In weeks where it is whole weeks; a fault by its name."""
    words = sentence(due(Planned("encoder_hang", every, "demo")), NOW)
    assert words.en == f"the drill 'encoder hangs' (demo) was never held; it is planned {en}"
    assert words.zh == f"演练“编码器卡死” (demo)还没有做过，计划{zh}一次"


def test_the_command_that_holds_it_is_named() -> None:
    """What people report is reported; everything else is broken."""
    assert how(POWER) == "streamwatch drill report power --by …"
    assert how(Planned("encoder_crash", WEEK, "demo")) == "streamwatch drill encoder_crash --stream demo"


def test_duty_yml_plans_drills(tmp_path: Path) -> None:
    """In weeks or days, on streams that are named or on any; suggested are a power cut and a fire, twice a year."""
    more = "drills: [{fault: power, every: 26w}, {fault: encoder_crash, every: 90d, streams: [demo, show]}]\n"
    config = load(write_duty_file(tmp_path, more))
    assert config.file.drill_calendar == (
        POWER,
        Planned("encoder_crash", timedelta(days=90), "demo"),
        Planned("encoder_crash", timedelta(days=90), "show"),
    )
    assert {(each.fault, each.every) for each in suggested()} == {("power", 26 * WEEK), ("fire", 26 * WEEK)}
    with pytest.raises(ConfigError, match=r"drills\.0\.every: write 1w"):
        load(write_duty_file(tmp_path, "drills: [{fault: power, every: quarterly}]\n"))


def test_check_warns_of_a_drill_that_nobody_can_hold(tmp_path: Path) -> None:
    """It would stay due for ever; the nearest names are told."""
    config = write_duty_file(tmp_path, "drills: [{fault: encoder_crush, every: 13w}, {fault: fire, every: 26w}]\n")
    environ = {"STREAMWATCH_LANG": "en"}
    told = CliRunner().invoke(group, ["check", "--syntax-only", str(config)], env=environ)
    assert told.exit_code == 0
    assert "there is no drill 'encoder_crush'; see encoder_crash" in told.output
    assert "'fire'" not in told.output
