"""Where alerts come in. It checks that the body is a webhook and that it is stored; it does not think.

Alertmanager tries again after 5xx and never after 4xx, so a 4xx is only for what would be wrong every time.
"""

from collections.abc import Iterable
from typing import Any

from fastapi import HTTPException, Request, Response
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from streamwatch.access.rights import reaches
from streamwatch.errors import NotAWebhook, NotStored
from streamwatch.intake import alertmanager
from streamwatch.web.parts import Parts
from streamwatch.web.security import HEADERS, bearer, token_of

PATH = "/api/v1/alerts/alertmanager"
TAKEN = [(b"content-type", b"application/json"), *HEADERS]
REFUSAL = "streamwatch.refusal"  # in the scope: why the short way did not take it
Headers = Iterable[tuple[bytes, bytes]]


async def short_way(parts: Parts, scope: Scope, receive: Receive, send: Send) -> bool:
    """Take a webhook past routes and middlewares, which cost more than to parse and store one. Whether it answered:
    what is no webhook of somebody known goes the long way, where refusals are worded, counted and held up.
    """
    if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
        return False
    token = token_of(_said(scope["headers"], b"authorization").decode("latin-1"), parts.config().tokens)
    if token is None or not reaches(token.right, "ops"):
        return False
    try:
        count = await _keep(parts, await _body(scope["headers"], receive, parts))
    except ClientDisconnect:
        return True  # nothing was promised, and there is nobody to tell
    except HTTPException as refusal:
        scope[REFUSAL] = refusal
        return False
    body = b'{"accepted":%d}' % count
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": 200, "headers": [length, *TAKEN]})
    await send({"type": "http.response.body", "body": body})
    return True


async def from_alertmanager(request: Request) -> Response:
    """A webhook of Alertmanager. 200: every alert of it is on the disk."""
    if refusal := request.scope.get(REFUSAL):
        raise refusal
    parts: Parts = request.app.state.parts
    await bearer(request, parts)
    count = await _keep(parts, await _body(request.scope["headers"], request.receive, parts))
    return Response(b'{"accepted":%d}' % count, media_type="application/json")


async def _keep(parts: Parts, body: bytes) -> int:
    """How many alerts of it are on the disk. Raises what is answered when it is none, or when they are not."""
    at = parts.clock()
    try:
        alerts = alertmanager.read(body)
    except NotAWebhook as error:
        raise _refused(parts, 400, "not_a_webhook", str(error)) from None
    if alerts:
        try:
            await parts.store.inbox.accept("alertmanager", body, at, alerts.urgent)
        except NotStored as error:
            raise _refused(parts, 503, "not_stored", str(error)) from None
        parts.alerts_came()
    _count(parts, "accepted")
    return len(alerts)


async def _body(headers: Headers, receive: Receive, parts: Parts) -> bytes:
    """Read no more than may be; a sender that says too much beforehand is not read at all."""
    limit = alertmanager.MAX_BODY
    text = f"more than {limit} bytes in one webhook; split it by group_by or max_alerts in alertmanager.yml"
    declared = _said(headers, b"content-length")
    if declared.isdigit() and int(declared) > limit:
        raise _refused(parts, 413, "too_large", text)
    body, more = bytearray(), True
    while more:
        message: Any = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit:
            raise _refused(parts, 413, "too_large", text)
    return bytes(body)


def _said(headers: Headers, name: bytes) -> bytes:
    return next((value for each, value in headers if each == name), b"")


def _refused(parts: Parts, status: int, result: str, text: str) -> HTTPException:
    _count(parts, result)
    return HTTPException(status, text)


def _count(parts: Parts, result: str) -> None:
    parts.metrics.webhooks.labels("alertmanager", result).inc()
