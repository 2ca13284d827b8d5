"""The addresses of one stream at other networks, in streams.yml."""

from pathlib import Path

import pytest

from streamwatch_exporters.config import load_config
from streamwatch_exporters.mistakes import ConfigMistakes

HEAD = 'streams:\n  - id: a\n    hls:\n      url: "http://a/s3cr3t.m3u8"\n      also:\n'


def written(tmp_path: Path, also: str) -> Path:
    path = tmp_path / "streams.yml"
    path.write_text(HEAD + also)
    return path


def test_copies_have_ids_and_addresses(tmp_path: Path) -> None:
    """An address may stand in a file of its own, and is never printed."""
    (tmp_path / "url").write_text("http://b/s3cr3t.m3u8\n")
    also = '        - {id: far, url_file: url}\n        - {id: near, url: "http://c/s3cr3t.m3u8"}\n'
    settings = load_config(written(tmp_path, also)).streams[0].hls
    assert settings is not None
    assert [copy.id for copy in settings.also] == ["far", "near"]
    assert settings.also[0].secret_url.get_secret_value() == "http://b/s3cr3t.m3u8"
    assert "s3cr3t" not in repr(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("also", "says"),
    [
        (
            '        - {id: x, url: "http://s3cr3t"}\n        - {id: x, url: "http://s3cr3t"}\n',
            "an id in also is taken",
        ),
        ("        - {id: x}\n", "exactly one of url and url_file"),
        ('        - {id: x, url: "ftp://s3cr3t"}\n', "http://"),
        ('        - {id: "a b", url: "http://s3cr3t"}\n', "letters, digits"),
        ('        - {id: x, url: "http://s3cr3t", segments: true}\n', "unknown key"),
    ],
)
def test_a_mistake_is_told_with_its_cure_and_without_the_address(tmp_path: Path, also: str, says: str) -> None:
    """All in the words of the file."""
    with pytest.raises(ConfigMistakes, match=says) as refused:
        load_config(written(tmp_path, also))
    assert "s3cr3t" not in refused.value.read_in("en") + refused.value.read_in("zh")
