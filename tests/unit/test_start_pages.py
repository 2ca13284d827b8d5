"""The page each role starts with: one screen, in both languages, and nothing in it that is not there."""

import re
import shlex
from pathlib import Path

import click
import pytest

from servers.documented import HOME, http_calls, places
from streamwatch.cli import group
from streamwatch.duty import ROLES
from streamwatch.language import Language

START = HOME / "docs" / "start"
HEADS: dict[Language, list[str]] = {
    "zh": ["开播前", "直播中", "播后", "打开哪一页", "三条命令", "预案"],
    "en": ["Before air", "On air", "After air", "Which page", "Three commands", "Runbooks"],
}
ONE_SCREEN = 40  # lines
PAGES = [(role, language) for role in ROLES for language in HEADS]


def text(role: str, language: str) -> str:
    return (START / f"{role}.{language}.md").read_text(encoding="utf-8")


def commands(page: str) -> list[str]:
    return [place for place in places(page) if place.startswith("streamwatch ")]


def addresses(page: str) -> list[str]:
    return [place for place in places(page) if place.startswith("/")]


def links(page: str) -> list[str]:
    return re.findall(r"\]\(([^)]+)\)", page)


def can_be_typed(command: str) -> bool:
    """Read as click reads it, without doing it: unknown commands, options and choices are refused."""
    try:
        words = shlex.split(command)[1:]
        found: click.Command = group
        parent = click.Context(group, info_name="streamwatch")
        while isinstance(found, click.Group):
            below = found.get_command(parent, words[0])
            if below is None:
                return False
            found, words = below, words[1:]
        found.make_context("", words, parent)
    except (click.UsageError, IndexError, ValueError):
        return False
    return True


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    return http_calls(tmp_path_factory.mktemp("start"))


@pytest.mark.parametrize(("role", "language"), PAGES)
def test_a_page_says_what_to_do_before_during_and_after(role: str, language: Language) -> None:
    """Under the same headings for everybody, and no longer than a screen."""
    page = text(role, language)
    assert [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")] == HEADS[language]
    assert len(page.splitlines()) <= ONE_SCREEN


@pytest.mark.parametrize(("role", "language"), PAGES)
def test_its_three_commands_can_be_typed(
    role: str, language: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With these options and these words, beside the files that they name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "show.csv").touch()
    found = commands(text(role, language))
    assert len(found) == 3
    assert [command for command in found if not can_be_typed(command)] == []


@pytest.mark.parametrize(("role", "language"), PAGES)
def test_it_says_where_the_command_lies(role: str, language: str) -> None:
    """Before the first one: after `make up` it is in no PATH."""
    page = text(role, language)
    assert page.index("`.venv/bin/streamwatch`") < page.index("`streamwatch ")


@pytest.mark.parametrize(("role", "language"), PAGES)
def test_what_it_leads_to_is_there(role: str, language: str, calls: set[str]) -> None:
    """Pages of the console, files, and at least one runbook in the reader's language."""
    page = text(role, language)
    assert [address for address in addresses(page) if f"GET {address}" not in calls] == []
    assert addresses(page)
    assert [link for link in links(page) if not (START / link).is_file()] == []
    assert [link for link in links(page) if link.endswith(f"runbook.{language}.md")]


@pytest.mark.parametrize("role", ROLES)
def test_both_languages_lead_to_the_same(role: str) -> None:
    """Whoever reads the other one is told no less."""
    zh, en = text(role, "zh"), text(role, "en")
    assert set(addresses(zh)) == set(addresses(en))
    assert [shlex.split(each)[:3] for each in commands(zh)] == [shlex.split(each)[:3] for each in commands(en)]
    assert [each.replace(".zh.", ".en.") for each in links(zh)] == links(en)


@pytest.mark.parametrize(("file", "language"), [("README.zh.md", "zh"), ("README.md", "en")])
def test_the_readme_names_the_page_of_every_role(file: str, language: str) -> None:
    """Right at its beginning."""
    readme = (HOME / file).read_text(encoding="utf-8")
    assert [role for role in ROLES if f"(docs/start/{role}.{language}.md)" not in readme] == []


@pytest.mark.parametrize(
    "command",
    ["streamwatch", "streamwatch fly", "streamwatch complaints", "streamwatch ack", "streamwatch status --loud",
     "streamwatch who --role captain", 'streamwatch ack 12 --by "alice'],
)  # fmt: skip
def test_a_command_that_cannot_be_typed_is_noticed(command: str) -> None:
    """Else this file would show nothing."""
    assert not can_be_typed(command)
