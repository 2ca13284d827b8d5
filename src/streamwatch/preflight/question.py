"""What Prometheus is asked for a check, and its answer as checks read it. Pure."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from streamwatch.duty import Session
from streamwatch.preflight.check import Result

# Without a session nobody knows how long it will be: as long as a long evening.
USUAL_LENGTH = timedelta(hours=4)


class Sample(NamedTuple):
    labels: Mapping[str, str]
    value: float


class Answers(dict[str, tuple[Sample, ...]]):
    """The samples of each question by its name. None of them is no value, never 0."""

    def value(self, name: str) -> float | None:
        """Of a question that has one answer at most."""
        found = self.get(name, ())
        return found[0].value if found else None

    def labels(self, name: str, label: str) -> list[str]:
        return sorted({each.labels.get(label, "") for each in self.get(name, ())})


@dataclass(frozen=True)
class Plan:
    """What is about to be aired: *session* is None where the calendar has none."""

    stream: str
    at: datetime
    session: Session | None = None

    @property
    def ends(self) -> datetime:
        return self.session.air.end if self.session else self.at + USUAL_LENGTH

    @property
    def seconds_left(self) -> float:
        """From now, or from its start where that lies ahead, to its end."""
        begins = max(self.at, self.session.air.start) if self.session else self.at
        return max(0.0, (self.ends - begins).total_seconds())


Judge = Callable[[Answers, Plan], Result]


class Check(NamedTuple):
    """*asked* are PromQL by their names; in them `$stream` is the stream, `$hosts` the hosts on its way."""

    key: str
    asked: Mapping[str, str]
    judge: Judge


_DOWN = 'on () (min(up{job="streamwatch-exporter"}) == 0)'


def promql(expression: str, stream: str) -> str:
    """The expression for *stream*, whatever characters its name has."""
    whole = expression.replace("$hosts", f"({HOSTS})")
    return whole.replace("$stream", json.dumps(stream, ensure_ascii=False))


def set_up(selector: str) -> str:
    """Whether probes of *selector* are configured: they count their runs from the start, long before they succeed.

    While an exporter cannot be scraped, what it counted within a day stands for it.
    """
    runs = f"streamwatch_probe_runs_total{{{selector}}}"
    return f"{runs} or (last_over_time({runs}[1d]) and {_DOWN})"


def on_way(expression: str, label: str = "server") -> str:
    """Of hosts on the way of the stream, by `host`; *label* is where *expression* has the host."""
    named = expression if label == "host" else f'label_replace({expression}, "host", "$1", "{label}", "(.+)")'
    return f"min by (host) ({named}) and on (host) $hosts"


def lately(metric: str) -> str:
    """*metric* now, or within a day while an exporter cannot be scraped."""
    return f"{metric} or (last_over_time({metric}[1d]) and {_DOWN})"


# A host that names no stream serves all of them.
_INFO = ("streamwatch_host_info{stream=$stream}", 'streamwatch_host_info{stream=""}')
HOSTS = f"group by (host, place) ({' or '.join(map(lately, _INFO))})"


def listed(names: list[str], most: int = 4) -> str:
    """At most so many of *names*, and how many more."""
    more = f" +{len(names) - most}" if len(names) > most else ""
    return ", ".join(names[:most]) + more
