"""Whoever could press a button and would not be known by it is told of when duty.yml is checked."""

from pathlib import Path

import pytest

from servers.duty_file import HEAD, write_duty_file
from streamwatch.config.load import load, warnings

TELEGRAM = '{type: telegram, token: "123:abc", buttons: true}'
SLACK = "{type: slack, token: xoxb-1, app_token: xapp-1}"
DINGTALK = (
    '{type: dingtalk, url: "https://oapi.dingtalk.com/robot/send?access_token=x",'
    " stream: {client_id: ding1, client_secret: s3cret}}"
)


def told(folder: Path, channel: str, to: str, more: str = "") -> list[str]:
    """What is said of Alice, whose contact on that channel is *to*."""
    channels = f"  chat: {channel}\n{more}people:"
    head = HEAD.replace("people:", channels, 1).replace(
        "{channel: phone, to: alice}", f'{{channel: chat, to: "{to}"}}'
    )
    config = load(write_duty_file(folder, head=head))
    return [each.en for each in warnings(config) if "Alice" in each.en]


@pytest.mark.parametrize(
    ("channel", "account", "other"),
    [(TELEGRAM, "5000001", "-1005000001"), (SLACK, "U0ALICE", "alice"), (DINGTALK, "alice-01", "13800000001")],
    ids=["telegram", "slack", "dingtalk"],
)
def test_an_account_is_told_from_other_addresses(tmp_path: Path, channel: str, account: str, other: str) -> None:
    """Nothing is said of the one, and of the other how it should be written."""
    assert told(tmp_path, channel, account) == []
    (said,) = told(tmp_path, channel, other)
    assert "`to` of Alice on chat is no account" in said


def test_without_buttons_any_address_will_do(tmp_path: Path) -> None:
    """A mobile number calls its person as well as an id."""
    assert told(tmp_path, DINGTALK.replace("stream: {client_id: ding1, client_secret: s3cret}", ""), "138") == []


def test_a_pool_is_as_good_as_its_robots(tmp_path: Path) -> None:
    """Of which one that listens is enough; it is said once."""
    more = f"  one: {DINGTALK}\n  two: {DINGTALK}\n"
    (said,) = told(tmp_path, "{type: pool, of: [one, two]}", "13800000001", more)
    assert "write the user id" in said
