"""The table of channels in both READMEs: every kind is there, every example is one that duty.yml takes."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from streamwatch.channels import CHANNELS, ChannelSettings

REPOSITORY = Path(__file__).parents[2]


def examples(name: str) -> list[dict[str, Any]]:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    return [
        yaml.safe_load(each)
        for each in re.findall(r"^\| [^|]+ \| `(\{type: .*\})` \| [^|]+ \|$", text, re.MULTILINE)
    ]


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_each_kind_has_an_example_that_works(name: str) -> None:
    """Away from its secrets, which are files."""
    found = examples(name)
    assert {each["type"] for each in found} == {*CHANNELS, "pool"}
    for each in found:
        TypeAdapter[Any](ChannelSettings).validate_python(each, context={"read_secrets": False})


def test_both_languages_have_the_same_examples() -> None:
    """Whoever reads Chinese is not told less."""
    assert examples("README.md") == examples("README.zh.md")
