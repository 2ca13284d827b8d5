"""Certificates read from their bytes: the expiry that openssl reads too, and bytes that are no certificate."""

from pathlib import Path

import pytest

from servers.certificates import Authority
from streamwatch_exporters.tls_certificate import expiry


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize("days", [-1, 1, 90, 20_000])
def test_the_expiry_is_what_openssl_says(authority: Authority, days: int) -> None:
    """Before 2050 it is written with two digits of the year, after with four."""
    certificate = authority.sign("ingest.test", days=days)
    assert expiry(certificate.der()) == certificate.expires


def test_a_certificate_cut_short_is_none(authority: Authority) -> None:
    """Wherever it is cut, down to nothing."""
    der = authority.sign("ingest.test").der()
    for length in range(len(der)):
        with pytest.raises(ValueError):
            expiry(der[:length])


@pytest.mark.parametrize(
    "junk",
    [b"", b"\x30", b"\x30\x80", b"\x30\x85\1\1\1\1\1", b"\x30\x84\xff\xff\xff\xff", b"HTTP/1.1 400", bytes(1000)],
)
def test_junk_is_no_certificate(junk: bytes) -> None:
    """Lengths without end, lengths beyond the end, text."""
    with pytest.raises(ValueError):
        expiry(junk)


def test_every_byte_may_be_wrong(authority: Authority, tmp_path: Path) -> None:
    """A spoilt certificate gives a time or a ValueError, never another error."""
    der = bytearray(authority.sign("ingest.test").der())
    for at in range(len(der)):
        spoilt = der.copy()
        spoilt[at] ^= 0xFF
        try:
            expiry(bytes(spoilt))
        except ValueError:
            continue
