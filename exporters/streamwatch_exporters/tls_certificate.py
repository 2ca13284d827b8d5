"""When a certificate expires, read from its bytes: TLS says it only for a certificate that it trusts. Pure."""

from datetime import UTC, datetime

_SEQUENCE, _INTEGER, _VERSION = 0x30, 0x02, 0xA0
_TIME_FORMATS = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}  # UTCTime, GeneralizedTime


def expiry(der: bytes) -> float:
    """`notAfter` as unix time. Raises ValueError for what is no X.509 certificate (RFC 5280 section 4.1)."""
    certificate, _ = _inside(der, _SEQUENCE)
    rest, _ = _inside(certificate, _SEQUENCE)
    if rest[:1] == bytes([_VERSION]):
        _, rest = _inside(rest, _VERSION)
    for tag in (_INTEGER, _SEQUENCE, _SEQUENCE):  # serial number, algorithm, issuer
        _, rest = _inside(rest, tag)
    validity, _ = _inside(rest, _SEQUENCE)
    _, not_after = _element(validity)[1:]
    return _time(not_after)


def _time(data: bytes) -> float:
    tag, content, _ = _element(data)
    text = content.decode("ascii")
    if tag not in _TIME_FORMATS or len(text) != {0x17: 13, 0x18: 15}[tag]:
        raise ValueError("not a time")
    at = datetime.strptime(text, _TIME_FORMATS[tag]).replace(tzinfo=UTC)
    if tag == 0x17:  # RFC 5280 section 4.1.2.5.1: 50 to 99 are of the last century
        at = at.replace(year=(1900 if int(text[:2]) >= 50 else 2000) + int(text[:2]))
    return at.timestamp()


def _inside(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """What is inside an element of that tag, and what follows the element."""
    found, content, rest = _element(data)
    if found != tag:
        raise ValueError("another element is expected here")
    return content, rest


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """Tag, content and what follows of one DER element (X.690 section 8.1)."""
    if len(data) < 2:
        raise ValueError("cut short")
    tag, length, start = data[0], data[1], 2
    if length >= 0x80:
        count = length & 0x7F
        start += count
        if not 1 <= count <= 4 or len(data) < start:
            raise ValueError("no such length")
        length = int.from_bytes(data[2:start], "big")
    if len(data) < start + length:
        raise ValueError("cut short")
    return tag, data[start : start + length], data[start + length :]
