"""`streamwatch versions`: numbers, what is too old, what parts say, and the package index."""

import json
import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from packaging.version import Version

from servers.duty_file import write_duty_file
from servers.package_index import PackageIndex
from servers.stand_in import HTML, Answer, Request, StandIn, hang_up, says
from streamwatch import __version__
from streamwatch.cli import group
from streamwatch.errors import CommandFailed
from streamwatch.versions.asking import said
from streamwatch.versions.index import newer, pips_index
from streamwatch.versions.needs import NEEDS, judged
from streamwatch.versions.numbers import newest, number, older, release

FINAL = [
    "0.1",
    "0.1.0",
    "0.9",
    "0.10",
    "1",
    "1.0.post1",
    "1.0-2",
    "v1.2",
    "1!0.1",
    "2026.11",
    "1.2.3.4",
    "1.0+deb12",
]
NOT_FINAL = ["1.0a1", "1.0rc1", "1.0b2.post3", "1.0.dev4", "latest", ""]


@pytest.mark.parametrize("one", FINAL)
def test_final_releases_are_ordered_as_packaging_orders_them(one: str) -> None:
    """Each against each: ten comes after nine, and trailing zeros change nothing."""
    for other in FINAL:
        public = Version(Version(one).public) < Version(Version(other).public)
        assert (number(one) < number(other)) is public, (one, other)  # type: ignore[operator]  # they are numbers


def test_what_is_not_final_has_no_number() -> None:
    """A pre-release is nobody's upgrade, and a word is none either."""
    assert [number(each) for each in NOT_FINAL] == [None] * len(NOT_FINAL)
    assert newest([*NOT_FINAL, "0.2.0", "0.10.0"]) == "0.10.0"
    assert newest(NOT_FINAL) is None


def test_what_a_program_says_of_itself_is_read_up_to_its_number() -> None:
    """Distributions add theirs; who says no number is not older than anything."""
    assert release("ffmpeg version 5.1.9-0+deb12u1 Copyright (c)") == "5.1.9"
    assert older("2.41.0+ds", "2.42.0")
    assert not older("2.42.0+ds-5+deb12u1", "2.42.0")
    assert not older("n7.1-git", "7.1")
    assert not older("master", "2.42.0")


@pytest.mark.parametrize(
    ("name", "version", "state", "words"),
    [
        ("prometheus", "2.41.0", "old", "older than 2.42.0"),
        ("prometheus", "3.5.0", "ok", "fine"),
        ("alertmanager", "0.24.0", "old", "upgrade"),
        ("alertmanager", "0.25.0", "lacks", "mute_time_intervals"),
        ("alertmanager", "0.28.0", "ok", "fine"),
        ("grafana", "11.0.0", "lacks", "12.3.1"),
        ("exporter", "0.0.9", "lacks", "older than StreamWatch"),
        ("ffmpeg", None, "unknown", "not installed"),
    ],
)
def test_each_part_is_judged(name: str, version: str | None, state: str, words: str) -> None:
    """Too old; old enough to lack something, with what to do instead; fine; or it does not say."""
    part = judged(name, version)
    assert part.state == state
    assert words in part.text.en
    assert part.text.zh != part.text.en


def test_this_machine_is_among_those_that_it_is_tested_with() -> None:
    """StreamWatch and Python of this very run are not too old."""
    assert judged("streamwatch", __version__).state == "ok"
    assert set(NEEDS) >= {"receiver", "exporter", "prometheus", "alertmanager", "grafana", "ffmpeg", "python"}


@pytest.mark.parametrize(
    ("name", "text", "version"),
    [
        ("receiver", '# HELP x\nstreamwatch_build_info{version="0.1.0"} 1.0\n', "0.1.0"),
        ("exporter", 'streamwatch_exporter_build_info{version="0.1.0"} 1.0\n', "0.1.0"),
        ("prometheus", '{"status": "success", "data": {"version": "2.42.0+ds"}}', "2.42.0+ds"),
        ("alertmanager", '{"versionInfo": {"version": "0.28.1"}}', "0.28.1"),
        ("grafana", '{"database": "ok", "version": "12.3.1"}', "12.3.1"),
        ("grafana", "[]", None),
        ("prometheus", "<html>", None),
        ("receiver", "up 1\n", None),
    ],
)
def test_each_part_says_it_in_its_own_way(name: str, text: str, version: str | None) -> None:
    """And what answers as something else says nothing."""
    assert said(name, text) == version


@pytest.fixture
def index() -> Iterator[PackageIndex]:
    names = ["0.1.0.tar.gz", "0.2.0.tar.gz", "0.3.0.tar.gz", "0.4.0rc1.tar.gz", "0.2.0-py3-none-any.whl"]
    files = [*(f"streamwatch-{each}" for each in names), "streamwatch_exporters-9.0.tar.gz"]
    server = PackageIndex(*files, yanked=["streamwatch-0.3.0.tar.gz"])
    with closing(server):
        yield server


def test_a_newer_release_is_found_and_what_was_taken_back_is_not(index: PackageIndex) -> None:
    """Neither pre-releases, nor yanked ones, nor another project count; the newest itself has no newer one."""
    assert newer(index.url, "0.1.0") == "0.2.0"
    assert newer(f"{index.url}/", "0.2.0") is None
    assert newer(index.url, "0.10.0") is None


def test_a_login_in_the_address_is_used_and_never_told(
    index: PackageIndex, caplog: pytest.LogCaptureFixture
) -> None:
    """HTTP Basic, as pip does it; a refusal names neither the address nor the password."""
    caplog.set_level(logging.DEBUG)
    index.login = "alice:s3cret"
    assert newer(index.url.replace("://", "://alice:s3cret@"), "0.1.0") == "0.2.0"
    with pytest.raises(CommandFailed) as refused:
        newer(index.url.replace("://", "://alice:wr0ng@"), "0.1.0")
    told = caplog.text + "".join(refused.value.words)
    assert "HTTP 401" in told
    assert not any(secret in told for secret in ("s3cret", "wr0ng", index.url))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (HTML, "PEP 691"),
        (Answer(404), "has no streamwatch"),
        (Answer(503), "HTTP 503"),
        (hang_up, "does not answer"),
        (Answer(200, b"{", {"Content-Type": "application/vnd.pypi.simple.v1+json"}), "PEP 691"),
        (Answer(200, b"[]", {"Content-Type": "application/vnd.pypi.simple.v1+json"}), "PEP 691"),
        (says({"meta": {"api-version": "1.0"}, "files": []}), "PEP 691"),
    ],
)
def test_an_answer_that_is_no_list_is_one_sentence(index: PackageIndex, answer: Answer, words: str) -> None:
    """Never a traceback, in both languages."""
    index.script.append(answer)
    with pytest.raises(CommandFailed) as failed:
        newer(index.url, "0.1.0")
    assert words in failed.value.words[1]
    assert failed.value.words[0] != failed.value.words[1]


def test_an_index_of_another_major_version_is_not_understood(index: PackageIndex) -> None:
    """PEP 691 asks clients to refuse it."""
    index.api_version = "2.0"
    with pytest.raises(CommandFailed, match="PEP 691"):
        newer(index.url, "0.1.0")


def test_pips_own_setting_counts_and_its_default_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable, else the file; where nobody configured anything nothing is asked."""
    settings = tmp_path / "pip.conf"
    settings.write_text("[global]\nindex-url = http://127.0.0.1:9/of-the-file\n")
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    assert pips_index() == "http://127.0.0.1:9/of-the-file"
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/of-the-variable")
    assert pips_index() == "http://127.0.0.1:9/of-the-variable"
    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    assert pips_index() is None


class Monitoring(StandIn):
    """Prometheus, Alertmanager and Grafana in one, of the versions of the test."""

    def answer(self, request: Request) -> Answer:
        told = {
            "/api/v1/status/buildinfo": {"status": "success", "data": {"version": "2.37.0"}},
            "/api/v2/status": {"versionInfo": {"version": "0.27.0"}},
            "/api/health": {"version": "12.3.1"},
        }
        return says(told.get(request.path, {}))


@pytest.fixture
def monitoring() -> Iterator[Monitoring]:
    with closing(Monitoring("")) as server:
        yield server


def run(*words: str) -> Result:
    return CliRunner().invoke(group, list(words), env={"STREAMWATCH_LANG": "en"})


def test_the_command_shows_all_parts_and_fails_when_one_is_too_old(
    tmp_path: Path, monitoring: Monitoring, index: PackageIndex
) -> None:
    """Prometheus is too old, so 1; who does not answer is unknown; the index is asked only with --online."""
    (tmp_path / "index").write_text(index.url)
    servers = "".join(f"{name}: {{url: {monitoring.base}}}\n" for name in ("prometheus", "alertmanager"))
    more = f"{servers}versions: {{grafana: {monitoring.base}, index_url_file: index}}\n"
    config = str(write_duty_file(tmp_path, more + "public_url: http://127.0.0.1:9\n"))

    quiet = run("versions", "--config", config, "--json")
    told = json.loads(quiet.stdout)
    parts = {each["part"]: (each["version"], each["state"]) for each in told["parts"]}
    assert quiet.exit_code == 1
    assert parts["prometheus"] == ("2.37.0", "old")
    assert parts["alertmanager"] == ("0.27.0", "lacks")
    assert parts["grafana"] == ("12.3.1", "ok")
    assert parts["receiver"] == (None, "unknown")
    assert parts["python"][1] == "ok"
    assert (told["asked"], told["newer"], index.requests) == (False, None, [])

    asked = run("versions", "--online", "--config", config)
    assert f"there is a newer version, 0.2.0 (this is {__version__})" in asked.output
    assert len(index.requests) == 1


def test_check_mentions_what_is_too_old(tmp_path: Path, monitoring: Monitoring) -> None:
    """As a warning: the file is right all the same. Without --syntax-only only, which asks nobody."""
    servers = "".join(f"{name}: {{url: {monitoring.base}}}\n" for name in ("prometheus", "alertmanager"))
    config = str(write_duty_file(tmp_path, servers))
    told = run("check", config)
    assert told.exit_code == 0
    assert "careful: Prometheus 2.37.0: older than 2.42.0" in told.output
    assert "careful: Alertmanager 0.27.0: before 0.28" in told.output
    asked = len(monitoring.requests)
    assert "Prometheus 2.37.0" not in run("check", config, "--syntax-only").output
    assert len(monitoring.requests) == asked


def test_without_any_index_it_says_where_to_name_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No address is ever made up."""
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    result = run("versions", "--online", "--config", str(write_duty_file(tmp_path)))
    assert "versions.index_url_file" in str(result.exception)
