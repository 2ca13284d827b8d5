"""Login by the clock: sessions that run out, guesses that are held up, who is behind a proxy.

In one process, so that the test moves the clock and chooses addresses.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from servers.console import PASSPHRASES, doors, forms
from servers.free_port import free_port
from servers.receiver import AUTH, write_config
from servers.story import Hands
from streamwatch.app import build
from streamwatch.web.door import BY_ADDRESS, BY_NAME, WINDOW

BASE = "http://127.0.0.1"
Browse = Callable[..., httpx.AsyncClient]


@asynccontextmanager
async def console(folder: Path, clock: Hands, **more: object) -> AsyncIterator[FastAPI]:
    app = build(write_config(folder, free_port(), "http://127.0.0.1:9/pages", **more), clock)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def app(tmp_path: Path, clock: Hands) -> AsyncIterator[FastAPI]:
    async with console(tmp_path, clock, **doors(tmp_path)) as app:
        yield app


def browse(app: FastAPI, address: str = "192.0.2.1", **headers: str) -> httpx.AsyncClient:
    said = {"Accept": "text/html", "Accept-Language": "en", **headers}
    transport = httpx.ASGITransport(app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url=BASE, headers=said)


async def log_in(browser: httpx.AsyncClient, name: str, passphrase: str | None = None) -> httpx.Response:
    (form,) = [each for each in forms(await browser.get("/login")) if each.action.endswith("/login")]
    said = PASSPHRASES[name] if passphrase is None else passphrase
    return await browser.post(form.action, data={**form.fields, "name": name, "passphrase": said})


async def test_a_session_runs_out(app: FastAPI, clock: Hands) -> None:
    """After twelve hours, however much it is used; the way back is the page that was wanted."""
    async with browse(app) as browser:
        await log_in(browser, "bob")
        clock.advance(12 * 3600 - 1)
        assert (await browser.get("/")).status_code == 200
        clock.advance(1)
        assert (await browser.get("/handover")).headers["location"] == "/login?next=%2Fhandover"
        assert 'value="bob"' in (await browser.get("/login")).text


async def test_an_emergency_asks_for_no_passphrase_again(app: FastAPI, clock: Hands) -> None:
    """A page of weeks ago, a session that ran out: the same tap, in its owner's name. And nothing else."""
    async with browse(app) as browser:
        await log_in(browser, "bob")
        (form,) = [each for each in forms(await browser.get("/sos/other")) if each.action.endswith("/sos/other")]
        clock.advance(21 * 24 * 3600)
        pressed = await browser.post(form.action, data=form.fields | {"stream": "late", "note": "smoke"})
        assert pressed.status_code == 303
        assert (await browser.get(pressed.headers["location"])).status_code == 200
        assert (await browser.get("/sos")).status_code == 200
        assert (await browser.get("/incidents/1")).status_code == 303
        note = {"press": form.fields["press"], "note": "x"}
        assert (await browser.post("/incidents/1/notes", data=note)).status_code == 401
        async with browse(app, **AUTH) as admin:
            (row,) = (await admin.get("/api/v1/audit", params={"act": "report"})).json()["audit"]
        assert (row["person"], row["how"]) == ("bob", "expired")
        clock.advance(70 * 24 * 3600)
        assert (await browser.get("/sos")).status_code == 303


async def test_a_stranger_reports_nothing_unless_that_is_meant(tmp_path: Path, clock: Hands) -> None:
    """The network may wake the team only where duty.yml says so; the rest stays closed."""
    for number, meant in enumerate((False, True)):
        folder = tmp_path / str(number)
        async with console(folder, clock, **doors(folder, emergency_open=meant)) as app, browse(app) as browser:
            shown = await browser.get("/sos/other")
            assert shown.status_code == (200 if meant else 303)
            assert (await browser.get("/")).status_code == 303
            if meant:
                form = next(each for each in forms(shown) if each.action.endswith("/sos/other"))
                assert (await browser.post(form.action, data=form.fields)).status_code == 303


async def test_guesses_at_a_name_are_held_up(app: FastAPI, clock: Hands) -> None:
    """Ten, from wherever; also the right one waits then, and an unknown name likewise. By the clock it is over."""
    for name in ("alice", "mallory"):
        for number in range(BY_NAME):
            async with browse(app, f"192.0.2.{number + 10}") as browser:
                assert (await log_in(browser, name, f"wrong {number}")).status_code == 401
        async with browse(app, "192.0.2.99") as browser:
            held = await log_in(browser, name, PASSPHRASES["alice"])
            assert (held.status_code, held.headers["retry-after"]) == (429, "900")
            assert "try again in 15 minutes" in held.text
    async with browse(app, "192.0.2.99") as browser:
        assert (await log_in(browser, "bob")).status_code == 303
    clock.advance(WINDOW.total_seconds())
    async with browse(app, "192.0.2.98") as browser:
        assert (await log_in(browser, "alice")).status_code == 303
    async with browse(app, **AUTH) as admin:
        found = (await admin.get("/api/v1/audit", params={"act": "login_held_up"})).json()["audit"]
    assert [row["name"] for row in found] == [None, "alice"]


async def test_guesses_from_an_address_are_held_up(app: FastAPI) -> None:
    """Whatever names it tries; another address goes on. An IPv6 host is its whole /64."""
    where = ("2001:db8::1", "2001:db8::ffff", "2001:db8:0:1::1")
    for number in range(BY_ADDRESS):
        async with browse(app, where[0]) as browser:
            assert (await log_in(browser, f"name-{number}", "wrong")).status_code == 401
    for address, code in zip(where, (429, 429, 303), strict=True):
        async with browse(app, address) as browser:
            assert (await log_in(browser, "bob")).status_code == code


async def test_strangers_lock_nobody_out(app: FastAPI, clock: Hands) -> None:
    """Where Alice was logged in before, others' mistakes do not count; her own do."""
    async with browse(app, "192.0.2.7") as hers:
        await log_in(hers, "alice")
        clock.advance(13 * 3600)
        for number in range(BY_NAME):
            async with browse(app, f"192.0.2.{number + 10}") as browser:
                await log_in(browser, "alice", "wrong")
        assert (await log_in(hers, "alice")).status_code == 303
        clock.advance(13 * 3600)
        for _ in range(BY_NAME):
            assert (await log_in(hers, "alice", "wrong")).status_code == 401
        assert (await log_in(hers, "alice")).status_code == 429


async def test_a_planted_session_is_worth_nothing(app: FastAPI) -> None:
    """A cookie from before the login is no session after it."""
    async with browse(app) as browser:
        browser.cookies.set("streamwatch", "chosen-by-somebody-else")
        entered = await log_in(browser, "bob")
        assert "chosen-by-somebody-else" not in entered.headers["set-cookie"]
    async with browse(app) as thief:
        thief.cookies.set("streamwatch", "chosen-by-somebody-else")
        assert (await thief.get("/")).status_code == 303


async def test_with_tls_cookies_are_for_this_host_and_tls_alone(tmp_path: Path, clock: Hands) -> None:
    """Secure, with the prefix that browsers enforce, when public_url says https."""
    more = doors(tmp_path) | {"public_url": "https://live.example.org"}
    async with console(tmp_path, clock, **more) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="https://live.example.org") as browser:
            entered = await log_in(browser, "bob")
            assert entered.headers["set-cookie"].startswith("__Host-streamwatch=")
            assert "; Secure" in entered.headers["set-cookie"]
            assert (await browser.get("/")).status_code == 200


PROXY = {"proxy": {"header": "X-Forwarded-User", "from": ["10.0.0.1", "10.1.0.0/16"]}, "rights": {"alice": "admin"}}


@pytest.mark.parametrize("address", ["10.0.0.1", "10.1.2.3"])
async def test_the_proxy_says_who_it_is(tmp_path: Path, clock: Hands, address: str) -> None:
    """An account by its header, with its right, and the address that the proxy saw last."""
    async with console(tmp_path, clock, console=PROXY) as app:
        forwarded = {"X-Forwarded-User": "Alice", "X-Forwarded-For": "198.51.100.1, 203.0.113.9, 10.1.9.9"}
        async with browse(app, address, **forwarded) as alice:
            assert (await alice.get("/audit")).status_code == 200
            form = next(each for each in forms(await alice.get("/sos/other")) if each.action.endswith("/other"))
            assert (await alice.post(form.action, data=form.fields | {"by": ""})).status_code == 303
            page = (await alice.get("/audit?act=report")).text
        assert ("<b>Alice</b> reports" in page, "203.0.113.9" in page) == (True, True)
        async with browse(app, address, **{"X-Forwarded-User": "bob"}) as bob:
            assert [(await bob.get(path)).status_code for path in ("/", "/audit")] == [200, 403]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("10.0.0.2", [("X-Forwarded-User", "alice")]),
        ("127.0.0.1", [("X-Forwarded-User", "alice"), ("X-Forwarded-For", "10.0.0.1")]),
        ("10.0.0.1", []),
        ("10.0.0.1", [("X-Forwarded-User", "")]),
        ("10.0.0.1", [("X-Forwarded-User", "mallory"), ("X-Forwarded-User", "alice")]),
    ],
)
async def test_nobody_else_says_so(tmp_path: Path, clock: Hands, address: str, said: list[Any]) -> None:
    """From elsewhere the header is worth nothing; without it, or said twice, the proxy lets nobody in."""
    async with console(tmp_path, clock, console=PROXY) as app, browse(app, address) as browser:
        assert (await browser.get("/", headers=httpx.Headers(said))).status_code == 401


async def test_a_reload_does_not_open_the_doors(tmp_path: Path, clock: Hands) -> None:
    """Listening beyond this machine, a file without any door is refused, and the old one stays in force."""
    port = free_port()
    path = write_config(tmp_path, port, "http://127.0.0.1:9/pages", **doors(tmp_path))
    app = build(path, clock, host="0.0.0.0")
    async with app.router.lifespan_context(app), browse(app, **AUTH) as admin:
        write_config(tmp_path, port, "http://127.0.0.1:9/pages")
        refused = await admin.post("/-/reload")
        assert (refused.status_code, "passphrases_file" in refused.text) == (422, True)
        assert (await admin.get("/")).status_code == 303
