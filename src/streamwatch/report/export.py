"""An export from question to files: Prometheus and the receiver are asked, the answers become texts."""

import json
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Literal

from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.report.csv_text import incidents_csv, table_csv
from streamwatch.report.document import document
from streamwatch.report.files import file_stem, write
from streamwatch.report.incidents import Ask, Incident, read_incidents
from streamwatch.report.prometheus import Prometheus
from streamwatch.report.series import SERIES
from streamwatch.report.table import Column, Table, columns
from streamwatch.report.ticks import Ticks
from streamwatch.report.window import Window

Form = Literal["csv", "json", "all"]

_NAMED = 10  # streams that an error names


@dataclass(frozen=True)
class Export:
    """What was found. Times are written in *zone*."""

    table: Table
    incidents: list[Incident]
    zone: tzinfo

    def texts(self, form: Form) -> dict[str, str]:
        """The files by name."""
        stem = file_stem(self.table, self.zone)
        texts = {}
        if form != "json":
            texts[f"{stem}.csv"] = table_csv(self.table, self.zone)
        if form != "csv":
            whole = document(self.table, self.incidents, self.zone)
            texts[f"{stem}.json"] = json.dumps(whole, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
        if form != "json":
            texts[f"{stem}_incidents.csv"] = incidents_csv(self.incidents)
        return texts

    def write(self, folder: Path, form: Form) -> list[Path]:
        return write(folder, self.texts(form))


def export(prometheus: Prometheus, ask: Ask, stream: str, window: Window, zone: tzinfo, steps: Ticks) -> Export:
    """Raises `CommandFailed` when a server does not answer, and when nobody knows anything of *stream* there."""
    table = read_table(prometheus, stream, window, steps)
    steps.expect(1)
    incidents = read_incidents(ask, stream, window, steps)
    if not table.seen and not incidents:
        raise CommandFailed(unknown_stream(stream, window, zone, prometheus.streams(window)))
    return Export(table, incidents, zone)


def read_table(prometheus: Prometheus | None, stream: str, window: Window, steps: Ticks) -> Table:
    """Without Prometheus nothing in it is known. Raises `CommandFailed` when it does not answer."""
    found: list[Column] = []
    steps.expect(len(SERIES) * len(list(window.queries())))
    for series in SERIES:
        query = series.promql(stream, window.step)
        tracks = prometheus.range(query, window, steps.done) if prometheus else []
        found += columns(series, tracks, stream, window)
    return Table(stream, window, tuple(found))


def unknown_stream(stream: str, window: Window, zone: tzinfo, known: list[str]) -> Text:
    """The sentence for whoever named one that nobody knows. *known* are those that were seen then."""
    start, end = (f"{at.astimezone(zone):%Y-%m-%d %H:%M}" for at in (window.start, window.end))
    listed = " ".join(known[:_NAMED]) + (" …" if len(known) > _NAMED else "")
    if listed:
        named = Text(f"当时有数据的直播间：{listed}", f"streams seen then: {listed}")
    else:
        named = Text("当时没有任何直播间的数据", "no stream was seen then")
    return Text(
        f"直播间“{stream}”从 {start} 到 {end} 没有数据，也没有事件；{named.zh}。",
        f"there is no data and no incident of stream '{stream}' from {start} to {end}; {named.en}.",
    )
