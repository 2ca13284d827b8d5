"""`streamwatch report --trend`: the last sessions of a stream side by side, and whether it becomes better."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from streamwatch.cli.api import Api
from streamwatch.cli.live import live_book
from streamwatch.cli.record import asking
from streamwatch.config import Config
from streamwatch.config.reach import Reach
from streamwatch.errors import CommandFailed
from streamwatch.language import Language, Text
from streamwatch.report.review.document import trend_document
from streamwatch.report.review.reader import Reader
from streamwatch.report.review.reading import read_points
from streamwatch.report.review.told_trend import told_trend
from streamwatch.report.review.trend import Point, last, trend
from streamwatch.report.ticks import Unseen


def tell_trend(known: Reach, api: Api, stream: str | None, count: int, language: Language, *, as_json: bool) -> str:
    """Raises `CommandFailed` when it is not said which of several streams is meant, or nobody knows the one."""
    stream = stream or _only(api)
    points = last(read_points(asking(api), stream, Unseen(lambda: False)), count)
    if not points:
        _refuse_a_stranger(known.config, api, stream)
    found = trend(_with_actions(api, points))
    if as_json:
        told = {"stream": stream, **trend_document(found, known.zone)}
        return json.dumps(told, ensure_ascii=False, indent=1) + "\n"
    return "\n\n".join(told_trend(stream, found, Reader(language, known.zone))) + "\n"


def _refuse_a_stranger(config: Config | None, api: Api, stream: str) -> None:
    """A misspelt stream would look like one whose sessions are to come. Nobody can tell without duty.yml."""
    if config is None:
        return
    known = {session.stream for session in live_book(config).sessions} | set(_reviewed(api))
    if stream in known or api.call("GET", "/incidents", params={"stream": stream, "limit": "1"})["incidents"]:
        return
    words = Text(
        "不认识直播间“{stream}”：没有它的场次，也没有它的记录；已知的有：{known}",
        "stream '{stream}' is unknown: no session and no record is of it; known are: {known}",
    )
    raise CommandFailed(words.format(stream=stream, known=" ".join(sorted(known)) or "—"))


def _reviewed(api: Api) -> list[str]:
    reviews = api.call("GET", "/reviews", params={"limit": "1000"})["reviews"]
    return sorted({str(each["stream"]) for each in reviews})


def _only(api: Api) -> str:
    streams = _reviewed(api)
    if len(streams) == 1:
        return streams[0]
    known = " ".join(streams) or "—"
    raise CommandFailed(
        Text(
            f"请用 --stream 写明哪个直播间；有复盘的：{known}", f"name one by --stream; those with reviews: {known}"
        )
    )


def _with_actions(api: Api, points: Sequence[Point]) -> list[Point]:
    """How many items of each session are open, and done, by now."""
    told = api.call("GET", "/actions", params={"limit": "1000"})["actions"]
    counted = Counter((each["session"], each["done_at"] is not None) for each in told)
    return [
        replace(
            each,
            values={
                **each.values,
                "actions_open": float(counted[each.session, False]),
                "actions_done": float(counted[each.session, True]),
            },
        )
        for each in points
    ]
