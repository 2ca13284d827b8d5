"""Bark's side: phones that are registered, and Apple's 4096 bytes behind it."""

from typing import Any

from servers.stand_in import Answer, Request, StandIn, says
from streamwatch.channels.channel import json_bytes

KEY = "b4rKd3v1ceKeyOfAlice22"
LEVELS = ("critical", "active", "timeSensitive", "passive")


class BarkServer(StandIn):
    def __init__(self) -> None:
        super().__init__("")
        self.secrets = (KEY,)
        self.heard: list[dict[str, Any]] = []

    def answer(self, request: Request) -> Answer:
        if request.path != "/push":
            return says({"code": 404, "message": "Cannot POST"}, status=404)
        code, words = self._refuse(request) or (200, "success")
        if code == 200:
            self.heard.append(request.json)
        return says({"code": code, "message": words, "timestamp": 1795348800}, status=code)

    def _refuse(self, request: Request) -> tuple[int, str] | None:
        body = request.json
        if not isinstance(body, dict) or not all(isinstance(value, str) for value in body.values()):
            return 400, "request bind failed"
        key = body.get("device_key")
        if not key:
            return 400, "device key is empty"
        if key != KEY:
            return 400, f"failed to get device token: failed to get [{key}] device token from database"
        if body.get("level") not in LEVELS:
            return 400, "request bind failed: level"
        alert = {"title": body.get("title", ""), "body": body.get("body", "")}
        rest = {name: body[name] for name in body.keys() - {"title", "body", "device_key"}}
        aps = {"alert": alert, "mutable-content": 1, "category": "myNotificationCategory", "sound": "1107.caf"}
        if len(json_bytes({"aps": {**aps, "thread-id": body.get("group", "")}, **rest})) > 4096:
            return 500, "push failed: PayloadTooLarge"
        return None
