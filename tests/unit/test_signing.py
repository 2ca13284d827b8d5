"""Signatures of requests to S3, against the examples that AWS publishes."""

from datetime import UTC, datetime
from hashlib import sha256

import pytest

from streamwatch.storage.signing import Key, Request, encoded, signed

# docs.aws.amazon.com, "Authenticating Requests: Using the Authorization Header", examples.
KEY = Key("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
AT = datetime(2013, 5, 24, tzinfo=UTC)
HOST = "examplebucket.s3.amazonaws.com"
EMPTY = sha256(b"").hexdigest()
PUT_HEADERS = {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"}


@pytest.mark.parametrize(
    ("request_", "names", "signature"),
    [
        (
            Request("GET", HOST, "/test.txt", "", {"Range": "bytes=0-9"}, EMPTY),
            "host;range;x-amz-content-sha256;x-amz-date",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            Request(
                "PUT", HOST, "/test%24file.text", "", PUT_HEADERS, sha256(b"Welcome to Amazon S3.").hexdigest()
            ),
            "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            Request("GET", HOST, "/", "lifecycle=", {}, EMPTY),
            "host;x-amz-content-sha256;x-amz-date",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            Request("GET", HOST, "/", "max-keys=2&prefix=J", {}, EMPTY),
            "host;x-amz-content-sha256;x-amz-date",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_the_published_examples_are_signed_as_published(request_: Request, names: str, signature: str) -> None:
    """All four: reading a part, writing, and two questions."""
    headers = signed(request_, KEY, AT)
    scope = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"
    assert headers["authorization"] == (
        f"AWS4-HMAC-SHA256 Credential={scope},SignedHeaders={names},Signature={signature}"
    )
    assert headers["x-amz-date"] == "20130524T000000Z"


def test_a_key_is_encoded_octet_by_octet() -> None:
    """Chinese, blanks and dollars; slashes stay."""
    assert encoded("evidence/12/证据 $1~.mp4") == "evidence/12/%E8%AF%81%E6%8D%AE%20%241~.mp4"


def test_no_secret_is_shown() -> None:
    """Whoever prints a key sees that it is one."""
    assert "wJalr" not in f"{KEY!r} {KEY}"
