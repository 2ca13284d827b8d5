"""DingTalk's side of stream mode: a ticket good for once, pings that want their data, messages told again."""

import itertools
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from servers.stand_in import Answer, Request, StandIn, says
from servers.websocket_server import WebSocketServer

CLIENT, SECRET = "dingc11ent0ftheapp", "the-client-secret-of-the-app"
TOPIC = "/v1.0/im/bot/messages/get"


@dataclass(frozen=True)
class Told:
    """What was written into the group, and whom it named."""

    text: str
    to: tuple[str, ...]


class DingTalkStream(StandIn):
    """`unanswered` are the callbacks without an answer: they are told again to whoever comes next."""

    def __init__(self) -> None:
        super().__init__("")
        self.secrets = (SECRET,)
        self.tickets: set[str] = set()
        self.opened = 0
        self.told: list[Told] = []
        self.unanswered: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        self._ids = itertools.count(1)
        self.server = WebSocketServer(self._admit, lambda _: None, self._hear)

    def answer(self, request: Request) -> Answer:
        if request.path == "/v1.0/gateway/connections/open":
            return self._open(request.json)
        if request.path == "/robot/sendBySession":
            body = request.json
            self.told.append(Told(body["text"]["content"], tuple(body["at"]["atUserIds"])))
            return says({"errcode": 0, "errmsg": "ok"})
        return says({"code": "NotFound", "message": "?"}, 404)

    def _open(self, body: Any) -> Answer:
        if (body.get("clientId"), body.get("clientSecret")) != (CLIENT, SECRET):
            return says(
                {"code": "authFailed", "requestid": "1", "message": f"鉴权失败 {body.get('clientSecret')}"}, 401
            )
        if {"type": "CALLBACK", "topic": TOPIC} not in body.get("subscriptions", []):
            return says({"code": "param.error", "message": "subscriptions"}, 400)
        self.opened += 1
        ticket = f"t1cket/{self.opened}+of the stream"
        self.tickets.add(ticket)
        return says({"endpoint": f"{self.server.url}/connect", "ticket": ticket})

    def _admit(self, path: str) -> bool:
        ticket = unquote_plus(path.partition("?ticket=")[2])
        known = ticket in self.tickets
        self.tickets.discard(ticket)
        return known

    def _hear(self, _: int, said: dict[str, Any]) -> None:
        id_ = said["headers"]["messageId"]
        if said["code"] == 200:
            self.unanswered.pop(id_, None)
        self.answers[id_] = said

    def frame(self, type_: str, topic: str, data: str, connection: int | None = None) -> str:
        """To one connection, the newest if none is named."""
        id_ = f"message-{next(self._ids)}"
        headers = {"messageId": id_, "topic": topic, "contentType": "application/json", "time": "1795348801000"}
        frame = {"specVersion": "1.0", "type": type_, "headers": headers, "data": data}
        if type_ == "CALLBACK":
            self.unanswered[id_] = frame
        self.server.say(connection or max(self.server.open), frame)
        return id_

    def write(
        self, user: str | None, text: str, id_: str = "msg1", connection: int | None = None, **more: Any
    ) -> str:
        """*user*, None for one of another organisation, writes to the robot in the group."""
        message = {
            "msgId": id_,
            "msgtype": "text",
            "conversationType": "2",
            "senderNick": "somebody",
            "senderId": "$:LWCP_v1:$abc",
            "sessionWebhook": f"{self.base}/robot/sendBySession?session=s3ss1on-of-the-chat",
            "text": {"content": text},
            **({"senderStaffId": user} if user else {}),
            **more,
        }
        return self.frame("CALLBACK", TOPIC, json.dumps(message, ensure_ascii=False), connection)

    def tell_again(self) -> None:
        """What was never answered."""
        for frame in list(self.unanswered.values()):
            self.server.say(max(self.server.open), frame)

    def close(self) -> None:
        self.server.close()
        super().close()
