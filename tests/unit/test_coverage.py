"""docs/coverage.md promises nothing that is not there: every place it names exists, every gap is named."""

import re
from typing import NamedTuple

import click
import pytest
import yaml

from servers.documented import HOME, http_calls, is_file_or_test, numbered_rows, places
from streamwatch.cli import group
from streamwatch.incidents.trigger import KINDS

MUST = {1, 3, 5, 6, 8, *range(10, 15), 16, 17, 19, 23, 24, 26, 28, 29, 30, 31, 33, 34, 35, *range(37, 44), 46, 47,
        *range(50, 55), 57, 58, 64, 75, 76, 80, 81, 82, 85, 86}  # fmt: skip
SHOULD = {2, 4, 7, 9, 15, 22, 32, 36, 44, 56, 62, 63, 65, 66, 69, 70, 78, 79, 84}


class Row(NamedTuple):
    number: int
    weight: str
    need: str
    state: str
    where: str
    lacks: str

    @property
    def places(self) -> list[str]:
        return places(self.where)


def rows() -> list[Row]:
    return [Row(int(number), *rest) for number, *rest in numbered_rows("coverage.md")]


def alerts() -> set[str]:
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in HOME.glob("alert_rules/*/rules.yml")]
    named = {rule.get("alert", "") for file in files for part in file["groups"] for rule in part["rules"]}
    return named | {"WatchdogSilent"}


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Every call of the receiver's HTTP face."""
    return http_calls(tmp_path_factory.mktemp("coverage"))


def is_command(words: list[str]) -> bool:
    """Whether `streamwatch words` can be typed: commands below commands, then a choice of the last one."""
    found: click.Command | None = group
    for word in words:
        if isinstance(found, click.Group):
            found = found.get_command(click.Context(found), word)
        elif word not in KINDS:
            return False
    return found is not None


def is_there(place: str, calls: set[str]) -> bool:
    if place.startswith("streamwatch "):
        return is_command(place.split()[1:])
    if re.match(r"(GET|POST|DELETE) /", place):
        return place in calls
    if place.startswith("streamwatch_"):
        return f"`{place}`" in (HOME / "exporters" / "README.md").read_text(encoding="utf-8")
    if re.fullmatch(r"([A-Z][a-z]+)+", place):
        return place in alerts()
    return is_file_or_test(place)


def test_every_row_that_was_asked_for_is_there_once() -> None:
    """Musts and shoulds; none is left out because it is not done."""
    numbers = {weight: [row.number for row in rows() if row.weight == weight] for weight in ("M", "S")}
    assert numbers == {"M": sorted(MUST), "S": sorted(SHOULD)}


@pytest.mark.parametrize("row", rows(), ids=lambda row: str(row.number))
def test_every_place_exists(row: Row, calls: set[str]) -> None:
    """Files, tests, commands, calls, alerts, metrics; a word in code that is none of them is a mistake."""
    assert [place for place in row.places if not is_there(place, calls)] == []


@pytest.mark.parametrize("row", rows(), ids=lambda row: str(row.number))
def test_a_state_has_its_reason(row: Row) -> None:
    """What is met is shown by a test; what is not says what lacks, or has nothing at all to show."""
    assert row.state in ("met", "partly", "not yet")
    tests = [place for place in row.places if place.startswith("tests/")]
    if row.state == "met":
        assert tests
    if row.state == "partly":
        assert (bool(row.places), bool(row.lacks)) == (True, True)
    if row.state == "not yet":
        assert not tests


@pytest.mark.parametrize(
    "place",
    ["src/nowhere.py", "tests/unit/test_coverage.py::test_nothing", "streamwatch fly", "streamwatch trigger flood",
     "GET /nowhere", "NoSuchAlert", "streamwatch_nothing", "word"],
)  # fmt: skip
def test_a_place_that_is_not_there_is_noticed(place: str, calls: set[str]) -> None:
    """Else this file would show nothing."""
    assert not is_there(place, calls)
