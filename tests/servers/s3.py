"""A stand-in for S3, as strict as S3: signature, clock, hash of the body, bucket. It keeps what it took.

Written after docs.aws.amazon.com ("Authenticating Requests", "PutObject", "Error responses"), not after our signer.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

from servers.stand_in import Answer, Request, StandIn

ACCESS, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
REGION, BUCKET = "us-east-1", "live"
STATUS = {"NoSuchBucket": 404, "XAmzContentSHA256Mismatch": 400, "MissingContentLength": 411}  # others: 403
SKEW = timedelta(minutes=15)
_GRANT = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request,\s*"
    r"SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})"
)


class S3(StandIn):
    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__("")
        self._clock = clock
        self.kept: dict[str, bytes] = {}

    def answer(self, request: Request) -> Answer:
        code = self._refusal(request)
        if code:
            body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>no</Message></Error>'
            return Answer(STATUS.get(code, 403), body.encode(), {"Content-Type": "application/xml"})
        self.kept[unquote(request.path.removeprefix(f"/{BUCKET}/"))] = request.body
        return Answer(200, b"", {"ETag": f'"{hashlib.md5(request.body, usedforsecurity=False).hexdigest()}"'})

    def _refusal(self, request: Request) -> str | None:
        found = _GRANT.fullmatch(request.headers.get("authorization", ""))
        if not found:
            return "AccessDenied"
        access, day, region, names, signature = found.groups()
        moment = request.headers.get("x-amz-date", "")
        at = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if access != ACCESS:
            return "InvalidAccessKeyId"
        if abs(at - self._clock()) > SKEW:
            return "RequestTimeTooSkewed"
        if region != REGION or day != moment[:8]:
            return "AuthorizationHeaderMalformed"
        listed = names.split(";")
        wanted = {"host", *(name for name in request.headers if name.startswith("x-amz-"))}
        if not wanted <= set(listed) or listed != sorted(listed):
            return "AccessDenied"
        if signature != _signature(request, listed, moment, day):
            return "SignatureDoesNotMatch"
        if "content-length" not in request.headers:
            return "MissingContentLength"
        if request.headers["x-amz-content-sha256"] != hashlib.sha256(request.body).hexdigest():
            return "XAmzContentSHA256Mismatch"
        return None if request.path.startswith(f"/{BUCKET}/") else "NoSuchBucket"


def _signature(request: Request, names: list[str], moment: str, day: str) -> str:
    path = quote(unquote(request.path), safe="/-_.~")  # as S3 writes it, however it was sent
    canonical = ["PUT", path, request.raw_query]
    canonical += [f"{name}:{request.headers[name].strip()}" for name in names]
    canonical += ["", ";".join(names), request.headers["x-amz-content-sha256"]]
    digest = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{moment}\n{day}/{REGION}/s3/aws4_request\n{digest}"
    key = ("AWS4" + SECRET).encode()
    for word in (day, REGION, "s3", "aws4_request", text):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    return key.hex()
