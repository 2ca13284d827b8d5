"""`console:` and `token_files:` of duty.yml: what lets somebody in, and every mistake with its place."""

from pathlib import Path

import pytest

from servers.console import lines
from servers.duty_file import HEAD, write_duty_file
from streamwatch.config import Config
from streamwatch.config.load import load, open_door
from streamwatch.errors import ConfigError


def loaded(folder: Path, more: str, head: str = HEAD) -> Config:
    (folder / "people").write_text(lines())
    for name in ("view", "act"):
        (folder / name).write_text(f"token to {name}")
    return load(write_duty_file(folder, more, head))


def test_accounts_and_their_rights(tmp_path: Path) -> None:
    """Of whom nothing is said: ops. No hash is in the repr of anything."""
    config = loaded(tmp_path, "console: {passphrases_file: people, rights: {alice: admin, charlie: viewer}}")

    rights = {name: config.doors.right_of(name) for name in config.doors.hashes}
    assert rights == {"alice": "admin", "bob": "ops", "charlie": "viewer"}
    assert not config.doors.are_open
    assert "argon2" not in repr(config)
    assert "argon2" not in repr(config.doors)


def test_tokens_have_names_and_rights(tmp_path: Path) -> None:
    """A bare path may do all, as ever; commands use the first that may do most."""
    tokens = "token_files: [{token_file: view, right: viewer, name: wall}, {token_file: act, right: ops}, token]"
    config = loaded(tmp_path, "", HEAD.replace("token_files: [token]", tokens))

    assert [(each.name, each.right) for each in config.tokens] == [
        ("wall", "viewer"), ("act", "ops"), ("token", "admin"),
    ]  # fmt: skip
    assert config.own_token.get_secret_value() == "a-token-of-the-test"
    assert "token to" not in repr(config)


@pytest.mark.parametrize(
    ("more", "key", "says"),
    [
        ("console: {passphrases_file: nowhere}", "console.passphrases_file", "cannot be read"),
        ("console: {passphrases_file: token}", "console.passphrases_file", "line 1 is not name:hash"),
        ("console: {passphrases_file: people, rights: {alcie: admin}}", "console.rights.alcie", "no passphrase"),
        ("console: {passphrases_file: people, rights: {alice: root}}", "console.rights.alice", "'viewer', 'ops'"),
        ("console: {proxy: {from: [10.0.0.1, 10.0.0.300]}}", "console.proxy.from.1", "as in 127.0.0.1/32"),
        ("console: {proxy: {from: []}}", "console.proxy.from", "at least 1"),
        ("console: {proxy: {header: 'X: y', from: [10.0.0.1]}}", "console.proxy.header", "as in X-Forwarded-User"),
        ("console: {session_hours: 0}", "console.session_hours", "greater than 0"),
        ("console: {passphrase_file: people}", "console.passphrase_file", "did you mean 'passphrases_file'"),
    ],
)
def test_a_mistake_has_its_place_and_cure(tmp_path: Path, more: str, key: str, says: str) -> None:
    """In both languages."""
    with pytest.raises(ConfigError) as refused:
        loaded(tmp_path, more)

    (mistake,) = refused.value.mistakes
    assert (mistake.key, says in mistake.text) == (key, True), mistake
    assert mistake.text_zh not in ("", mistake.text)
    assert mistake.line > 0


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "[::]", "192.0.2.1", "live.example.org"])
def test_the_network_is_not_let_in_without_a_door(tmp_path: Path, host: str) -> None:
    """A passphrase, the console's password or a proxy is one; tokens alone are none, they guard no page."""
    assert open_door(loaded(tmp_path, ""), host) is not None
    for more in (
        "console: {passphrases_file: people}",
        "console: {proxy: {from: [127.0.0.1]}}",
        "console_password_file: view",
    ):
        assert open_door(loaded(tmp_path, more), host) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.8.0.1"])
def test_this_machine_needs_none(tmp_path: Path, host: str) -> None:
    """The demo has no account."""
    assert open_door(loaded(tmp_path, ""), host) is None
