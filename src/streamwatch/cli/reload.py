"""`streamwatch reload`: what was changed in the configuration counts from now on, without a restart."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import httpx

from streamwatch.cli.api import TIMEOUT, json_option
from streamwatch.cli.up import home_option, state_option
from streamwatch.config import Config, load
from streamwatch.errors import CommandFailed
from streamwatch.language import Text, reader_language
from streamwatch.rules.reloading import refuse_bad, reload_process, reload_server
from streamwatch.stack.first_start import check_config, write_config
from streamwatch.stack.places import find_places


@click.command("reload")
@home_option
@state_option
@click.option("--config", "path", type=click.Path(path_type=Path), help="duty.yml。Of a receiver elsewhere.")
@json_option
def command(home: Path | None, state: Path | None, path: Path | None, as_json: bool) -> None:
    """Check the configuration and rules, then let all parts read them again. 检查配置和规则并使其生效。

    A file with mistakes is refused, and what ran before goes on.

    Example 例：streamwatch reload
    """
    config = load(path) if path else _of_this_clone(home, state)
    judge = None if path else _own_prometheus(home, state)
    if judge:
        refuse_bad(judge.config)
    told = {"receiver": _reload(str(config.file.public_url), config.own_token.get_secret_value())}
    if config.file.exporter and config.exporter_token:
        told["exporter"] = _reload(str(config.file.exporter.url), config.exporter_token.get_secret_value())
    if note := _reload_rules(config, judge):
        told["prometheus"] = {"reloaded": False, "note": note.en, "note_zh": note.zh}
        click.echo(note.read_in(reader_language()), err=True)
    elif config.file.prometheus:
        told["prometheus"] = {"reloaded": True}
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    done = Text(
        "已生效：{people} 人，{channels} 个渠道，{sessions} 个场次",
        "in force now: {people} people, {channels} channels, {sessions} sessions",
    )
    book = config.book
    counted = done.format(people=len(book.people), channels=len(config.channels), sessions=len(book.sessions))
    click.echo(counted.read_in(reader_language()))


def _of_this_clone(home: Path | None, state: Path | None) -> Config:
    places = find_places(home, state)
    running = places.run / "stack.json"
    if running.is_file():
        write_config(places, json.loads(running.read_text())["ports"])
        return check_config(places)
    return load(places.config / "duty.yml")


@dataclass(frozen=True)
class Own:
    """The Prometheus of a stack that runs here."""

    pid: int
    config: Path
    log: Path


def _own_prometheus(home: Path | None, state: Path | None) -> Own | None:
    places = find_places(home, state)
    running = places.run / "stack.json"
    pid = json.loads(running.read_text())["parts"].get("prometheus") if running.is_file() else None
    return Own(pid, places.config / "prometheus.yml", places.log("prometheus")) if pid else None


def _reload_rules(config: Config, own: Own | None) -> Text | None:
    """Why Prometheus did not read its rules again, where it cannot be told to."""
    if config.file.prometheus is None:
        return None
    base = str(config.file.prometheus.url).rstrip("/")
    if own is None:
        return reload_server(base)
    reload_process(base, own.pid, own.log)
    return None


def _reload(base: str, token: str) -> Any:
    base = base.rstrip("/")
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": reader_language()}
    try:
        reply = httpx.post(f"{base}/-/reload", headers=headers, timeout=TIMEOUT)
    except httpx.HTTPError as error:
        text = Text("{base} 没有应答，请先启动：make up", "{base} does not answer. Start it: make up")
        raise CommandFailed(text.format(base=base)) from error
    answer = reply.json()
    if not reply.is_success:
        raise CommandFailed(str(answer.get("detail") or answer.get("error") or reply.status_code))
    return answer
