"""What goes on at each stream, for rules that must know it: a black picture before the show is no fault."""

from collections.abc import Callable, Iterable
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streamwatch.duty import PHASES, DutyBook, Show, shows


class SessionCollector(Collector):
    """Asks the duty book at scrape time. A stream without any session has no series: nothing is known of it."""

    def __init__(self, book: Callable[[], DutyBook], clock: Callable[[], datetime]) -> None:
        self._book = book
        self._clock = clock

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        found = list(shows(self._book(), self._clock()))
        phases = GaugeMetricFamily(
            "streamwatch_session_phase", "1 for the phase a stream's show is in.", labels=("stream", "phase")
        )
        for show in found:
            for phase in PHASES:
                phases.add_metric((show.stream, phase), float(show.phase == phase))
        yield phases
        yield _by_stream(
            "streamwatch_session_expected_viewers",
            "Viewers expected of the session that runs; absent when nobody said.",
            found,
            lambda show: show.expected_viewers,
        )
        yield _by_stream(
            "streamwatch_session_planned_slate",
            "1 while the picture stands still as planned.",
            found,
            lambda show: show.planned_slate,
        )
        yield _by_stream(
            "streamwatch_session_planned_silence",
            "1 while there is no sound as planned.",
            found,
            lambda show: show.planned_silence,
        )
        yield _by_stream(
            "streamwatch_session_segment",
            "Number of the segment of the rundown that is on, from 1; 0 between two; absent without a rundown.",
            found,
            lambda show: show.segment,
        )


def _by_stream(
    name: str, text: str, found: Iterable[Show], value: Callable[[Show], float | None]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=("stream",))
    for show in found:
        if (known := value(show)) is not None:
            family.add_metric((show.stream,), float(known))
    return family
