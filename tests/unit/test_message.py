"""Words for a phone: cleaned, cut at the byte, and made smaller without losing what matters."""

import random
import unicodedata

import pytest

from servers.written_page import ACK, CONSOLE, page
from streamwatch.message import clean, cut_bytes, smaller

FAMILY = "👨‍👩‍👧"
RIGHT_TO_LEFT = "\u202e"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("好卡啊", "好卡啊"),
        ("  so   laggy \n", "so laggy"),
        ("one\r\ntwo\tthree", "one two three"),
        ("one\u2028two\u2029three\x85four\vfive", "one two three four five"),
        ("\x00\x1b[31mred\x07", "[31mred"),
        (f"pay {RIGHT_TO_LEFT}evil\u202c now", "pay evil now"),
        ("\u2066isolated\u2069", "isolated"),
        ("half \ud83d a pair", "half a pair"),
        (f"{FAMILY} 🇨🇳 😭", f"{FAMILY} 🇨🇳 😭"),
        ("", ""),
        ("\n\x00\u202e", ""),
    ],
)
def test_words_from_outside_become_one_plain_line(text: str, cleaned: str) -> None:
    """Breaks become spaces; controls, half pairs and direction marks go; emoji stay whole."""
    assert clean(text) == cleaned


@pytest.mark.parametrize(("length", "kept"), [(9, 9), (10, 10), (11, 10)])
def test_long_words_end_with_an_ellipsis(length: int, kept: int) -> None:
    """The limit counts characters, the ellipsis among them."""
    line = clean("卡" * length, 10)
    assert len(line) == kept
    assert line.endswith("…") == (length > 10)


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "…"),
        ("卡卡卡", 9, "卡卡卡"),
        ("卡卡卡", 8, "卡…"),
        ("a卡卡", 6, "a…"),
        ("😭😭", 8, "😭😭"),
        ("😭😭", 7, "😭…"),
        ("😭😭", 6, "…"),
        ("卡", 2, ""),
        ("卡", 0, ""),
        ("卡", -1, ""),
        ("a\ud83d", 9, "a?"),
    ],
)
def test_a_cut_is_never_through_a_character(text: str, limit: int, cut: str) -> None:
    """Bytes are counted, characters are kept whole, and what was cut says so if there is room to."""
    assert cut_bytes(text, limit) == cut


def test_no_text_is_cut_too_late() -> None:
    """Whatever mixture, at any limit: it fits, it is UTF-8, and it begins as the text does."""
    mixture = random.Random(7)
    for _ in range(300):
        text = "".join(mixture.choices("a é卡😭🇨\u200d\ud83d", k=mixture.randrange(40)))
        limit = mixture.randrange(60)
        cut = cut_bytes(text, limit)
        assert len(cut.encode()) <= limit
        assert text.replace("\ud83d", "?").startswith(cut.removesuffix("…"))


def test_each_form_is_smaller_than_the_one_before() -> None:
    """Samples go first, then late steps, then facts; the first of each of them stays."""
    forms = list(smaller(page(steps=("1. 一", "2. 二", "3. 三"))))
    counts = [(len(form.samples), len(form.steps), len(form.facts)) for form in forms]
    assert counts[:6] == [(2, 3, 2), (1, 3, 2), (0, 3, 2), (0, 2, 2), (0, 1, 2), (0, 1, 1)]
    assert set(counts[6:]) == {(0, 1, 1)}
    assert forms[0] == page(steps=("1. 一", "2. 二", "3. 三"))


def test_the_smallest_form_still_says_who_what_where_and_what_to_do() -> None:
    """However long everything was: a title, a fact, a step of a few words, and both links."""
    long = "很长的一句话" * 1000
    *_, last = smaller(page(title=f"【P0】demo {long}", facts=(f"环节 {long}", long), steps=(f"1. 技术 {long}",)))
    assert last.title.startswith("【P0】demo 很长")
    assert last.facts[0].startswith("环节 很长")
    assert last.steps[0].startswith("1. 技术 很长")
    assert all(len(text.encode()) <= 40 for text in (last.title, *last.facts, *last.steps))
    assert (last.ack_url, last.console_url, last.person) == (ACK, CONSOLE, "alice")


def test_a_message_with_nothing_below_its_title_has_forms_too() -> None:
    """A page that asks for nothing has no steps and no samples to give."""
    assert next(smaller(page(steps=(), samples=(), facts=(), incident_id=""))).text == ""


def test_the_text_is_everything_below_the_title() -> None:
    """In the order in which it is read, after the number by which it is taken."""
    alice = page()
    assert alice.text.splitlines() == ["事件 #12", *alice.facts, *alice.steps, *alice.samples]


def test_the_cleaned_line_holds_no_control_of_unicode() -> None:
    """Every character of the first planes that controls or turns the line is gone or a space."""
    line = clean("".join(chr(code) for code in range(0x20000)), 0x20000)
    assert not {unicodedata.category(character) for character in line} & {"Cc", "Cs", "Zl", "Zp"}
    assert not {unicodedata.bidirectional(character) for character in line} & {"RLO", "LRO", "RLE", "LRE", "PDF"}
