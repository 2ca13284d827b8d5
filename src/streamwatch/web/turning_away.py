"""The short answer to a request that is not looked at: no page is rendered, and nothing of it is repeated."""

import json

from starlette.types import Scope, Send

from streamwatch.language import Text, accepted_language

WHY = {
    "busy": Text("同时的请求太多，请马上再试；紧急情况请打电话",
                 "too many requests at once; try again at once, in an emergency telephone"),
    "rate": Text("被拒绝的请求太多，请稍后再试", "too many requests were refused; try again later"),
    "too_large": Text("请求太大", "the request is too large"),
    "slow": Text("请求来得太慢，没有收完", "the request came too slowly and was not read to its end"),
}  # fmt: skip


async def turn_away(scope: Scope, send: Send, code: int, why: str, wait: int | None) -> None:
    """*wait* is seconds until it may come again."""
    asked = {name: value.decode("latin-1") for name, value in scope["headers"]}
    words = WHY[why].read_in(accepted_language(asked.get(b"accept-language", "")))
    for_people = "text/html" in asked.get(b"accept", "") and not scope["path"].startswith("/api/")
    body = words.encode() if for_people else json.dumps({"detail": words}).encode()
    kind = b"text/plain; charset=utf-8" if for_people else b"application/json"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    if wait is not None:
        headers.append((b"retry-after", str(wait).encode()))
    await send({"type": "http.response.start", "status": code, "headers": headers})
    await send({"type": "http.response.body", "body": body})
