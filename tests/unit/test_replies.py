"""What can be said to viewers, out of the runbooks that come with it."""

import pytest

from servers.documented import HOME
from streamwatch.config.runbooks import load_runbooks
from streamwatch.language import Language
from streamwatch.replies import Reply, replies
from streamwatch.runbook import Runbook
from streamwatch.vocabulary import CATEGORIES


def book(language: Language) -> Runbook:
    runbooks, _ = load_runbooks(HOME / "alert_rules")
    return runbooks["viewer_complaints", language]


def said(language: Language, category: str) -> list[Reply]:
    names = [words.read_in(language) for words in CATEGORIES.values()]
    return replies(book(language), category, CATEGORIES[category].read_in(language), names)


def test_the_words_of_a_category_come_first() -> None:
    """Then what can be said of anything; what the others answer to a step is none of it."""
    own, general = said("zh", "lag")
    assert own == Reply("", "收到，正在处理，可以先切换清晰度")
    assert general.text.startswith("看到大家的反馈了")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_words_about_prices_are_for_prices(language: Language) -> None:
    """Of no other category: nobody promises by mistake to correct one."""
    price, lag = said(language, "price"), said(language, "lag")
    assert [each for each in price if each not in lag and ("价格" in each.text or "price" in each.text)]
    assert not [each for each in lag if "价格" in each.text or "price was" in each.text]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("category", sorted({*CATEGORIES} - {"violation"}))
def test_something_can_be_said_of_every_category(category: str, language: Language) -> None:
    """At once, in both languages."""
    assert [each for each in said(language, category) if not each.when]


def test_without_a_runbook_there_is_nothing_to_say() -> None:
    """No mistake either: a team may have taken the folder away."""
    assert replies(None, "lag", "lag", []) == []
