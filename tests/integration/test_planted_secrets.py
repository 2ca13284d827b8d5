"""Secrets are planted, everything is done with them and against them, and then they are looked for everywhere."""

import base64
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from servers.console import OPS_TOKEN, PASSPHRASES, VIEW_TOKEN, Browser, doors, lines
from servers.free_port import free_port
from servers.receiver import AUTH, STREAMWATCH, TOKEN, PhoneServer, ReceiverProcess, serving, until, write_config
from servers.story import alert, webhook
from streamwatch.report.csv_text import incidents_csv

WRONG = ("wrong-passphrase-0001", "typed-where-the-name-goes-0002", "of-basic-0003", "bearer-guess-0004")
PASSWORD = "one-password-for-all-0005"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, phone: PhoneServer) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    more = doors(folder) | {"console_password_file": "secrets/password"}
    (folder / "secrets" / "password").write_text(PASSWORD)
    return write_config(folder, free_port(), phone.url, **more)


@pytest.fixture(scope="module")
def receiver(config: Path) -> Iterator[ReceiverProcess]:
    with serving(config) as receiver:
        yield receiver


class Told:
    """Everything that was said, by where."""

    def __init__(self) -> None:
        self.said: dict[str, str] = {}
        self.secrets: dict[str, str] = {f"passphrase {name}": said for name, said in PASSPHRASES.items()} | {
            f"wrong {each[-4:]}": each for each in WRONG
        }
        self.secrets |= {"token": TOKEN, "view": VIEW_TOKEN, "ops": OPS_TOKEN, "password": PASSWORD}
        self.secrets |= {"link key": "the key of links"}
        self.secrets |= {f"hash {line[:3]}": line.partition(":")[2] for line in lines().splitlines()}
        self.marks: dict[str, str] = {}  # stand in the forms of whoever they are for, and nowhere else

    def add(self, where: str, what: str | httpx.Response) -> None:
        text = what if isinstance(what, str) else f"{what.text}\n{_headers(what)}"
        self.said[f"{len(self.said)} {where}"] = text

    def found(self, secrets: dict[str, str]) -> list[tuple[str, str]]:
        return [
            (name, where) for where, text in self.said.items() for name, each in secrets.items() if each in text
        ]


def _headers(reply: httpx.Response) -> str:
    """Without the cookie that a login gives to whoever logged in."""
    return "\n".join(f"{name}: {value}" for name, value in reply.headers.items() if name != "set-cookie")


def at_the_console(browser: Browser, told: Told, incident: str) -> None:
    """Everything that people do, right and wrong."""
    told.add("wrong passphrase", browser.log_in("alice", WRONG[0]))
    told.add("a name", browser.log_in(WRONG[1], WRONG[0]))
    basic = base64.b64encode(f"x:{WRONG[2]}".encode()).decode()
    told.add("wrong Basic", browser.get("/", headers={"Authorization": f"Basic {basic}"}))
    told.secrets["Basic"] = basic
    told.add("login", browser.log_in("alice"))
    told.secrets["cookie"] = browser.http.cookies["streamwatch"]
    told.secrets["visitor"] = browser.http.cookies["streamwatch_visitor"]
    path = f"/incidents/{incident}"
    for what in ("ack", "notes", "evidence"):
        form = browser.form(path, f"/{what}")
        told.marks[f"mark of {what}"] = form.fields["press"]
        told.add(f"forged {what}", browser.send(form, press=form.fields["press"][:-2] + "xx"))
        told.add(what, browser.send(form))
    for page in (
        "/",
        path,
        "/handover",
        "/audit",
        "/sos",
        "/sos/other",
        f"{path}/report-form",
        "/nothing",
        "/static/",
    ):
        told.add(page, re.sub(r'name="press" value="[^"]+"', "", browser.get(page).text))
    told.add("too large", browser.http.post("/login", data={"passphrase": WRONG[0] * 10_000}))


def by_api(receiver: ReceiverProcess, told: Told) -> None:
    base = receiver.base
    told.add("guess", httpx.get(f"{base}/api/v1/status", headers={"Authorization": f"Bearer {WRONG[3]}"}))
    told.add("no right", httpx.post(f"{base}/-/reload", headers={"Authorization": f"Bearer {VIEW_TOKEN}"}))
    for path in ("/metrics", "/-/ready", "/api/v1/openapi.json", f"/api/v1/incidents?state={WRONG[0]}"):
        told.add(path, httpx.get(f"{base}{path}", headers=AUTH))
    for path in ("status", "incidents", "incidents/1", "audit", "duty", "duty/live", "sessions", "dead-pages"):
        told.add(path, httpx.get(f"{base}/api/v1/{path}", headers=AUTH))
    told.add("not JSON", httpx.post(f"{base}/api/v1/triggers", content=f'{{"kind": "{WRONG[0]}', headers=AUTH))
    told.add("export", incidents_csv(receiver.get("/api/v1/incidents")["incidents"]))


def broken_file(receiver: ReceiverProcess, config: Path, told: Told) -> None:
    """A passphrase where its hash belongs: refused, without repeating it."""
    file = config.parent / "secrets" / "passphrases"
    good = file.read_text()
    try:
        file.write_text(good + f"bob:{WRONG[0]}\n{WRONG[1]}\n")
        told.add("reload", receiver.post({}, "/-/reload"))
        told.add("check", _command("check", config))
    finally:
        file.write_text(good)


def _command(*words: str | Path) -> str:
    environment = {**os.environ, "STREAMWATCH_LANG": "en"}
    command = [STREAMWATCH, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=120)
    return done.stdout + done.stderr


def test_what_is_secret_is_nowhere(receiver: ReceiverProcess, config: Path) -> None:
    """Not in log, errors, metrics, pages, API, audit log, export, database, or what commands say."""
    told = Told()
    receiver.post(webhook(alert(stream="planted")))
    until(lambda: receiver.get("/api/v1/incidents")["incidents"])
    with Browser(receiver.base) as browser:
        at_the_console(browser, told, "1")
    by_api(receiver, told)
    broken_file(receiver, config, told)
    told.add("audit", _command("audit", "--config", config) + _command("audit", "--json", "--config", config))
    told.add("log", receiver.log.read_text())
    for file in (config.parent / "data").glob("streamwatch.db*"):
        told.add(file.name, file.read_bytes().decode("latin-1"))

    assert told.found(told.secrets) == []
    assert told.found(told.marks) == []
    assert "login_failed" in json.dumps(receiver.get("/api/v1/audit"))
    assert "argon2" not in "".join(told.said.values())


def test_a_passphrase_is_asked_for_and_never_shown(tmp_path: Path) -> None:
    """From a pipe: only its hash comes out, and the file is for nobody else to read."""
    file = tmp_path / "passphrases"
    for said, code in ((PASSPHRASES["alice"], 0), (PASSPHRASES["bob"], 0), ("short", 1)):
        command = [STREAMWATCH, "passphrase", "alice", "--file", file, "--json"]
        done = subprocess.run(command, input=said, capture_output=True, text=True, check=False, timeout=120)
        assert (done.returncode, said in done.stdout + done.stderr) == (code, False)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().count("alice:$argon2id$") == 1
