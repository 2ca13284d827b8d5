"""docs/ways_to_lose_a_page.md: each of the twenty ways has a test that is there."""

import pytest

from servers.documented import HOME, is_file_or_test, numbered_rows, places

DOCUMENT = "ways_to_lose_a_page.md"
ROWS = numbered_rows(DOCUMENT)


def test_all_twenty_are_there_once() -> None:
    """In their order."""
    assert [int(number) for number, *_ in ROWS] == list(range(1, 21))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row[0]))
def test_each_way_names_tests_that_exist(row: list[str]) -> None:
    """One at least, each as a file and the name of a test in it."""
    _, way, what_we_do, tests = row
    assert way
    assert what_we_do
    named = places(tests)
    assert named
    assert [test for test in named if not (test.startswith("tests/") and "::test_" in test)] == []
    assert [test for test in named if not is_file_or_test(test)] == []


def test_what_stands_beside_the_table_exists_too() -> None:
    """The sentences above and below it name tests as well."""
    text = (HOME / "docs" / DOCUMENT).read_text(encoding="utf-8")
    named = [place for place in places(text) if place.startswith("tests/")]
    assert [place for place in named if not is_file_or_test(place)] == []


def test_a_test_that_is_not_there_is_noticed() -> None:
    """Else this file would show nothing."""
    assert not is_file_or_test("tests/unit/test_ways_to_lose_a_page.py::test_nothing")
    assert not is_file_or_test("tests/unit/test_nowhere.py::test_nothing")
