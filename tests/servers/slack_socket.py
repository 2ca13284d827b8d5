"""Slack's side of Socket Mode: an address that is good once, hello, envelopes that want an answer within 3 s."""

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

from servers.stand_in import Answer, Request, says
from servers.websocket_server import WebSocketServer

APP_TOKEN = "xapp-1-A0APP-the-app-level-t0ken"
WITHIN = 3.0  # seconds after which the person sees that it failed; the answer itself still counts


@dataclass
class Socket:
    tickets: set[str] = field(default_factory=set)
    opened: int = 0
    asked: dict[str, float] = field(default_factory=dict)  # envelope → when it was sent
    answered: dict[str, float] = field(default_factory=dict)  # envelope → seconds it took
    strange: list[Any] = field(default_factory=list)  # answers to nothing that was asked
    silent: bool = False  # it never says hello

    def __post_init__(self) -> None:
        self._ids = itertools.count(1)
        self.server = WebSocketServer(self._admit, self._greet, self._hear)

    def open(self, request: Request) -> Answer:
        """apps.connections.open"""
        if request.headers.get("authorization") != f"Bearer {APP_TOKEN}":
            return says({"ok": False, "error": "not_allowed_token_type"})
        self.opened += 1
        ticket = f"t1cket-{self.opened}-of-the-socket"
        self.tickets.add(ticket)
        return says({"ok": True, "url": f"{self.server.url}/link/?ticket={ticket}&app_id=A0APP"})

    def _admit(self, path: str) -> bool:
        ticket = path.partition("ticket=")[2].partition("&")[0]
        known = ticket in self.tickets
        self.tickets.discard(ticket)
        return known

    def _greet(self, number: int) -> dict[str, Any] | None:
        return (
            None
            if self.silent
            else {"type": "hello", "num_connections": number, "connection_info": {"app_id": "A0APP"}}
        )

    def _hear(self, _: int, said: dict[str, Any]) -> None:
        at = self.asked.pop(said.get("envelope_id", ""), None)
        if at is None:
            self.strange.append(said)
        else:
            self.answered[said["envelope_id"]] = time.monotonic() - at

    def envelope(self, payload: dict[str, Any], connection: int | None = None, type_: str = "interactive") -> str:
        """Sent over one connection, the newest if none is named."""
        id_ = f"envelope-{next(self._ids)}"
        self.asked[id_] = time.monotonic()
        body = {"envelope_id": id_, "type": type_, "accepts_response_payload": False, "payload": payload}
        self.server.say(connection or max(self.server.open), body)
        return id_

    def press(self, user: str, value: str, at: str = "1795348801.000100", connection: int | None = None) -> str:
        action = {"type": "button", "action_id": "ack", "block_id": "b", "value": value, "action_ts": at}
        return self.envelope(
            {
                "type": "block_actions",
                "user": {"id": user, "name": "somebody"},
                "channel": {"id": "C0LIVE", "name": "live"},
                "response_url": "http://127.0.0.1:1/never-asked",
                "actions": [action],
            },
            connection,
        )

    def announce_end(self, reason: str, connection: int) -> None:
        self.server.say(connection, {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink"}})

    def close(self) -> None:
        self.server.close()
