"""Which words are complaints, and that both searches find the same."""

import random

import pytest

from streamwatch_exporters.complaints import (
    CATEGORIES,
    ComplaintMatcher,
    automaton_finder,
    best_finder,
    normalise,
    packaged_matcher,
    pattern_finder,
)

CASES = [
    ("好卡啊", {"lag"}),
    ("卡卡卡卡卡", {"lag"}),
    ("卡🌸死🌸了", {"lag"}),
    ("一点都不卡", set()),
    ("不卡了但是黑屏", {"video"}),
    ("银行卡付款怎么退款", {"service"}),
    ("打卡第三天", set()),
    ("这个卡其色好看", set()),
    ("卡成PPT了", {"lag"}),
    ("ＬＡＧ", {"lag"}),
    ("LAAAAAG!!!", {"lag"}),
    ("this flagship phone", set()),
    ("no sound, lag lag", {"audio", "lag"}),
    ("can't hear anything", {"audio"}),
    ("not a scam", set()),
    ("沒聲音", {"audio"}),
    ("没\u200b声\u200b音", {"audio"}),
    ("音画不同步", {"sync"}),
    ("进不去", {"access"}),
    ("标错价了吧", {"price"}),
    ("拍不了", {"order"}),
    ("打12315投诉", {"service"}),
    ("骗子！假货！", {"trust"}),
    ("他不是骗子", set()),
    ("主播骂人", {"host"}),
    ("违规了", {"violation"}),
    ("哈哈哈哈 111 好看", set()),
    ("", set()),
    ("😀😀😀", set()),
]


@pytest.fixture(params=[automaton_finder, pattern_finder], ids=["automaton", "pattern"])
def matcher(request: pytest.FixtureRequest) -> ComplaintMatcher:
    return packaged_matcher(request.param)


@pytest.mark.parametrize(("text", "categories"), CASES)
def test_a_text_complains_about(matcher: ComplaintMatcher, text: str, categories: set[str]) -> None:
    """Harmless longer words win over the complaint inside them."""
    assert matcher.categories(text) == categories


def test_both_searches_find_the_same_in_any_text() -> None:
    """Random mixtures of phrases, parts of phrases and noise: 5000 of them."""
    chance = random.Random(7)
    pieces = ["卡", "不", "了", "没", "声音", "黑屏", "银行", "lag", "no", "sound", "not", "a", "scam", "退款"]
    pieces += ["骗子", "是", "的", "!", "啊", "x", "<", ">", "打", "12315"]
    automaton, pattern = packaged_matcher(automaton_finder), packaged_matcher(pattern_finder)
    for _ in range(5000):
        text = "".join(chance.choice([piece, piece + " "]) for piece in chance.choices(pieces, k=8))
        assert automaton.categories(text) == pattern.categories(text), text


def test_every_category_has_phrases() -> None:
    """A category without phrases would be a series that is always 0."""
    matcher = packaged_matcher()
    assert {category for category in matcher._category_of.values() if category} == set(CATEGORIES)


def test_without_the_extra_the_search_by_pattern_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    """pyahocorasick is optional: an encoder PC may not have it."""
    monkeypatch.setitem(__import__("sys").modules, "ahocorasick", None)
    assert best_finder() is pattern_finder


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("好  卡!!", "好卡"),
        ("ＡＢＣ", "<abc>"),
        ("哈哈哈哈", "哈哈"),
        ("No Sound", "<no><sound>"),
        ("ka死", "<ka>死"),
    ],
)
def test_a_text_is_normalised(text: str, normal: str) -> None:
    """Width, case, decoration and repetition go; Latin words keep their bounds."""
    assert normalise(text) == normal
