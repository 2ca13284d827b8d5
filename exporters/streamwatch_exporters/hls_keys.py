"""EXT-X-KEY and EXT-X-SESSION-KEY: which key a playlist asks for. Pure. A key itself never comes here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

KeyFormat = Literal["identity", "fairplay", "widevine", "playready", "other"]
KEY_FORMATS: tuple[KeyFormat, ...] = get_args(KeyFormat)

_FORMATS: dict[str, KeyFormat] = {
    "": "identity",
    "identity": "identity",
    "com.apple.streamingkeydelivery": "fairplay",
    "urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed": "widevine",
    "com.widevine": "widevine",
    "com.microsoft.playready": "playready",
    "urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95": "playready",
}


@dataclass(frozen=True)
class Key:
    """One key in force. `whole_segments` is METHOD=AES-128, whose key has 16 bytes (RFC 8216 section 4.3.2.4)."""

    uri: str = field(repr=False)
    key_format: KeyFormat
    whole_segments: bool


def read_key(attributes: Mapping[str, str]) -> Key | None:
    """None when nothing is encrypted, or when there is no key to ask for."""
    if attributes.get("METHOD", "NONE") == "NONE" or not attributes.get("URI"):
        return None
    key_format = _FORMATS.get(attributes.get("KEYFORMAT", "").lower(), "other")
    return Key(attributes["URI"], key_format, attributes["METHOD"] == "AES-128")
