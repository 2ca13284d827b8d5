"""`streamwatch report`: a session, a time, a week or a month in words, for whoever reads it the next morning."""

import json
from collections.abc import Collection
from contextlib import nullcontext
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import click

from streamwatch.cli.api import check_year, config_option, day, json_option, moment, open_api, say
from streamwatch.cli.live import live_book
from streamwatch.cli.record import asking, prometheus_option, stream_id
from streamwatch.cli.report_past import tell_list
from streamwatch.cli.report_trend import tell_trend
from streamwatch.clock import utc_now
from streamwatch.language import Language, Text, reader_language
from streamwatch.report.files import write
from streamwatch.report.progress import Steps
from streamwatch.report.prometheus import Prometheus
from streamwatch.report.review.document import document
from streamwatch.report.review.markdown import markdown
from streamwatch.report.review.reading import read_record
from streamwatch.report.review.review import Review, compose
from streamwatch.report.review.scope import of_month, of_session, of_time, of_week
from streamwatch.report.settings import step_titles, time_boxes

LAST: Literal["last"] = "last"


def _day(text: str) -> date | Literal["last"]:
    return LAST if text == LAST else day(text)


def _month(text: str) -> date | Literal["last"]:
    if text == LAST:
        return LAST
    try:
        first = date.fromisoformat(f"{text.strip()}-01")
    except ValueError:
        words = f"“{text}”不是月份，请写成 2026-11", f"'{text}' is not a month; write it as 2026-11"
        raise click.BadParameter(say(*words)) from None
    check_year(text, first.year)
    return first


@click.command("report")
@click.option("--session", metavar="ID", help="一个场次。One session.")
@click.option("--stream", type=stream_id, metavar="ID", help="只看这个直播间。This stream alone.")
@click.option("--from", "start", type=moment, metavar="TIME", help="从何时起，按配置的时区。First moment.")
@click.option("--to", "end", type=moment, metavar="TIME", help="到何时止。Last moment, in duty.yml's zone.")
@click.option(
    "--week",
    type=_day,
    is_flag=False,
    flag_value=LAST,
    metavar="[DATE]",
    help="含该日期的一周；不写日期则为上一周。The week of DATE; without, the last whole one.",
)
@click.option(
    "--month",
    type=_month,
    is_flag=False,
    flag_value=LAST,
    metavar="[YYYY-MM]",
    help="一个月；不写则为上一月。A month; without, the last whole one.",
)
@click.option(
    "--trend",
    type=click.IntRange(2, 100),
    is_flag=False,
    flag_value=5,
    metavar="[N]",
    help="最近 N 个场次的趋势，默认 5。The last N sessions side by side.",
)
@click.option("--list", "listed", is_flag=True, help="列出自动写好的复盘。The reviews that are written already.")
@config_option
@prometheus_option
@click.option("--lang", "language", type=click.Choice(["zh", "en"]), help="语言。Language; default: yours.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="写入文件，默认打印。Write to FILE instead of printing.",
)
@json_option
def command(
    session: str | None,
    stream: str | None,
    start: datetime | None,
    end: datetime | None,
    week: date | Literal["last"] | None,
    month: date | Literal["last"] | None,
    trend: int | None,
    listed: bool,
    path: Path | None,
    address: str | None,
    language: Language | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Tell a session, a time, a week or a month in words. 复盘：结果、问题分类、处理、观众反馈、成交、建议。

    The receiver writes that of each session by itself when it ends: --list. 场次结束后自动写好，见 --list。

    Example 例：streamwatch report --session 1122-A；streamwatch report --week --lang zh --output week.md
    """
    _check(session, stream, start, end, (week, month, trend, listed or None))
    known, api = open_api(path)
    if listed:
        tell_list(known.config, api, stream, as_json=as_json)
        return
    if trend is not None:
        _give(tell_trend(known, api, stream, trend, language or reader_language(), as_json=as_json), output)
        return
    config = known.whole
    sessions, now, zone = live_book(config).sessions, utc_now(), config.zone
    if session is not None:
        scope = of_session(sessions, session, now, zone)
    elif start is not None and end is not None:
        scope = of_time(sessions, stream, config.file.aware(start), config.file.aware(end), now, zone)
    elif month is not None:
        scope = of_month(sessions, stream, month if isinstance(month, date) else None, now, zone)
    else:
        scope = of_week(sessions, stream, week if isinstance(week, date) else None, now, zone)
    named = address or (str(config.file.prometheus.url) if config.file.prometheus else None)
    with Prometheus(named) if named else nullcontext() as prometheus, Steps() as steps:
        record = read_record(asking(api), prometheus, scope, zone, steps)
    review = compose(record, time_boxes(config), zone)
    _give(
        _json(review) if as_json else markdown(review, language or reader_language(), step_titles(config)), output
    )


def _check(session: object, stream: object, start: object, end: object, others: Collection[object]) -> None:
    """Raises when it is not said which time is meant, or said twice."""
    said = [session, start or end, *others]
    if sum(each is not None for each in said) != 1:
        wrong = Text(
            "请写 --session、--week、--month、--trend、--list，或 --from 和 --to，只写其中一种",
            "write one of --session, --week, --month, --trend, --list, or --from with --to",
        )
    elif (start is None) != (end is None):
        wrong = Text("--from 和 --to 要一起写", "--from and --to go together")
    elif session is not None and stream is not None:
        wrong = Text(
            "--session 已经说明了直播间，去掉 --stream", "--session says which stream it is; leave --stream out"
        )
    else:
        return
    raise click.UsageError(wrong.read_in(reader_language()))


def _json(review: Review) -> str:
    return json.dumps(document(review), ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _give(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    for path in write(output.parent, {output.name: text}):
        click.echo(str(path))
