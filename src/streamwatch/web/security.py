"""Who may ask: a bearer token for programs; for people see `callers`. And the headers of every answer.

Secrets are compared in constant time.
"""

from collections.abc import Iterable

from fastapi import HTTPException, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamwatch.access.rights import Caller, Right
from streamwatch.config.console import Token
from streamwatch.language import Text
from streamwatch.web.callers import address, ops, same, viewer
from streamwatch.web.parts import Wired

__all__ = ["StrictHeaders", "admin_token", "bearer", "ops", "token_of", "viewer"]

HEADERS = (
    # No page of ours needs scripts, frames or anything from elsewhere; links carry a signature in their path.
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    # Nothing to others; to ourselves, because a browser that is told to say nothing calls our own forms foreign.
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"cache-control", b"no-store"),
)

READS = ("GET", "HEAD")
NEEDS_TOKEN = "this needs 'Authorization: Bearer <token>' with a token of duty.yml's token_files"  # noqa: S105


async def bearer(request: Request, parts: Wired) -> None:
    """One of the tokens of duty.yml, with the right to read, or to act when it is not asked to read."""
    token = token_of(request.headers.get("authorization", ""), parts.config().tokens)
    if token is None:
        raise HTTPException(401, NEEDS_TOKEN, {"WWW-Authenticate": "Bearer"})
    request.state.caller = Caller(token.name, token.right, "token", address=address(request, parts.config()))
    _require(request, "viewer" if request.method in READS else "ops")


async def admin_token(request: Request, parts: Wired) -> None:
    """A token that may look after the receiver."""
    await bearer(request, parts)
    _require(request, "admin")


def token_of(authorization: str, tokens: Iterable[Token]) -> Token | None:
    """Which of *tokens* is shown. All of them are compared, so that time tells nothing."""
    scheme, _, given = authorization.partition(" ")
    found = None
    for token in tokens:
        if same(given.strip(), token.secret):
            found = found or token
    return found if scheme.lower() == "bearer" else None


def _require(request: Request, right: Right) -> None:
    if not request.state.caller.may(right):
        raise HTTPException(403, Text(f"这个令牌没有 {right} 权限", f"this token does not have the right {right}"))


class StrictHeaders:
    """Adds the headers to every answer that did not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in HEADERS if pair[0] not in present)]
            await send(message)

        await self._app(scope, receive, strict)
