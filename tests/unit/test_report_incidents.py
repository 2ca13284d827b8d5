"""Which incidents belong to a window, and how a long list is read in pages."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streamwatch.errors import CommandFailed
from streamwatch.report.incidents import LIMIT, LOOKBACK, read_incidents
from streamwatch.report.progress import Steps
from streamwatch.report.window import window

START = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
END = START + timedelta(hours=4)
SPAN = window(START, END, 60, UTC)


class Receiver:
    """Answers as the API does: newest first, at most *limit*, opened from *since* on and before *until*."""

    def __init__(self, *incidents: tuple[datetime, datetime | None]) -> None:
        self.asked: list[str] = []
        self._incidents = [
            {
                "id": str(number),
                "opened_at": opened.isoformat(timespec="milliseconds"),
                "resolved_at": resolved and resolved.isoformat(timespec="milliseconds"),
                "exactly": opened,
            }
            for number, (opened, resolved) in enumerate(incidents, start=1)
        ]

    def __call__(self, path: str, params: Mapping[str, str | int]) -> Any:
        self.asked.append(path)
        if path != "/incidents":
            return {"id": path.removeprefix("/incidents/"), "timeline": []}
        assert params["stream"] == "demo"
        since, until = (datetime.fromisoformat(str(params[name])) for name in ("since", "until"))
        found = [each for each in reversed(self._incidents) if since <= each["exactly"] < until]  # type: ignore[operator]
        return {"incidents": found[: int(params["limit"])]}


def ids(receiver: Receiver) -> list[str]:
    return [each["id"] for each in read_incidents(receiver, "demo", SPAN, Steps())]


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("opened", "resolved", "belongs"),
    [
        (START, None, True),
        (END - SECOND, None, True),
        (END, None, False),
        (START - SECOND, None, True),
        (START - SECOND, START, True),
        (START - timedelta(hours=2), START - SECOND, False),
        (START - LOOKBACK, None, True),
        (START - LOOKBACK - SECOND, None, False),
    ],
)
def test_what_was_open_in_the_window_belongs_to_it(
    opened: datetime, resolved: datetime | None, belongs: bool
) -> None:
    """Also an incident that had opened before, unless it was over by then."""
    assert ids(Receiver((opened, resolved))) == (["1"] if belongs else [])


def test_the_oldest_comes_first_each_with_its_timeline() -> None:
    """The list is read once, then each incident by itself."""
    receiver = Receiver((START, None), (START + SECOND, None))
    found = read_incidents(receiver, "demo", SPAN, Steps())
    assert [(each["id"], each["timeline"]) for each in found] == [("1", []), ("2", [])]
    assert receiver.asked == ["/incidents", "/incidents/1", "/incidents/2"]


@pytest.mark.parametrize("count", [LIMIT - 1, LIMIT, LIMIT + 1, 2 * LIMIT + 5])
def test_a_long_list_is_read_to_its_end(count: int) -> None:
    """However many there are, each is there once, also where two opened within one millisecond."""
    receiver = Receiver(*((START + timedelta(microseconds=700 * number), None) for number in range(count)))
    assert ids(receiver) == [str(number) for number in range(1, count + 1)]


def test_more_at_one_moment_than_a_page_ends() -> None:
    """A list that never gets older ends, rather than being asked for for ever."""
    assert len(ids(Receiver(*([(START, None)] * (LIMIT + 5))))) == LIMIT


@pytest.mark.parametrize("answer", [None, [], {}, {"incidents": None}, {"incidents": [{}]}, {"incidents": ["x"]}])
def test_an_answer_that_is_not_the_api_is_one_sentence(answer: object) -> None:
    """Another server at that address is told apart, with the key to check."""
    with pytest.raises(CommandFailed, match=r"check public_url in duty\.yml"):
        read_incidents(lambda path, params: answer, "demo", SPAN, Steps())


def test_progress_counts_every_request() -> None:
    """The list is expected by who asks; every incident adds one."""
    steps = Steps()
    steps.expect(1)
    read_incidents(Receiver((START, None), (START + SECOND, None)), "demo", SPAN, steps)
    assert steps.expected == 3
