"""Who may ask: a bearer token for programs, a password for the console when one is set.

Secrets are compared in constant time.
"""

import hmac
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from pydantic import SecretStr
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamwatch.web.parts import Wired

_basic = HTTPBasic(auto_error=False, realm="StreamWatch")

HEADERS = (
    # No page of ours needs scripts, frames or anything from elsewhere; links carry a signature in their path.
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'",
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cache-control", b"no-store"),
)


async def bearer(request: Request, parts: Wired) -> None:
    """One of the tokens of duty.yml; all of them are compared, so that time tells nothing."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    tokens = parts.config().tokens
    matches = [_same(given.strip(), token) for token in tokens]
    if scheme.lower() != "bearer" or not any(matches):
        raise HTTPException(
            401,
            "this needs 'Authorization: Bearer <token>' with a token of duty.yml's token_files",
            {"WWW-Authenticate": "Bearer"},
        )


async def viewer(parts: Wired, credentials: Annotated[HTTPBasicCredentials | None, Depends(_basic)]) -> None:
    """Everyone, while the receiver listens on this machine alone; else who knows the console's password."""
    password = parts.config().console_password
    if password is None:
        return
    if credentials is None or not _same(credentials.password, password):
        raise HTTPException(
            401, "the console needs its password", {"WWW-Authenticate": 'Basic realm="StreamWatch"'}
        )


def _same(given: str, secret: SecretStr) -> bool:
    return hmac.compare_digest(given.encode(), secret.get_secret_value().encode())


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
