"""The settings of a throughput test: which way it goes, and under which names it must never publish."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from servers.exporter import write_config
from streamwatch_exporters.config import load_config
from streamwatch_exporters.mistakes import ConfigMistakes
from streamwatch_exporters.throughput import ThroughputSettings


def settings(url: str) -> ThroughputSettings:
    return ThroughputSettings(url=SecretStr(url))


@pytest.mark.parametrize(
    ("url", "uploads"),
    [("http://a.test/file", False), ("https://a.test/file", False), ("rtmp://a.test/live/x", True)],
)
def test_the_address_tells_the_direction(url: str, uploads: bool) -> None:
    """What is fetched comes down, what is published goes up."""
    assert settings(url).uploads is uploads


@pytest.mark.parametrize(
    ("url", "forbidden"),
    [
        ("rtmp://a.test/live/key", True),
        ("rtmp://a.test/live/key?token=x", True),
        ("rtmp://a.test/other/key", True),
        ("rtmp://a.test/live/%6bey", True),
        ("rtmp://a.test/live/path", True),
        ("rtmp://a.test/live/key2", False),
        ("http://a.test/live/key", False),
    ],
)
def test_names_of_streams_are_known_whatever_stands_around_them(url: str, forbidden: bool) -> None:
    """Servers differ in what of an address they go by."""
    assert settings(url).publishes_to({"key?sign=y", "else", "live/path"}) is forbidden


@pytest.mark.parametrize("url", ["ftp://a.test/secret-path", "rtmp://a.test/secret-path", "secret-path", "http://"])
def test_another_address_is_a_mistake_that_repeats_nothing(tmp_path: Path, url: str) -> None:
    """With its place, and without the address."""
    path = write_config(tmp_path, f'hosts:\n  - {{id: line, throughput: {{url: "{url}"}}}}\n')
    with pytest.raises(ConfigMistakes) as refused:
        load_config(path)
    assert "hosts[0].throughput" in str(refused.value)
    assert "secret-path" not in str(refused.value)


def test_a_test_ends_when_it_should() -> None:
    """The deadline leaves time to be let in, and for what was sent to arrive."""
    assert settings("rtmp://a.test/live/x").longest == pytest.approx(20)


def test_an_address_in_a_file_is_not_needed_to_check_the_syntax(tmp_path: Path) -> None:
    """On another machine the secret is missing."""
    path = write_config(tmp_path, "hosts:\n  - {id: line, throughput: {url_file: missing}}\n")
    assert load_config(path, read_secrets=False).hosts[0].throughput is not None
