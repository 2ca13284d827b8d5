"""Pages as Feishu cards: the colour of the severity with its word, both languages, a button for the ack link."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from servers.feishu import FeishuServer, Heard
from servers.feishu_card import shown
from servers.lines import Line, Switchboard
from servers.stand_in import says
from servers.story import Hands
from servers.written_page import ACK, CONSOLE, HOSTILE, chinese, dressed_up, flooded, over, page, trial
from streamwatch.channels.channel import ChannelError, Reason
from streamwatch.message import Message, clean

ALICE = "ou_a11ce"


@pytest.fixture
async def line(clock: Hands) -> AsyncIterator[Line]:
    board = Switchboard(clock)
    yield board("feishu_card")
    await board.close()


def bot(line: Line) -> FeishuServer:
    assert isinstance(line.service, FeishuServer)
    return line.service


async def told(line: Line, message: Message, to: str = ALICE) -> Heard:
    line.wait()
    await line.channel.send(message, to)
    return bot(line).heard[-1]


def card(line: Line) -> Any:
    return bot(line).requests[-1].json["card"]


async def test_a_page(line: Line) -> None:
    """Head, facts, what to do now, what viewers write, two buttons of which the first acks, the reference."""
    heard = await told(line, page())
    assert (heard.title, heard.colour) == ("【P0】demo 推流断开 @Alice", "red")
    assert heard.lines == (
        "环节：接入　岗位：技术　20:00:05 开始",
        "呼叫 Alice：默认值班表",
        "1. 技术：看编码器 → 已停就启动备用；仍在推就查网络",
        "2. 技术：换新的推流地址",
        "卡顿：60 人，共 300 人发言",
        "“好卡啊😭”",
        "StreamWatch #12",
    )
    assert heard.buttons == (("认领", "primary", ACK), ("控制台", "default", CONSOLE))
    assert (heard.rang, heard.everyone) == ((ALICE,), False)


@pytest.mark.parametrize(
    ("message", "colour", "word"),
    [
        (page(severity="P0"), "red", "【P0】"),
        (page(severity="P1", title="【P1】x"), "orange", "【P1】"),
        (page(severity="P2", title="【P2】x"), "yellow", "【P2】"),
        (page(severity="P3", title="【P3】x"), "blue", "【P3】"),
        (page(kind="told", title="【通知】x"), "blue", "【通知】"),
        (over(), "green", "【恢复】"),
        (trial(), "grey", "【测试】"),
    ],
)
async def test_the_colour_never_stands_alone(line: Line, message: Message, colour: str, word: str) -> None:
    """Who sees no colours reads the word."""
    heard = await told(line, message)
    assert heard.colour == colour
    assert heard.title.startswith(word)


async def test_one_card_holds_both_languages(line: Line) -> None:
    """Feishu shows each reader their own; the person is called in either, and either has the button."""
    await told(line, page(translation=page("en", person="alice", person_name="Alice")))
    assert list(card(line)["i18n_elements"]) == ["zh_cn", "en_us"]
    zh, en = (shown(card(line), locale) for locale in ("zh_cn", "en_us"))
    assert (zh.title, en.title) == ("【P0】demo 推流断开 @Alice", "[P0] demo nothing arrives @Bob")
    assert zh.colour == en.colour == "red"
    assert en.buttons == (("Ack", "primary", ACK), ("Console", "default", CONSOLE))
    for each in (zh, en):
        assert f"<at id={ALICE}></at>" in each.texts


@pytest.mark.parametrize("to", ["all", "@all", "ou_", "ou_a11ce all", "alice", "13800000001", ""])
async def test_nobody_else_is_called(line: Line, to: str) -> None:
    """Never the whole group."""
    heard = await told(line, page(), to)
    assert (heard.rang, heard.everyone) == ((), False)


@pytest.mark.parametrize("words", HOSTILE)
async def test_words_from_outside_are_only_words(line: Line, words: str) -> None:
    """They call nobody, link nowhere, stand in plain texts alone, and are there as they were written."""
    heard = await told(line, dressed_up(words))
    assert (heard.rang, heard.everyone) == ((ALICE,), False)
    assert heard.links == (ACK, CONSOLE)
    said = clean(words).replace("<", "＜").replace(">", "＞")
    assert sum(said in each.replace("：//", "://") for each in heard.lines) == 3
    ours = [each["text"] for each in card(line)["i18n_elements"]["zh_cn"] if each["tag"] == "div"]
    marked = [text["content"] for text in ours if text["tag"] == "lark_md"]
    assert marked == [f"<at id={ALICE}></at>", "**现在做**"]


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_flood_keeps_who_what_where_do_now(line: Line, language: Any) -> None:
    """In 20 000 bytes, with the buttons; what repeats says so in the title."""
    short = page(language)
    heard = await told(line, flooded(language, maybe_repeated=True, translation=flooded("en")))
    assert len(bot(line).requests[-1].body) <= 20_000
    assert heard.title.startswith(short.title)
    assert heard.title.endswith("（可能重复）" if language == "zh" else " (may repeat)")
    for words in (short.facts[0], short.steps[0], "StreamWatch #12"):
        assert any(each.startswith(words) for each in heard.lines)
    assert heard.links == (ACK, CONSOLE)


async def test_a_full_card_stays_whole_and_one_byte_more_costs_one_sample(line: Line) -> None:
    """20 000 bytes of JSON, signature and all."""
    floods = (chinese(3000),) * 6
    await told(line, page(samples=(*floods, "x")))
    room = 20_000 - len(bot(line).requests[-1].body) + 1
    whole = await told(line, page(samples=(*floods, chinese(room))))
    assert len(bot(line).requests[-1].body) == 20_000
    cut = await told(line, page(samples=(*floods, chinese(room + 1))))
    assert [sum(each.startswith("卡卡卡") for each in heard.lines) for heard in (whole, cut)] == [7, 6]


async def test_a_declined_card_goes_as_a_post(line: Line) -> None:
    """At once, and as one delivery: no page is lost for its looks."""
    bot(line).declines_cards = True
    heard = await told(line, page())
    assert [each.json["msg_type"] for each in bot(line).requests] == ["interactive", "post"]
    assert heard.title == "【P0】demo 推流断开 @Alice"
    assert heard.links == (ACK, CONSOLE)


@pytest.mark.parametrize("code", [19021, 19024, 11232, 19007, -1])
async def test_a_no_that_is_not_about_the_card_is_final_for_now(line: Line, code: int) -> None:
    """A wrong signature, a limit: the post would hear the same, so it is not tried."""
    bot(line).script.append(says({"code": code, "msg": "no"}))
    with pytest.raises(ChannelError) as caught:
        await told(line, page())
    assert caught.value.reason in (Reason.AUTH, Reason.THROTTLED, Reason.GONE, Reason.BUSY)
    assert len(bot(line).requests) == 1
