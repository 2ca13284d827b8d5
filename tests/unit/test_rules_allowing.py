"""A finding that is meant is allowed by a comment at its rule, with the reason."""

from pathlib import Path

import pytest

from servers.rules_clone import RULES, Clone

ALERT = "      - alert"


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Its rule waits for one scrape only, which is a warning."""
    clone = Clone(tmp_path)
    clone.change(RULES, "for: 6s", "for: 1s")
    return clone


@pytest.mark.parametrize("comment", ["# allow timing/for: the probe has waited", "#allow timing/for：探测已经等过"])
def test_a_comment_above_the_rule_allows(clone: Clone, comment: str) -> None:
    """Also with the colon of a Chinese keyboard."""
    clone.change(RULES, ALERT, f"      {comment}\n{ALERT}")
    assert clone.findings() == []


def test_a_comment_within_the_rule_allows(clone: Clone) -> None:
    """Behind what it is about."""
    clone.change(RULES, "for: 1s", "for: 1s  # allow timing/for: the probe has waited")
    assert clone.findings() == []


def test_a_comment_without_a_reason_allows_nothing(clone: Clone) -> None:
    """And is itself wrong, at its place."""
    clone.change(RULES, "for: 1s", "for: 1s  # allow timing/for")
    assert clone.told() == [("timing/for", "warning", "1s"), ("allow/reason", "bad", "# allow timing/for")]


def test_a_comment_that_allows_what_is_not_there_is_named(clone: Clone) -> None:
    """Or it would hide what comes later."""
    clone.change(RULES, "for: 1s", "for: 6s  # allow timing/for: the probe has waited")
    assert clone.told() == [("allow/unused", "warning", "# allow timing/for: the probe has waited")]


def test_a_comment_counts_for_its_own_rule(clone: Clone) -> None:
    """Not for the next one, though YAML has it at the end of the first."""
    second = clone.read(RULES).partition("rules:\n")[2].replace("ThingBroken", "OtherBroken")
    clone.write(RULES, clone.read(RULES) + "\n      # allow timing/for: the probe has waited\n" + second)
    assert [each.rule for each in clone.findings() if each.check == "timing/for"] == ["ThingBroken"]


def test_a_comment_with_a_blank_line_below_allows_nothing(clone: Clone) -> None:
    """It stands at no rule."""
    clone.change(RULES, ALERT, f"      # allow timing/for: the probe has waited\n\n{ALERT}")
    assert [each[0] for each in clone.told()] == ["timing/for"]
