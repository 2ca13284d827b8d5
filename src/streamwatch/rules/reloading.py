"""Lets the running Prometheus read its rules again. What it cannot read it refuses, and the old rules go on."""

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.rules.promtool import check_config

TIMEOUT = 30.0  # seconds; a large file of rules takes a few
PAUSE = 0.1
BAD = Text("规则有错，未生效，原来的规则继续：\n{said}", "the rules are refused, the old ones go on:\n{said}")
UNTOLD = Text(
    "Prometheus 没有重读规则：{why}。请向它发 SIGHUP。",
    "Prometheus has not read the rules again: {why}. Send it a SIGHUP.",
)
CLOSED = Text("它没有开启 --web.enable-lifecycle", "it runs without --web.enable-lifecycle")
GONE = Text("它没有在运行", "it does not run")
AWAY = Text("{base} 没有应答", "{base} does not answer")


def refuse_bad(config: Path) -> None:
    """Before anything is reloaded. Raises `CommandFailed` with the place of each mistake, by promtool."""
    if said := check_config(config):
        raise CommandFailed(BAD.format(said=said))


def reload_process(base: str, pid: int, log: Path) -> None:
    """By SIGHUP, for a Prometheus of one's own: its HTTP door for reloads would let any web page stop it."""
    command = Path(f"/proc/{pid}/cmdline")  # a pid that was written down may be another's by now
    if not command.is_file() or b"prometheus" not in command.read_bytes():
        raise CommandFailed(_untold(GONE))
    began, at = _last_reload(base), log.stat().st_size if log.is_file() else 0
    os.kill(pid, signal.SIGHUP)
    if said := _awaited(base, began, lambda: _errors(log, at)):
        raise CommandFailed(BAD.format(said=said))


def reload_server(base: str) -> Text | None:
    """By HTTP. What Prometheus says of a mistake is raised; where it has no door for reloads, that is returned."""
    try:
        reply = httpx.post(f"{base}/-/reload", timeout=TIMEOUT)
    except httpx.HTTPError:
        return _untold(AWAY.format(base=base))
    if reply.is_success:
        return None
    if reply.status_code == 500:
        raise CommandFailed(BAD.format(said=reply.text.strip()))
    return _untold(CLOSED)


def _untold(why: Text) -> Text:
    return UNTOLD.format(why=why)


def _awaited(base: str, began: float, errors: Callable[[], str]) -> str:
    """Empty when it was read; Prometheus' words when it was not."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        if _last_reload(base) > began:
            return ""
        if said := errors():
            return said
        time.sleep(PAUSE)
    return f"no answer within {TIMEOUT:g} s"


def _last_reload(base: str) -> float:
    """When one last went well, in unix time."""
    try:
        text = httpx.get(f"{base}/metrics", timeout=TIMEOUT).text
    except httpx.HTTPError as error:
        raise CommandFailed(_untold(AWAY.format(base=base))) from error
    found = re.search(r"^prometheus_config_last_reload_success_timestamp_seconds (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def _errors(log: Path, since: int) -> str:
    """What it wrote since then, of mistakes."""
    if not log.is_file():
        return ""
    with log.open("rb") as file:
        file.seek(since)
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(line for line in lines if re.search(r"level=error", line, re.IGNORECASE))
