"""`streamwatch export`: the record of a stream as files, for the review."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from streamwatch.cli.api import config_option, json_option, moment, named_prometheus, open_api
from streamwatch.cli.record import asking, prometheus_option, stream_id
from streamwatch.language import Text, reader_language
from streamwatch.report.export import Export, Form, export
from streamwatch.report.progress import Steps
from streamwatch.report.prometheus import Prometheus
from streamwatch.report.window import window


@click.command("export")
@click.option("--stream", type=stream_id, metavar="ID", required=True, help="直播间。The stream.")
@click.option(
    "--from", "start", type=moment, metavar="TIME", required=True, help="从何时起，按配置的时区。First moment."
)
@click.option(
    "--to", "end", type=moment, metavar="TIME", required=True, help="到何时止。Last moment, in duty.yml's zone."
)
@config_option
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="config/ 所在目录，默认当前目录。The folder that config/ lies in.",
)
@prometheus_option
@click.option(
    "--step",
    type=click.IntRange(5, 86_400),
    default=60,
    show_default=True,
    help="每行多少秒。Seconds for each row.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="写到哪个目录，默认当前目录。Folder to write to.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "json", "all"]),
    default="all",
    show_default=True,
    help="写哪些文件。Which files.",
)
@json_option
def command(
    stream: str,
    start: datetime,
    end: datetime,
    path: Path | None,
    home: Path | None,
    address: str | None,
    step: int,
    output: Path,
    form: Form,
    as_json: bool,
) -> None:
    """Write what happened on a stream as CSV and JSON. 导出直播数据与事件，供复盘使用。

    Example 例：streamwatch export --stream demo --from 2026-11-22T19:00 --to 2026-11-22T23:30
    """
    known, api = open_api(path or (home and _config_of(home)))
    span = window(known.aware(start), known.aware(end), step, known.zone)
    with Prometheus(address or named_prometheus(known.prometheus)) as prometheus, Steps() as steps:
        done = export(prometheus, asking(api), stream, span, known.zone, steps)
    files = done.write(output, form)
    click.echo(json.dumps(_told(done, files), ensure_ascii=False) if as_json else _words(done, files))


def _config_of(home: Path) -> Path:
    """The configuration that a demo in *home* runs by; else the one that lies there."""
    running = home / ".streamwatch" / "config" / "duty.yml"
    return running if running.is_file() else home / "config" / "duty.yml"


def _told(done: Export, files: list[Path]) -> dict[str, Any]:
    table = done.table
    return {
        "stream": table.stream,
        "files": [str(path) for path in files],
        "rows": table.window.rows,
        "coverage": round(table.coverage, 4),
        "coverage_by_column": {column.key: round(column.coverage, 4) for column in table.columns},
        "incidents": len(done.incidents),
    }


def _words(done: Export, files: list[Path]) -> str:
    language, table = reader_language(), done.table
    line = Text(
        "{rows} 行，数据覆盖率 {coverage:.1%}，{incidents} 个事件",
        "{rows} rows, data coverage {coverage:.1%}, {incidents} incidents",
    ).format(rows=table.window.rows, coverage=table.coverage, incidents=len(done.incidents))
    lines = [*map(str, files), line.read_in(language)]
    if table.unseen:
        names = ("、" if language == "zh" else ", ").join(each.name.read_in(language) for each in table.unseen)
        lines.append(Text("无数据：{names}", "no data: {names}").format(names=names).read_in(language))
    return "\n".join(lines)
