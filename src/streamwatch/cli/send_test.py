"""`streamwatch send-test`: a page that means nothing, by the same way as every real one."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import click

from streamwatch.cli.api import Api, config_option, json_option, open_api
from streamwatch.language import Text, reader_language

PATIENCE = 2.0  # seconds after which it says what it waits for
LOOK = 0.2


@click.command("send-test")
@click.argument("person")
@click.option("--wait", type=float, default=20.0, show_default=True, help="最多等几秒。Seconds to wait for it.")
@config_option
@json_option
def command(person: str, wait: float, path: Path | None, as_json: bool) -> None:
    """Send PERSON, an id or a name, a test page; say whether it was delivered. 给某人发测试呼叫。

    Example 例：streamwatch send-test alice
    """
    _, api = open_api(path)
    page = api.call("POST", "/test-pages", json={"person": person})
    answer = _follow(api, page["id"], wait)
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
    else:
        click.echo(_words(answer).read_in(reader_language()))
    sys.exit(0 if answer["state"] == "delivered" else 1)


def _follow(api: Api, page: str, wait: float) -> dict[str, Any]:
    began, told = time.monotonic(), False
    while True:
        answer: dict[str, Any] = api.call("GET", f"/pages/{page}")
        waited = time.monotonic() - began
        if answer["state"] in ("delivered", "dead"):
            return answer
        if waited > PATIENCE and not told:
            click.echo(_waiting(answer).read_in(reader_language()), err=True)
            told = True
        if waited > wait:
            return answer
        time.sleep(LOOK)


def _waiting(answer: dict[str, Any]) -> Text:
    if answer["channel"] is None:
        return Text("还在等：呼叫还没有发出", "waiting: the page has not gone out yet")
    said = Text("还在等 {channel} 把呼叫送到 {person_name}，已试 {attempts} 次",
                "waiting for {channel} to reach {person_name}, {attempts} tries so far")  # fmt: skip
    why = f"：{answer['error']}", f": {answer['error']}"
    said = said.format(**answer)
    return Text(said.zh + why[0], said.en + why[1]) if answer["error"] else said


def _words(answer: dict[str, Any]) -> Text:
    if answer["state"] == "delivered":
        said = Text("{person_name} 已收到（{channel}）", "{person_name} was told over {channel}")
    elif answer["state"] == "dead":
        said = Text("送不到 {person_name}：{error}", "{person_name} cannot be reached: {error}")
    elif answer["error"]:
        said = Text("还没送达 {person_name}，会继续尝试：{error}",
                    "{person_name} is not reached yet, it goes on trying: {error}")  # fmt: skip
    else:
        said = Text("还没送达 {person_name}，会继续尝试", "{person_name} is not reached yet, it goes on trying")
    return said.format(**answer)
