"""Where alerts come in. It checks that the body is a webhook and that it is stored; it does not think.

Alertmanager tries again after 5xx and never after 4xx, so a 4xx is only for what would be wrong every time.
"""

from fastapi import FastAPI, HTTPException, Request, Response
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from streamwatch.alert import urgent
from streamwatch.errors import NotAWebhook, NotStored
from streamwatch.intake import alertmanager
from streamwatch.web.pages import show_error
from streamwatch.web.parts import Parts
from streamwatch.web.security import bearer

PATH = "/api/v1/alerts/alertmanager"


def add_intake(app: FastAPI) -> None:
    """The route is for the API's description and for other methods; what is posted takes the short way."""
    app.add_api_route(PATH, from_alertmanager, methods=["POST"], response_model=dict[str, int], tags=["alerts"])
    app.add_middleware(ShortWay)


class ShortWay:
    """Takes webhooks past the routes of FastAPI, which cost twice as much as parsing and storing one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            answer = await from_alertmanager(request)
        except ClientDisconnect:
            return  # nothing was promised, and there is nobody to tell
        except HTTPException as refusal:
            answer = await show_error(request, refusal)
        await answer(scope, receive, send)


async def from_alertmanager(request: Request) -> Response:
    """A webhook of Alertmanager. 200: every alert of it is on the disk."""
    parts: Parts = request.app.state.parts
    await bearer(request, parts)
    body = await _body(request, parts)
    at = parts.clock()
    try:
        alerts = alertmanager.read(body)
    except NotAWebhook as error:
        raise _refused(parts, 400, "not_a_webhook", str(error)) from None
    if alerts:
        try:
            await parts.store.inbox.accept("alertmanager", body, at, urgent(alerts))
        except NotStored as error:
            raise _refused(parts, 503, "not_stored", str(error)) from None
        parts.alerts_came()
    _count(parts, "accepted")
    return Response(b'{"accepted":%d}' % len(alerts), media_type="application/json")


async def _body(request: Request, parts: Parts) -> bytes:
    """Read no more than may be; a sender that says too much beforehand is not read at all."""
    limit = alertmanager.MAX_BODY
    text = f"more than {limit} bytes in one webhook; split it by group_by or max_alerts in alertmanager.yml"
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit:
        raise _refused(parts, 413, "too_large", text)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _refused(parts, 413, "too_large", text)
    return bytes(body)


def _refused(parts: Parts, status: int, result: str, text: str) -> HTTPException:
    _count(parts, result)
    return HTTPException(status, text)


def _count(parts: Parts, result: str) -> None:
    parts.metrics.webhooks.labels("alertmanager", result).inc()
