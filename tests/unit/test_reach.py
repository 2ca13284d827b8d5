"""The way to the running receiver out of a duty.yml with mistakes: a slip must not lock anybody out."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from servers.duty_file import write_duty_file
from streamwatch.cli import group
from streamwatch.cli.api import moment
from streamwatch.config.reach import reach
from streamwatch.errors import ConfigError

SLIPS = {
    "not YAML": "sessions: [{id: A, stream: demo\n",
    "a key that is none": "sesions: []\n",
    "a full-width colon": "sessions：\n  - {id: A}\n",
    "a mapping in two": "rotations:\n\t- role: tech\n",
    "a person who is none": "away: [{person: dora, from: 2026-11-22, to: 2026-11-23}]\n",
    "an exporter without its token": "exporter: {url: 'http://127.0.0.1:9'}\n",
}
ADDRESS = "public_url: http://127.0.0.1:18999\ntimezone: Asia/Tokyo\n"


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS)
def test_the_way_is_found_whatever_else_is_wrong(tmp_path: Path, slip: str) -> None:
    """Address, token and zone; what is wrong is kept, to be said."""
    found = reach(write_duty_file(tmp_path, ADDRESS + slip))

    assert (found.config, bool(found.mistakes)) == (None, True)
    assert found.receiver.url == "http://127.0.0.1:18999/"
    assert found.receiver.token.get_secret_value() == "a-token-of-the-test"
    assert found.aware(moment("2026-11-22T12:00")).isoformat() == "2026-11-22T12:00:00+09:00"
    assert "a-token-of-the-test" not in repr(found)
    with pytest.raises(ConfigError):
        _ = found.whole


def test_the_strongest_token_that_is_there_is_taken(tmp_path: Path) -> None:
    """As with a file that is right; one that is missing is passed over."""
    tokens = "token_files: [{token_file: token, right: ops}, {token_file: chief, right: admin}, gone]\n"
    path = write_duty_file(tmp_path)
    (tmp_path / "chief").write_text("of the chief")
    path.write_text(path.read_text().replace("token_files: [token]\n", tokens) + "oops: [\n")

    assert reach(path).receiver.token.get_secret_value() == "of the chief"


@pytest.mark.parametrize("spoilt", ["token_files: [token\n", "token_files: []\n", "token_files: [gone]\n"])
def test_without_a_token_the_mistakes_are_told(tmp_path: Path, spoilt: str) -> None:
    """There is no way then: the whole list, as `check` has it."""
    path = write_duty_file(tmp_path)
    path.write_text(path.read_text().replace("token_files: [token]\n", spoilt))

    with pytest.raises(ConfigError):
        reach(path)


def test_a_file_that_is_right_is_read_whole(tmp_path: Path) -> None:
    """Nothing to say, nothing left out."""
    found = reach(write_duty_file(tmp_path, ADDRESS))

    assert (found.mistakes, found.whole.own_token) == ((), found.receiver.token)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """What would be asked of the receiver; the answer is that of an incident that Charlie takes."""
    asked: list[tuple[str, str, str]] = []

    def answer(method: str, url: str, headers: dict[str, str], **_: Any) -> httpx.Response:
        asked.append((method, url, headers["Authorization"]))
        if url.endswith("/duty"):
            line = {"role": "tech", "names": ["Bob"], "backup_names": [], "passed_over": [],
                    "reason": "duty list", "reason_zh": "值班表"}  # fmt: skip
            return httpx.Response(200, json={"at": "2026-11-22T12:00:00+09:00", "duty": [line], "streams": []})
        told = {
            "id": "4",
            "acknowledged_by": "charlie",
            "acknowledged_by_name": "查理",
            "acknowledged_at": "2026-11-22T12:00:00+09:00",
            "by": "charlie",
            "changed": True,
            "complaints": [],
            "now": [],
        }
        return httpx.Response(200, json=told)

    monkeypatch.setattr(httpx, "request", answer)
    return asked


def run(path: Path, *words: str, language: str = "en") -> Result:
    return CliRunner().invoke(group, [*words, "--config", str(path)], env={"STREAMWATCH_LANG": language})


def test_an_incident_is_taken_while_the_file_is_broken(tmp_path: Path, asked: list[tuple[str, str, str]]) -> None:
    """With a line about it on stderr, in the reader's language."""
    path = write_duty_file(tmp_path, ADDRESS + "sessions: [\n")
    done = run(path, "ack", "4", "--by", "charlie")

    assert (done.exit_code, done.stdout) == (0, "incident #4 is taken by 查理\n")
    assert asked == [
        ("POST", "http://127.0.0.1:18999/api/v1/incidents/4/ack", "Bearer a-token-of-the-test"),
    ]
    assert f"careful: {path} has mistakes" in done.stderr
    assert f"'streamwatch check {path}' tells them" in done.stderr
    assert f"注意：{path} 有错误" in run(path, "complaints", "list", language="zh").stderr


def test_who_asks_the_receiver_while_the_file_is_broken(tmp_path: Path, asked: list[tuple[str, str, str]]) -> None:
    """By what the receiver goes on with: the file says nothing that can be trusted."""
    done = run(write_duty_file(tmp_path, ADDRESS + "sessions: [\n"), "who", "--role", "tech")

    assert (done.exit_code, "Bob" in done.stdout, asked[0][1][-12:]) == (0, True, "/api/v1/duty")
