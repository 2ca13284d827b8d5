"""`streamwatch trigger`: report an emergency from the terminal."""

import json
from pathlib import Path
from typing import Any

import click

from streamwatch.cli.api import config_option, json_option, open_api
from streamwatch.incidents.trigger import DANGER, KINDS, MATTERS, NOTE, WHOLE_SITE
from streamwatch.language import Text, reader_language
from streamwatch.message import CALLS

_LISTED = "\n\n".join(
    f"{kind}: " + " ".join(each.what for each in MATTERS if each.kind == kind and each.what)
    for kind in KINDS
    if any(each.what for each in MATTERS if each.kind == kind)
)
HELP = f"""Report an emergency: whoever is on duty is called at once. 人工上报：马上呼叫值班的人。

--what says it more exactly:

{_LISTED}

Example 例：streamwatch trigger content_violation --what hijack --stream demo --by alice
"""


@click.command("trigger", help=HELP)
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.option("--what", default="", help="具体是什么。What exactly.")
@click.option(
    "--stream", default=WHOLE_SITE, show_default=True, help="直播间；all 是整个现场。all: the whole site."
)
@click.option("--note", default="", help=f"补充，最多 {NOTE} 字。One more word.")
@click.option("--by", help="你的 id 或名字，可不写。Your id or name; may be left out.")
@config_option
@json_option
def command(kind: str, what: str, stream: str, note: str, by: str | None, path: Path | None, as_json: bool) -> None:
    if kind == "sudden_situation" and not as_json:
        click.echo(DANGER.read_in(reader_language()), err=True)
    _, api = open_api(path)
    body = {"kind": kind, "what": what, "stream": stream, "note": note} | ({"by": by} if by else {})
    answer = api.call("POST", "/triggers", json=body)
    click.echo(json.dumps(answer, ensure_ascii=False) if as_json else _words(answer).read_in(reader_language()))


def _words(answer: dict[str, Any]) -> Text:
    incident = answer["incident"]
    if incident is None:
        return Text("已存下来，正在呼叫；看控制台", "it is stored, people are being called; see the console")
    called = list(dict.fromkeys(page["person_name"] for page in incident["pages"] if page["kind"] in CALLS))
    zh, en = ("、".join(called) or "没有人，马上打电话", ", ".join(called) or "nobody: telephone now")
    number = incident["id"]
    return Text(
        f"事件 #{number}，呼叫 {zh}；处理完运行 streamwatch resolve {number}",
        f"incident #{number}, calling {en}; when it is over: streamwatch resolve {number}",
    )
