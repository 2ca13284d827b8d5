"""`streamwatch duty override`, `swap` and `withdraw`: somebody else holds a role for a while."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from streamwatch.cli.api import config_option, json_option, moment, open_api
from streamwatch.clock import utc_now
from streamwatch.config.reach import Reach
from streamwatch.duty import ROLES
from streamwatch.language import Text, reader_language

role_option = click.option(
    "--role", type=click.Choice([each for each in ROLES if each != "host"]), required=True, help="岗位。The role."
)
stream_option = click.option("--stream", help="只在这个直播间。Of one stream only.")
by_option = click.option("--by", help="谁改的，id 或名字。Who says so, by id or name.")
reason_option = click.option("--reason", default="", help="原因。Why.")


@click.command("override")
@role_option
@click.option("--person", required=True, help="顶班人，id 或名字。Who holds the role.")
@click.option("--from", "begins", type=moment, metavar="TIME", help="默认现在。Default: now.")
@click.option("--to", "ends", type=moment, metavar="TIME", required=True, help="到何时。Until when.")
@stream_option
@reason_option
@by_option
@config_option
@json_option
def override(
    role: str,
    person: str,
    begins: datetime | None,
    ends: datetime,
    stream: str | None,
    reason: str,
    by: str | None,
    path: Path | None,
    as_json: bool,
) -> None:
    """Somebody else holds a role for a while. 临时改派。

    Example 例：streamwatch duty override --role tech --person bob --to '2026-11-23 10:00' --reason 病假
    """
    known, api = open_api(path)
    start = begins or utc_now()
    wanted = _wanted(known, role, person, start, ends, stream, reason)
    _made(api.call("POST", "/duty/overrides", json={"overrides": [wanted], "by": by}), as_json)


@click.command("swap")
@role_option
@click.argument("one", nargs=3, metavar="PERSON FROM TO")
@click.argument("other", nargs=3, metavar="PERSON FROM TO")
@stream_option
@reason_option
@by_option
@config_option
@json_option
def swap(
    role: str,
    one: tuple[str, str, str],
    other: tuple[str, str, str],
    stream: str | None,
    reason: str,
    by: str | None,
    path: Path | None,
    as_json: bool,
) -> None:
    """Two people swap shifts: each takes the other's, or nothing changes. 换班：两人互换。

    Example 例：streamwatch duty swap --role tech alice 2026-11-23T10:00 2026-11-24T10:00 bob 2026-11-24T10:00
    2026-11-25T10:00
    """
    known, api = open_api(path)
    wanted = [
        _wanted(known, role, takes, moment(begins), moment(ends), stream, reason)
        for takes, (_, begins, ends) in ((other[0], one), (one[0], other))
    ]
    _made(api.call("POST", "/duty/overrides", json={"overrides": wanted, "by": by}), as_json)


@click.command("withdraw")
@click.argument("override_id", metavar="ID", type=int)
@by_option
@config_option
@json_option
def withdraw(override_id: int, by: str | None, path: Path | None, as_json: bool) -> None:
    """An override does not count any more. 撤销改派。

    Example 例：streamwatch duty withdraw 3
    """
    _, api = open_api(path)
    api.call("DELETE", f"/duty/overrides/{override_id}", params={"by": by} if by else {})
    said = Text("改派 {id} 已撤销", "override {id} is withdrawn").format(id=override_id)
    shown = json.dumps({"withdrawn": override_id}) if as_json else said.read_in(reader_language())
    click.echo(shown)


def _wanted(
    known: Reach, role: str, person: str, begins: datetime, ends: datetime, stream: str | None, reason: str
) -> dict[str, Any]:
    start, end = (known.aware(at).isoformat() for at in (begins, ends))
    return {"role": role, "person": person, "from": start, "to": end, "stream": stream, "reason": reason}


def _made(answer: dict[str, Any], as_json: bool) -> None:
    said = Text("已改派，编号 {ids}", "made, with the id {ids}").format(ids=" ".join(answer["ids"]))
    click.echo(json.dumps(answer) if as_json else said.read_in(reader_language()))
