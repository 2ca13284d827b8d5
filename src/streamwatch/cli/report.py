"""`streamwatch report`: a session, a time or a week in words, for whoever reads it the next morning."""

import json
from contextlib import nullcontext
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import click

from streamwatch.cli.api import check_year, config_option, json_option, moment, open_api, say
from streamwatch.cli.live import live_book
from streamwatch.cli.record import asking, prometheus_option, stream_id
from streamwatch.clock import utc_now
from streamwatch.config import Config
from streamwatch.language import Language, Text, reader_language
from streamwatch.report.files import write
from streamwatch.report.progress import Steps
from streamwatch.report.prometheus import Prometheus
from streamwatch.report.review.document import document
from streamwatch.report.review.markdown import markdown
from streamwatch.report.review.reading import read_record
from streamwatch.report.review.review import Review, StepTitle, compose
from streamwatch.report.review.scope import of_session, of_time, of_week
from streamwatch.report.review.suggestions import TimeBoxes

LAST: Literal["last"] = "last"


def _day(text: str) -> date | Literal["last"]:
    if text == LAST:
        return LAST
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        words = f"“{text}”不是日期，请写成 2026-11-22", f"'{text}' is not a date; write it as 2026-11-22"
        raise click.BadParameter(say(*words)) from None
    check_year(text, day.year)
    return day


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
    path: Path | None,
    address: str | None,
    language: Language | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Tell a session, a time or a week in words. 复盘：结果、问题分类、处理、观众反馈、建议。

    Example 例：streamwatch report --session 1122-A；streamwatch report --week --lang zh --output week.md
    """
    _check(session, stream, start, end, week)
    config, api = open_api(path)
    sessions, now, zone = live_book(config).sessions, utc_now(), config.zone
    if session is not None:
        scope = of_session(sessions, session, now, zone)
    elif start is not None and end is not None:
        scope = of_time(sessions, stream, config.file.aware(start), config.file.aware(end), now, zone)
    else:
        scope = of_week(sessions, stream, week if isinstance(week, date) else None, now, zone)
    named = address or (str(config.file.prometheus.url) if config.file.prometheus else None)
    with Prometheus(named) if named else nullcontext() as prometheus, Steps() as steps:
        record = read_record(asking(api), prometheus, scope, zone, steps)
    review = compose(record, _time_boxes(config), zone)
    _give(
        _json(review) if as_json else markdown(review, language or reader_language(), _step_titles(config)), output
    )


def _check(session: object, stream: object, start: object, end: object, week: object) -> None:
    """Raises when it is not said which time is meant, or said twice."""
    if (session is not None) + (week is not None) + (start is not None or end is not None) != 1:
        wrong = Text(
            "请写 --session、--week，或 --from 和 --to，三者之一",
            "write one of --session, --week, or --from with --to",
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


def _time_boxes(config: Config) -> TimeBoxes:
    """Of each severity the first step of its escalation: until then whoever is called should have taken it."""
    return {severity: min(step.after for step in steps) for severity, steps in config.file.policy.items() if steps}


def _step_titles(config: Config) -> StepTitle:
    def title(procedure: str, anchor: str) -> Text:
        books = [config.runbooks.get((procedure, language)) for language in ("zh", "en")]
        found = [book and book.sections.get(anchor) for book in books]
        zh, en = (section.title if section else anchor for section in found)
        return Text(zh, en)

    return title


def _json(review: Review) -> str:
    return json.dumps(document(review), ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _give(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    for path in write(output.parent, {output.name: text}):
        click.echo(str(path))
