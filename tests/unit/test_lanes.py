"""Limits: a full lane says when to come again, a slow or large body takes no place, alerts wait for nobody."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from servers.story import Hands
from streamwatch.web import lanes
from streamwatch.web.lanes import REFUSALS, WINDOW, Lanes, Limits

INTAKE = "/api/v1/alerts/alertmanager"


@dataclass
class App:
    """Holds every request until it is told to go on; answers with *status*."""

    status: int = 200
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    inside: int = 0
    bodies: list[bytes] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.inside += 1
        self.bodies.append((await receive()).get("body", b""))
        await self.go_on.wait()
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})


@dataclass
class Door:
    app: App
    limits: Limits
    clock: Hands
    turned: list[str]

    async def ask(self, path: str, *chunks: bytes, address: str = "192.0.2.1", **headers: str) -> tuple[int, Any]:
        """Status and headers of the answer. Nothing more comes after the *chunks* that were given."""
        sent: list[Any] = []
        waiting = list(chunks or (b"",))

        async def receive() -> dict[str, Any]:
            if not waiting:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting) or len(chunks) == 1}

        async def send(message: Any) -> None:
            sent.append(message)

        said = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "path": path, "headers": said, "client": (address, 1)}
        await self.limits(scope, receive, send)
        return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


@pytest.fixture
def door() -> Door:
    app, clock, turned = App(), Hands(), list[str]()
    limits = Limits(app, Lanes(INTAKE, 1000), clock, lambda scope: scope["client"][0], turned.append)
    return Door(app, limits, clock, turned)


async def reached(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not look():  # noqa: ASYNC110
            await asyncio.sleep(0)


ONE_OF_EACH = (INTAKE, "/-/healthy", "/metrics", "/a/token", "/incidents/7/evidence/1", "/login")


@pytest.mark.parametrize(
    ("path", "most", "same"),
    [
        ("/", 64, "/login"),
        ("/sos/other", 32, "/a/token"),
        ("/api/v1/incidents/7/evidence", 8, "/incidents/7/evidence/1"),
        ("/-/ready", 16, "/metrics"),
    ],
)
async def test_a_full_lane_keeps_nobody_else_out(door: Door, path: str, most: int, same: str) -> None:
    """One more is told to come again in a second; all other lanes go on, alerts first; then there is room again."""
    held = [asyncio.create_task(door.ask(path)) for _ in range(most)]
    await reached(lambda: door.app.inside == most)
    code, headers = await door.ask(same)
    assert (code, headers["retry-after"], door.turned) == (503, "1", ["busy"])
    others = [asyncio.create_task(door.ask(each)) for each in ONE_OF_EACH if each != same]
    await reached(lambda: door.app.inside == most + len(others))
    door.app.go_on.set()
    assert {code for code, _ in await asyncio.gather(*held, *others)} == {200}
    assert (await door.ask(path))[0] == 200


async def test_alerts_are_never_too_many(door: Door) -> None:
    """A sender that is told 429 throws its alerts away: a thousand webhooks at once all go in."""
    asked = [asyncio.create_task(door.ask(INTAKE)) for _ in range(1000)]
    await reached(lambda: door.app.inside == len(asked))
    door.app.go_on.set()
    assert {code for code, _ in await asyncio.gather(*asked)} == {200}
    assert door.turned == []


async def test_who_sends_slowly_takes_no_place(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred that never finish, and the console is there for everybody else; they are told so in the end."""
    monkeypatch.setattr(lanes, "BODY_WITHIN", 0.5)
    slow = [asyncio.create_task(door.ask("/login", b"na", content_length="100")) for _ in range(100)]
    await asyncio.sleep(0)
    door.app.go_on.set()
    assert (await door.ask("/"))[0] == 200
    assert {code for code, _ in await asyncio.gather(*slow)} == {408}
    assert (door.app.inside, door.turned) == (1, ["slow"] * 100)


async def test_what_is_too_large_is_not_read(door: Door) -> None:
    """Announced or not; a webhook has its own measure, and so has a file."""
    door.app.go_on.set()
    large = b"x" * (lanes.BODY + 1)
    assert (await door.ask("/login", content_length=str(len(large))))[0] == 413
    assert (await door.ask("/login", large, b"", transfer_encoding="chunked"))[0] == 413
    assert (await door.ask("/api/v1/alerts/zabbix", b"x" * 2000, b"", content_length="2000"))[0] == 413
    assert door.app.inside == 0
    assert (await door.ask("/incidents/7/evidence", large, b"", content_length=str(len(large))))[0] == 200


async def test_a_body_arrives_whole(door: Door) -> None:
    """In however many pieces it came."""
    door.app.go_on.set()
    assert (await door.ask("/login", b"name=", b"alice", content_length="10"))[0] == 200
    assert door.app.bodies == [b"name=alice"]


async def test_who_is_refused_again_and_again_is_told_to_wait(door: Door) -> None:
    """By address and by the clock; others go on, and whoever is let in was never held up."""
    door.app.go_on.set()
    door.app.status = 401
    assert [(await door.ask("/api/v1/status"))[0] for _ in range(REFUSALS)] == [401] * REFUSALS
    code, headers = await door.ask("/api/v1/status")
    assert (code, headers["retry-after"], door.turned) == (429, "61", ["rate"])
    assert (await door.ask("/api/v1/status", address="192.0.2.2"))[0] == 401
    assert (await door.ask("/sos/other"))[0] == 401  # an emergency form that is shown once more
    door.app.status = 200
    assert (await door.ask("/api/v1/status"))[0] == 200
    door.app.status = 404
    assert [(await door.ask(path))[0] for path in ("/a/forged", "/nothing")] == [429, 404]
    door.clock.advance(WINDOW.total_seconds())
    assert (await door.ask("/a/forged"))[0] == 404
