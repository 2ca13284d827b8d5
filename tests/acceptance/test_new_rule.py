"""A rule of one's own, by the commands of README alone: begun, tested, in force, and told to whom it is for."""

import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from servers.receiver import REPOSITORY, until
from servers.stack import Stack

PATIENCE = 300.0  # seconds; on an idle machine a tenth of it
OWN = "rules_of_ours"  # where no other alert of the demo can join the incident
STEP = "ask the studio for the bitrate of its encoder"


def commands(readme: str, section: str) -> list[list[str]]:
    """Of the block of a section: the words of each command of ours, in their order."""
    text = (REPOSITORY / readme).read_text(encoding="utf-8").partition(f"## {section}\n")[2]
    block = text.partition("```\n")[2].partition("```")[0].replace("\\\n", " ")
    lines = [shlex.split(line, comments=True) for line in block.splitlines()]
    return [words[1:] for words in lines if words[0] == ".venv/bin/streamwatch"]


def test_both_languages_give_the_same_commands() -> None:
    """Whichever README is read, the same is typed."""
    english, chinese = commands("README.md", "Adding a rule"), commands("README.zh.md", "新增一条规则")
    assert [words[:2] for words in english][:2] == [["rules", "new"], ["rules", "test"]]
    assert [sorted(words) for words in english] == [sorted(words) for words in chinese]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """It runs from a copy of what people edit, as from a clone of their own."""
    home = tmp_path_factory.mktemp("clone")
    for folder in ("config", "alert_rules"):
        shutil.copytree(REPOSITORY / folder, home / folder, ignore=shutil.ignore_patterns("secrets"))
    (home / "exporters").mkdir()
    shutil.copy(REPOSITORY / "exporters" / "README.md", home / "exporters")
    stack = Stack(home / ".streamwatch", home=home)
    stack.wait_ready()
    yield stack
    assert stack.stop() == 0


def typed(stack: Stack, words: list[str]) -> tuple[int, str]:
    done = stack.command(*words, timeout=PATIENCE)
    return done.returncode, done.stdout + done.stderr


def edit(path: Path, *changes: tuple[str, str]) -> None:
    """As in an editor; what is changed must be there."""
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, f"{path.name} has no {old}"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def first_step(book: Path) -> str:
    return next(line for line in book.read_text(encoding="utf-8").splitlines() if line.startswith("1. "))


def of_ours(stack: Stack, kind: str) -> list[dict[str, Any]]:
    return [each for each in stack.pages() if each["procedure"] == OWN and each["kind"] == kind]


def test_a_rule_of_ones_own_calls_the_right_person(stack: Stack) -> None:
    """Bob, who is ops, alone, with the step that was written; a bad change is refused, a good one ends it."""
    ours = [[word.replace("stream_interruption", OWN) for word in words] for words in
            commands("README.md", "Adding a rule")]  # fmt: skip
    new, test, reload, explain = ours
    folder = stack.home / "alert_rules" / OWN
    assert typed(stack, new)[0] == 0
    edit(folder / "runbook.en.md", (first_step(folder / "runbook.en.md"), f"1. ops: {STEP}"))
    edit(folder / "runbook.zh.md", (first_step(folder / "runbook.zh.md"), "1. 运营：问导播编码器的码率"))
    assert typed(stack, test) == (0, "1 rules, 1 test files: 0 bad, 0 warnings\n")
    assert typed(stack, reload)[0] == 0

    page, *_ = until(lambda: of_ours(stack, "firing"), PATIENCE)
    assert (page["to"], page["role"], page["severity"], page["stream"]) == ("bob", "ops", "P2", "demo")
    assert STEP in page["text"]
    assert "BitrateTooSmall (for 10s): firing" in typed(stack, explain)[1]

    rules, tests = folder / "rules.yml", folder / "rules_test.yml"
    edit(rules, ("for: 10s\n", "for: ten\n"))
    assert typed(stack, test)[0] == 1
    code, words = typed(stack, reload)
    assert (code, 'not a valid duration string: "ten"' in words) == (1, True), words
    assert stack.query('ALERTS{alertname="BitrateTooSmall", alertstate="firing"}')

    edit(rules, ("for: ten\n", "for: 10s\n"), ("< 250000", "< 50000"))
    assert typed(stack, test)[0] == 1
    edit(tests, ("250000+", "50000+"), ("225000+", "45000+"))
    assert typed(stack, test)[0] == 0
    assert typed(stack, reload)[0] == 0
    until(lambda: of_ours(stack, "over"), PATIENCE)
    assert {each["to"] for each in (*of_ours(stack, "firing"), *of_ours(stack, "over"))} == {"bob"}
