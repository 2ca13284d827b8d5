"""Slack's side: an incoming webhook that answers in words, and chat.postMessage that answers 200 for yes and no."""

import html
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from servers.slack_socket import Socket
from servers.stand_in import Answer, Request, StandIn, says
from streamwatch.clock import Clock

HOOK = "/services/T0TEAM/B0BOT/wEbh00k-s3cret-of-the-channel"
TOKEN = "xoxb-t0ken-of-the-app"
CHANNEL, MEMBERS = "C0LIVE", ("U0ALICE", "U0BOB")
PACE = timedelta(seconds=1)


@dataclass(frozen=True)
class Heard:
    """One message: where, below which other one, what is read, and whom it calls."""

    channel: str
    thread: str | None
    broadcast: bool
    text: str
    raw: str
    links: tuple[str, ...]
    rang: tuple[str, ...]
    everyone: bool
    button: str | None = None  # what the button below it carries


class SlackServer(StandIn):
    def __init__(self, clock: Clock) -> None:
        super().__init__(HOOK)
        self.api = f"{self.base}/api"
        self.secrets: tuple[str, ...] = (HOOK.rpartition("/")[2], TOKEN)
        self.heard: list[Heard] = []
        self.stamps: dict[str, str] = {}
        self._clock = clock
        self._last: dict[str, datetime] = {}
        self.socket: Socket | None = None  # a test that wants buttons gives one
        self.whispered: list[tuple[str, str]] = []  # what one person alone was told

    def answer(self, request: Request) -> Answer:
        if request.path == HOOK:
            return self._hook(request)
        if request.path == "/api/apps.connections.open" and self.socket:
            return self.socket.open(request)
        if request.path == "/api/chat.postEphemeral":
            self.whispered.append((request.json["user"], request.json["text"]))
            return says({"ok": True, "message_ts": "1795348800.9"})
        if request.path != "/api/chat.postMessage":
            return says({"ok": False, "error": "unknown_method"})
        error = self._refuse(request)
        if error == "ratelimited":
            return says({"ok": False, "error": error}, status=429, retry_after="1")
        if error:
            return says({"ok": False, "error": error})
        body = request.json
        place = f"D{body['channel'][1:]}" if body["channel"] in MEMBERS else body["channel"]
        stamp = f"1795348800.{len(self.heard):06}"
        self.stamps[stamp] = place
        self.heard.append(_heard(body, place))
        return says({"ok": True, "channel": place, "ts": stamp})

    def _hook(self, request: Request) -> Answer:
        body = request.json
        if self._too_fast("hook"):
            return Answer(429, b"rate_limited", {"Retry-After": "1"})
        if not isinstance(body, dict):
            return Answer(400, b"invalid_payload")
        if not body.get("text"):
            return Answer(400, b"no_text")
        self.heard.append(_heard(body, CHANNEL))
        return Answer(200, b"ok")

    def _refuse(self, request: Request) -> str | None:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return "invalid_auth"
        body = request.json
        if not isinstance(body, dict):
            return "invalid_json"
        if body.get("channel") not in (CHANNEL, *MEMBERS):
            return "channel_not_found"
        if not body.get("text"):
            return "no_text"
        if len(body["text"]) > 40_000:
            return "msg_too_long"
        if any(not _fits(block) for block in body.get("blocks", [])):
            return "invalid_blocks"
        thread = body.get("thread_ts")
        if thread is not None and thread not in self.stamps:
            return "thread_not_found"
        return "ratelimited" if self._too_fast(body["channel"]) else None

    def _too_fast(self, place: str) -> bool:
        now = self._clock()
        if place in self._last and now - self._last[place] < PACE:
            return True
        self._last[place] = now
        return False


def _fits(block: dict[str, Any]) -> bool:
    """The limits of Block Kit."""
    if block["type"] == "section":
        return 1 <= len(block["text"]["text"]) <= 3000
    button = block["elements"][0]
    return len(button["value"]) <= 2000 and len(button["action_id"]) <= 255 and len(button["text"]["text"]) <= 75


def _button(body: dict[str, Any]) -> str | None:
    found = [each for each in body.get("blocks", []) if each["type"] == "actions"]
    return found[0]["elements"][0]["value"] if found else None


def _heard(body: dict[str, Any], place: str) -> Heard:
    """`<…>` is Slack's own markup, everything else is shown; entities are turned back last of all."""
    raw = body["text"]
    marked = re.findall(r"<([^<>]*)>", raw)
    rang = tuple(each[1:] for each in marked if each.startswith("@"))
    links = tuple(html.unescape(each.split("|")[0]) for each in marked if each.startswith("http"))
    everyone = any(each.startswith("!") for each in marked)
    shown = html.unescape(re.sub(r"<(?:[^<>|]*\|)?([^<>]*)>", r"\1", raw))
    broadcast = bool(body.get("reply_broadcast"))
    return Heard(place, body.get("thread_ts"), broadcast, shown, raw, links, rang, everyone, _button(body))
