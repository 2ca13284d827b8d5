"""The settings of every channel: mistakes are told at the start, with the cure, and no secret is repeated."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ConfigDict, TypeAdapter, ValidationError

from servers import aliyun, twilio
from servers.lines import KINDS, Switchboard, open_one
from servers.story import Hands
from servers.written_page import page
from streamwatch.channels import CHANNELS, ChannelSettings

ADDRESSED = ("webhook", "dingtalk", "wecom", "feishu")
LOGIN = {"type": "email", "host": "mail.example.org", "sender": "a@example.org"}
ACCOUNT = {"type": "aliyun_voice", "access_key_id": aliyun.KEY_ID, "template": "TTS_1"}
SECRETS = ("url", "token", "secret", "access_key_secret", "password")


def check(written: dict[str, Any]) -> Any:
    return TypeAdapter[Any](ChannelSettings, config=ConfigDict(hide_input_in_errors=True)).validate_python(written)


def test_each_channel_is_registered_under_its_own_type() -> None:
    """The registry and the types that the configuration knows are the same; a pool is made of the others."""
    schema = TypeAdapter[Any](ChannelSettings).json_schema()
    assert {*CHANNELS, "pool"} == set(schema["discriminator"]["mapping"])
    assert {kind.type for kind in KINDS.values()} | {"email", "apprise"} == set(CHANNELS)


@pytest.mark.parametrize("kind", KINDS)
async def test_settings_keep_their_secrets(dial: Switchboard, kind: str) -> None:
    """Neither repr nor JSON holds an address, a token or a secret."""
    line = dial(kind)
    settings = check(dict(line.settings))
    shown = repr(settings) + str(settings) + settings.model_dump_json()
    assert line.keeps_secrets(shown)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_mistake_repeats_no_secret(dial: Switchboard, kind: str) -> None:
    """Whatever is wrong beside it."""
    line = dial(kind)
    address = KINDS[kind].address
    for wrong in ({address: "5e5ame"}, {address: "ftp://5e5ame"}, {address: "https://a b/5e5ame"}, {"colour": "x"}):
        with pytest.raises(ValidationError) as caught:
            check({**line.settings, **wrong})
        told = json.dumps(caught.value.errors(include_input=False, include_context=False)) + str(caught.value)
        assert "5e5ame" not in told
        assert line.keeps_secrets(told)


@pytest.mark.parametrize("kind", KINDS)
async def test_secrets_are_read_from_files(tmp_path: Path, kind: str, dial: Switchboard) -> None:
    """With a line end, spaces or a BOM around them, as editors leave them."""
    line = dial(kind)
    known = type(check(dict(line.settings))).model_fields
    settings: dict[str, Any] = {}
    for name, value in line.settings.items():
        if name in SECRETS and f"{name}_file" in known:
            path = tmp_path / name
            path.write_text(f"\ufeff {value}\r\n")
            settings[f"{name}_file"] = str(path)
        else:
            settings[name] = value
    assert settings != line.settings or kind == "bark"
    await open_one(settings, dial.http, Hands()).send(page(), KINDS[kind].to)
    assert len(line.service.heard) == 1


@pytest.mark.parametrize("kind", ADDRESSED)
@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({}, "give url or url_file: one of the two"),
        ({"url": "https://example.org/x", "url_file": "{good}"}, "give url or url_file: one of the two"),
        ({"url_file": "{folder}/none"}, "cannot be read: No such file"),
        ({"url_file": "{folder}"}, "cannot be read: Is a directory"),
        ({"url_file": "{empty}"}, "is empty; write the secret into it"),
        ({"url_file": "{binary}"}, "is not UTF-8"),
        ({"url_file": "{lines}"}, "holds more than one word or line"),
        ({"url": "oapi.dingtalk.com/robot/send"}, "copy the whole of it, from https:// on"),
        ({"url": "https://"}, "copy the whole of it, from https:// on"),
        ({"url": "https://example.org:port/"}, "copy the whole of it, from https:// on"),
        ({"url": ""}, "is empty"),
        ({"url": "https://example.org/x", "colour": "red"}, "Extra inputs are not permitted"),
        ({"url": 5}, "valid string"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_wrong_addresses_are_told_with_the_cure(
    tmp_path: Path, kind: str, written: dict[str, object], words: str
) -> None:
    """At the start, in words, and never as the first page fails."""
    for name, content in (
        ("good", b"https://example.org/x"),
        ("empty", b" \n"),
        ("binary", b"\xff\x00"),
        ("lines", b"a\nb"),
    ):
        (tmp_path / name).write_bytes(content)
    places = {"folder": tmp_path, **{name: tmp_path / name for name in ("good", "empty", "binary", "lines")}}
    filled = {key: value.format(**places) if isinstance(value, str) else value for key, value in written.items()}
    with pytest.raises(ValidationError) as caught:
        check({"type": kind, **filled})
    assert any(words in each["msg"] for each in caught.value.errors())


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"type": "slack"}, "give url, url_file, token or token_file: one of the four"),
        ({"type": "slack", "url": "https://x.org/y", "token": "xoxb"}, "one of the four"),
        ({"type": "slack", "url": "https://x.org/y", "channel": "C012"}, "channel goes with token"),
        ({"type": "slack", "token": "xoxb", "channel": "#live"}, "should match pattern"),
        ({"type": "telegram"}, "give token or token_file: one of the two"),
        ({"type": "telegram", "token": "1:a", "chat": "@live"}, "should match pattern"),
        ({"type": "ntfy", "token": "a", "token_file": "/x"}, "cannot be read"),
        ({**LOGIN, "username": "live"}, "username and password_file go together"),
        ({**LOGIN, "password": "sesame"}, "username and password_file go together"),
        ({**LOGIN, "username": "live", "password": "sesame", "tls": "none"}, "a password is not sent without TLS"),
        ({**LOGIN, "sender": "StreamWatch <a@example.org>"}, "write an e-mail address, as in"),
        ({**LOGIN, "sender": "a@example.org\nBcc: b@example.org"}, "write an e-mail address, as in"),
        ({**LOGIN, "port": 0}, "greater than 0"),
        (ACCOUNT, "give access_key_secret or access_key_secret_file: one of the two"),
        ({**ACCOUNT, "access_key_secret": "x", "variables": {"what": "colour"}}, "'title', 'stream'"),
        ({"type": "twilio_sms", "account": "AC1", "token": "x", "from": "+15005550006"}, "should match pattern"),
        (
            {"type": "twilio_sms", "account": twilio.ACCOUNT, "token": "x", "from": "5550006"},
            "should match pattern",
        ),
        ({"type": "apprise"}, "give url or url_file: one of the two"),
        ({"type": "pool", "of": ["one"]}, "at least 2 items"),
        ({"type": "webhook", "url": "https://x.org", "monthly_quota": 0}, "greater than 0"),
        ({"type": "webhook", "url": "https://x.org", "content_type": "text/plain"}, "content_type goes with"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_cannot_be_meant_is_told(written: dict[str, Any], words: str) -> None:
    """Each kind has its own."""
    with pytest.raises(ValidationError) as caught:
        check(written)
    assert any(words in each["msg"] for each in caught.value.errors())


@pytest.mark.parametrize(
    ("kind", "name"), [("webhook", "token"), ("webhook", "secret"), ("dingtalk", "secret"), ("feishu", "secret")]
)
def test_a_secret_is_given_in_one_way(tmp_path: Path, kind: str, name: str) -> None:
    """In place or in a file: with both, nobody could tell which one counts."""
    path = tmp_path / "secret"
    path.write_text("sesame")
    with pytest.raises(ValidationError, match=f"give {name} or {name}_file, not both"):
        check({"type": kind, "url": "https://example.org/x", name: "sesame", f"{name}_file": str(path)})
