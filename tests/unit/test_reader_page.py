"""Probes that share the name of a metric give one family on the page."""

from collections import Counter

from servers.hand_clock import HandClock
from streamwatch_exporters.families import FAMILIES
from streamwatch_exporters.page import page_of
from streamwatch_exporters.reader_metrics import HANDSHAKE


def test_no_family_stands_twice_on_the_page_of_all_probes() -> None:
    """Prometheus takes a name once."""
    clock = HandClock().clock
    lines = page_of([make(clock) for make in FAMILIES.values()]).decode().splitlines()
    types = Counter(line.split()[2] for line in lines if line.startswith("# TYPE"))
    assert types["streamwatch_reader_handshake_seconds"] == 1
    assert types.most_common(1)[0][1] == 1


def test_samples_of_two_families_stand_together_and_are_not_kept() -> None:
    """However often the page is made."""

    class Telling:
        def __init__(self, protocol: str) -> None:
            self.family = HANDSHAKE.family("stream")
            self.family.add_metric(["a", protocol], 1)

        def collect(self) -> list[object]:
            return [self.family]

    tellers = [Telling("rtmp"), Telling("srt")]
    for _ in range(2):
        lines = page_of(tellers).decode().splitlines()  # type: ignore[arg-type]
        assert lines[2:] == [
            'streamwatch_reader_handshake_seconds{protocol="rtmp",stream="a"} 1.0',
            'streamwatch_reader_handshake_seconds{protocol="srt",stream="a"} 1.0',
        ]
