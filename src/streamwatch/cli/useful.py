"""`streamwatch useful`: whether a page was of use to whoever was called."""

import json
from pathlib import Path
from typing import Any

import click

from streamwatch.cli.api import config_option, json_option, open_api, say
from streamwatch.language import Text, reader_language


@click.command("useful")
@click.argument("incident", type=click.IntRange(0))
@click.option("--by", required=True, help="你的 id 或名字。Your id or name in duty.yml.")
@click.option("--yes/--no", "useful", default=None, help="有用，或没用。It was, or it was not.")
@click.option("--why", default="", help="因为什么。Because of what.")
@config_option
@json_option
def command(incident: int, by: str, useful: bool | None, why: str, path: Path | None, as_json: bool) -> None:
    """Say whether a page was of use to you. 呼叫有没有用：被呼叫的人说。

    The last word counts. `streamwatch report` and `export` count it by alert: the rules that need mending.
    Without --yes or --no it shows what was said so far. 不写 --yes 或 --no 只显示说过的。

    Example 例：streamwatch useful 12 --by alice --no --why '备用线路已在用'
    """
    if useful is None and why:
        raise click.UsageError(say("--why 要和 --yes 或 --no 一起写", "--why goes with --yes or --no"))
    _, api = open_api(path)
    if useful is None:
        answer = api.call("GET", f"/incidents/{incident}")
        said = _so_far(answer, by)
    else:
        body = {"by": by, "useful": useful, "why": why}
        answer = api.call("POST", f"/incidents/{incident}/useful", json=body)
        said = _words(answer, useful=useful)
    click.echo(json.dumps(answer, ensure_ascii=False) if as_json else said.read_in(reader_language()))


def _words(incident: dict[str, Any], *, useful: bool, why: str = "") -> Text:
    zh, en = (f"（{why}）", f" ({why})") if why else ("", "")
    number = incident["id"]
    if useful:
        return Text(f"事件 #{number}：有用{zh}", f"incident #{number}: useful{en}")
    return Text(f"事件 #{number}：没用{zh}", f"incident #{number}: not useful{en}")


def _so_far(incident: dict[str, Any], by: str) -> Text:
    """What *by*, an id or a name, said of it."""
    for each in incident["ratings"]:
        if by.casefold() in (each["person"].casefold(), each["person_name"].casefold()):
            return _words(incident, useful=each["useful"], why=each["why"])
    return Text(
        f"事件 #{incident['id']}：{by} 还没有说过；请写 --yes 或 --no",
        f"incident #{incident['id']}: {by} has said nothing yet; write --yes or --no",
    )
