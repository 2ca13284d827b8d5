"""Pools in duty.yml: mistakes are told at the name that is wrong."""

from pathlib import Path

import pytest

from streamwatch.config.load import load
from streamwatch.errors import ConfigError

REPOSITORY = Path(__file__).parents[2]
DUTY = """\
alert_rules: {rules}
token_files: [t]
link_key_file: t
channels:
  one: {{type: wecom, url: "https://example.org/x?key=1"}}
  two: {{type: wecom, url: "https://example.org/x?key=2"}}
  phone: {{type: webhook, url: "https://example.org/x"}}
  group: {{type: pool, of: {of}}}
people:
  - {{id: alice, name: Alice, contacts: [{{channel: group, to: alice}}]}}
duty: {{tech: [alice]}}
"""


def write(folder: Path, of: str) -> Path:
    (folder / "t").write_text("token")
    path = folder / "duty.yml"
    path.write_text(DUTY.format(rules=REPOSITORY / "alert_rules", of=of))
    return path


def test_a_good_pool_is_loaded(tmp_path: Path) -> None:
    """People may name it as any other channel."""
    config = load(write(tmp_path, "[one, two]"))
    assert config.channels["group"].type == "pool"


@pytest.mark.parametrize(
    ("of", "key", "en", "zh"),
    [
        ("[one, three]", "of.1", "no channel 'three'; a pool can hold: one two phone", "没有渠道“three”"),
        ("[group, one]", "of.0", "no channel 'group'", "没有渠道“group”"),
        ("[one, phone]", "of.1", "must be of one type", "类型要相同"),
        ("[one, one]", "of.1", "'one' stands twice", "“one”写了两次"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, of: str, key: str, en: str, zh: str) -> None:
    """Exactly one, at the line of the pool, in both languages."""
    with pytest.raises(ConfigError) as refused:
        load(write(tmp_path, of))
    (found,) = refused.value.mistakes
    assert (found.line, found.key.endswith(key)) == (8, True)
    assert en in found.text
    assert zh in found.text_zh
