"""`streamwatch preflight`: go or no-go before a show, one line a check."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from rich.cells import cell_len

from streamwatch.cli.api import Api, config_option, json_option, open_api, say
from streamwatch.config import Config
from streamwatch.errors import CommandFailed
from streamwatch.language import Language, reader_language
from streamwatch.message import clean
from streamwatch.preflight.check import CHECKS

EVERY = 5.0  # seconds between two looks
LONG, FILLING = 30.0, 90.0  # seconds; Prometheus may take its time, and a line is filled for up to thirty
MARKS = {"good": "✓", "bad": "✗", "unknown": "?", "absent": "·", "people": "☐"}
TITLE, WORD = 16, 14  # columns


@click.command("preflight")
@click.option("--stream", help="直播间。The stream.")
@click.option("--session", metavar="ID", help="场次；默认正在进行或下一场。The session; default: the next.")
@click.option(
    "--without",
    multiple=True,
    type=click.Choice(list(CHECKS)),
    metavar="CHECK",
    help="放行这一项，可多次。Go without it; may be repeated.",
)
@click.option("--wait", type=click.FloatRange(0, 86_400), default=0.0, metavar="SECONDS",
              help="最多等这么久，直到可以开播。Look again until go, for at most so long.")  # fmt: skip
@click.option("--throughput", metavar="HOST",
              help="另测上行带宽，占用线路几秒。Measure what the line takes, for seconds.")  # fmt: skip
@config_option
@json_option
def command(
    stream: str | None,
    session: str | None,
    without: Sequence[str],
    wait: float,
    throughput: str | None,
    path: Path | None,
    as_json: bool,
) -> None:
    """Say go or no-go before a show. 开播前检查：能不能开播。

    Exit 0 go, 1 no-go, 2 usage.

    Example 例：streamwatch preflight --stream demo；streamwatch preflight --session 1122-A --wait 600
    """
    if throughput and wait:
        words = (
            "--throughput 占用线路，不能和 --wait 一起用",
            "--throughput fills the line; it does not go with --wait",
        )
        raise click.UsageError(say(*words))
    known, api = open_api(path)
    _check_named(known.config, stream, session)
    asked = {key: value for key, value in (("stream", stream), ("session", session)) if value}
    asked |= {"without": ",".join(without)} if without else {}
    asked |= {"throughput": throughput} if throughput else {}
    verdict = until_go(lambda: _ask(api, asked), wait, _progress)
    if as_json:
        click.echo(json.dumps(verdict, ensure_ascii=False))
    else:
        for line in lines(verdict, reader_language()):
            click.echo(line)
    sys.exit(0 if verdict["go"] else 1)


def until_go(
    ask: Callable[[], dict[str, Any]],
    wait: float,
    tell: Callable[[dict[str, Any], float], None],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """The first verdict that is go, else the last within *wait* seconds; *tell* hears of each that is not yet."""
    began = clock()
    while not (verdict := ask())["go"]:
        left = wait - (clock() - began)
        if left <= 0:
            break
        tell(verdict, left)
        sleep(min(EVERY, left))
    return verdict


def lines(verdict: dict[str, Any], language: Language) -> Iterator[str]:
    """The verdict first and last: whoever reads a long list looks at its end."""
    tail = "_zh" if language == "zh" else ""
    head = f"{verdict[f'text{tail}']} · {verdict['stream']}" + (
        f" · {verdict['session']}" if verdict["session"] else ""
    )
    yield head
    for check in verdict["checks"]:
        mark = "!" if check["waived"] else MARKS[check["outcome"]]
        title, word = _wide(check[f"title{tail}"], TITLE), _wide(check[f"word{tail}"], WORD)
        yield f"{mark} {title} {word} {clean(check[f'text{tail}'])}"
        if check[f"cure{tail}"] and check["blocks"]:
            yield f"  {' ' * TITLE} {' ' * WORD} → {check[f'cure{tail}']}"
    if verdict["for_people"]:
        yield say(f"☐ 有 {verdict['for_people']} 项请人打勾", f"☐ {verdict['for_people']} for people to tick")
    yield head


def _wide(text: str, columns: int) -> str:
    """A Chinese character takes two columns of a terminal."""
    return text + " " * max(0, columns - cell_len(text))


def _ask(api: Api, asked: dict[str, str]) -> dict[str, Any]:
    if "throughput" in asked:
        verdict = api.call("POST", "/preflight", json=asked, timeout=FILLING)
    else:
        verdict = api.call("GET", "/preflight", params=asked, timeout=LONG)
    if not isinstance(verdict, dict) or not isinstance(verdict.get("go"), bool):
        raise CommandFailed(
            say("接收端的回答看不懂；版本一致吗？", "the receiver's answer is strange; is it this version?")
        )
    return verdict


def _progress(verdict: dict[str, Any], left: float) -> None:
    tail = "_zh" if reader_language() == "zh" else ""
    blocking = list(dict.fromkeys(check[f"title{tail}"] for check in verdict["checks"] if check["blocks"]))
    named = say("、", ", ").join(blocking)
    click.echo(say(f"还不行：{named}（再等 {left:.0f} 秒）", f"not yet: {named} ({left:.0f} s left)"), err=True)


def _check_named(config: Config | None, stream: str | None, session: str | None) -> None:
    """Raises when it is not said which show is meant, or said in two ways that do not agree."""
    if not stream and not session:
        raise click.UsageError(say("请写 --stream 或 --session", "name the show by --stream or --session"))
    if config is None:
        return  # the receiver knows its sessions
    known = {each.id: each.stream for each in config.book.sessions}
    if session and session not in known:
        near = " ".join(list(known)[-10:]) or "—"
        raise click.UsageError(
            say(f"没有场次“{session}”；有：{near}", f"there is no session '{session}'; there are: {near}")
        )
    if stream and session and known[session] != stream:
        raise click.UsageError(
            say(f"场次 {session} 的直播间是 {known[session]}", f"session {session} is of stream {known[session]}")
        )
