"""AWS Signature Version 4 for requests to S3. Pure.

Source: docs.aws.amazon.com, "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)";
its examples are tests here.
"""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "s3"


class Key(NamedTuple):
    """Who signs, and for which region. The secret is never in a repr."""

    access: str
    secret: str
    region: str

    def __repr__(self) -> str:
        return "Key(…)"


class Request(NamedTuple):
    """What is signed. *path* and *query* as they are sent: encoded, the query sorted by name."""

    method: str
    host: str
    path: str
    query: str
    headers: Mapping[str, str]  # all that are to be signed, without those that signing adds
    payload: str  # SHA-256 of the body, in hex


def encoded(key: str) -> str:
    """A key as it stands in a path: each octet but the unreserved ones and the slash is encoded."""
    return quote(key, safe="/-_.~")


def signed(request: Request, key: Key, at: datetime) -> dict[str, str]:
    """The headers to send: those of *request*, and what signing adds. *at* is now, and aware."""
    moment = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    added = {"host": request.host, "x-amz-content-sha256": request.payload, "x-amz-date": moment}
    headers = {name.lower(): " ".join(value.split()) for name, value in request.headers.items()} | added
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = "\n".join((request.method, request.path, request.query, lines, names, request.payload))
    scope = f"{moment[:8]}/{key.region}/{SERVICE}/aws4_request"
    text = "\n".join((ALGORITHM, moment, scope, sha256(canonical.encode()).hexdigest()))
    signature = hmac.digest(_signing_key(key, moment[:8]), text.encode(), "sha256").hex()
    credential = f"Credential={key.access}/{scope}"
    return headers | {"authorization": f"{ALGORITHM} {credential},SignedHeaders={names},Signature={signature}"}


def _signing_key(key: Key, day: str) -> bytes:
    found = f"AWS4{key.secret}".encode()
    for part in (day, key.region, SERVICE, "aws4_request"):
        found = hmac.digest(found, part.encode(), "sha256")
    return found
