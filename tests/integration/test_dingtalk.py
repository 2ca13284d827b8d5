"""What only DingTalk does: a signature in the address, a banner, calls by number or id, 20 000 bytes of JSON."""

import re
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from datetime import timedelta

import httpx
import pytest

from servers.dingtalk import SECRET, TOKEN, DingTalkServer, Heard
from servers.story import NOON, Hands
from servers.written_page import (
    ACK,
    CONSOLE,
    HOSTILE,
    chinese,
    dressed_up,
    flooded,
    over,
    page,
)
from streamwatch.channels.dingtalk import DingTalk, Settings, signature
from streamwatch.message import Message, clean

ALICE = "13800000001"
LINK = re.compile(r"!?\[[^\]]*\]\(([^)]*)\)")
MARKS = "<>[]*#`@&"

# openssl dgst -sha256 -hmac "$SECRET" -binary | base64, of "1795348800704\n$SECRET"
SIGNED_AT = NOON + timedelta(milliseconds=704.5)
SIGN = "XjT+2hJdzvXufqykI70sRUqsD/t2xMatGR4oXGAe478="

# ⏎ is a line end within a paragraph: DingTalk wants two spaces on both sides of it.
ZH = """\
### 【P0】demo 推流断开 ＠Alice

@13800000001

环节：接入　岗位：技术　20:00:05 开始⏎
呼叫 Alice：默认值班表

**现在做**⏎
1. 技术：看编码器 → 已停就启动备用；仍在推就查网络⏎
2. 技术：换新的推流地址

> 卡顿：60 人，共 300 人发言⏎
> “好卡啊😭”

[认领](http://127.0.0.1:8780/a/WzEyLCJhbGljZSJd.signed)　[控制台](http://127.0.0.1:8780/incidents/12)

StreamWatch #12""".replace("⏎\n", "  \n  ")
EN = """\
### ［P0］ demo nothing arrives ＠Bob

@13800000001

hop: ingest · role: tech · since 20:00:05⏎
calls Bob: default duty list

**Do now**⏎
1. tech: look at the encoder → start the backup⏎
2. tech: change the address

> lag: 60 of 300 chatters⏎
> “so laggy”

[Ack](http://127.0.0.1:8780/a/WzEyLCJhbGljZSJd.signed)　[Console](http://127.0.0.1:8780/incidents/12)

StreamWatch #12""".replace("⏎\n", "  \n  ")


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def server(clock: Hands) -> Iterator[DingTalkServer]:
    with closing(DingTalkServer(clock)) as server:
        yield server


Dial = Callable[..., DingTalk]


@pytest.fixture
async def dial(server: DingTalkServer, clock: Hands) -> AsyncIterator[Dial]:
    """A channel to the robot, or to another one, with the secret given."""
    async with httpx.AsyncClient(
        verify=False
    ) as http:  # no TLS here: reading certificates takes longer than a test

        def dial(secret: str | None = SECRET, to: DingTalkServer = server, at: Hands = clock) -> DingTalk:
            return DingTalk(Settings(type="dingtalk", url=to.url, secret=secret), http, at)

        yield dial


async def told(dial: Dial, server: DingTalkServer, message: Message, to: str = ALICE) -> Heard:
    """What the group hears of *message*."""
    await dial().send(message, to)
    return server.heard[-1]


def normal(words: str) -> str:
    """Full-width twins and what they stand for are one."""
    return unicodedata.normalize("NFKC", words)


def test_the_signature_is_the_one_of_the_documentation() -> None:
    """Milliseconds, a line end and the secret, under the secret as key: as openssl computes it."""
    assert signature(SECRET, SIGNED_AT) == ("1795348800704", SIGN)


async def test_the_signature_is_encoded_once(dial: Dial, server: DingTalkServer, clock: Hands) -> None:
    """Plus, slash and equals sign as they must stand in an address; the token beside them is still there."""
    clock.now = SIGNED_AT
    await dial().send(page(), ALICE)
    sign = "XjT%2B2hJdzvXufqykI70sRUqsD%2Ft2xMatGR4oXGAe478%3D"
    asked = server.requests[-1].raw_query.split("&")
    assert asked == [f"access_token={TOKEN}", "timestamp=1795348800704", f"sign={sign}"]


@pytest.mark.parametrize(
    ("to", "at"),
    [
        ("13800000001", {"atMobiles": ["13800000001"], "atUserIds": []}),
        ("+8613800000001", {"atMobiles": ["13800000001"], "atUserIds": []}),
        ("+86-13800000001", {"atMobiles": ["13800000001"], "atUserIds": []}),
        ("+852-91234567", {"atMobiles": ["+852-91234567"], "atUserIds": []}),
        ("manager4220", {"atMobiles": [], "atUserIds": ["manager4220"]}),
        ("alice@example.org", {"atMobiles": [], "atUserIds": ["alice@example.org"]}),
    ],
)
async def test_a_number_or_an_id_is_called(
    dial: Dial, server: DingTalkServer, to: str, at: dict[str, list[str]]
) -> None:
    """By the list that fits, and by the same word after an @ in the text: DingTalk wants both."""
    heard = await told(dial, server, page(), to)
    assert server.requests[-1].json["at"] == {**at, "isAtAll": False}
    assert heard.rang == tuple(at["atMobiles"] + at["atUserIds"])


@pytest.mark.parametrize("to", ["all", "ALL", "All", "@all", "所有人", "Alice Liu", "alice,bob", "a\nb", ""])
async def test_nobody_else_is_called(dial: Dial, server: DingTalkServer, to: str) -> None:
    """Never the whole group, and no name that is no id; the page itself is in the group."""
    heard = await told(dial, server, page(), to)
    assert server.requests[-1].json["at"] == {"atMobiles": [], "atUserIds": [], "isAtAll": False}
    assert (heard.rang, heard.everyone) == ((), False)
    assert "＠Alice" in heard.text
    assert "@" not in heard.text


@pytest.mark.parametrize("words", HOSTILE)
async def test_words_from_outside_are_only_words(dial: Dial, server: DingTalkServer, words: str) -> None:
    """In a stream's label or a sample: they call nobody, link nowhere, dress up nothing, and can be read."""
    plain = await told(dial, server, page())
    heard = await told(dial, server, dressed_up(words))
    assert (heard.rang, heard.everyone) == ((ALICE,), False)
    assert LINK.findall(heard.text) == [ACK, CONSOLE]
    assert {mark: heard.text.count(mark) for mark in MARKS} == {mark: plain.text.count(mark) for mark in MARKS}
    assert len(heard.text.splitlines()) == len(plain.text.splitlines())
    assert normal(heard.text).count(normal(clean(words))) == 4


async def test_a_link_with_brackets_stays_one_link(dial: Dial, server: DingTalkServer) -> None:
    """A bracket in an address would end the link before its end."""
    heard = await told(dial, server, page(ack_url="http://127.0.0.1/a/(x)", console_url=None))
    assert LINK.findall(heard.text) == ["http://127.0.0.1/a/%28x%29"]


@pytest.mark.parametrize(("message", "text"), [(page("zh"), ZH), (page("en"), EN)], ids=["zh", "en"])
async def test_a_page_in_its_readers_language(
    dial: Dial, server: DingTalkServer, message: Message, text: str
) -> None:
    """What, whom, the facts, what to do now, what viewers write, the two links, the reference."""
    heard = await told(dial, server, message)
    assert heard.text == text
    assert heard.banner == message.title


async def test_what_is_over_asks_for_nothing(dial: Dial, server: DingTalkServer) -> None:
    """No steps, no heading for them, nothing to acknowledge; the same person hears it."""
    heard = await told(dial, server, over())
    assert heard.text == (
        f"### 【恢复】demo 推流断开\n\n@13800000001\n\n已恢复，持续 42 秒\n\n[控制台]({CONSOLE})\n\nStreamWatch #12"
    )
    assert heard.rang == (ALICE,)


async def test_a_full_page_stays_whole_and_one_byte_more_costs_one_sample(
    dial: Dial, server: DingTalkServer
) -> None:
    """20 000 bytes of JSON are taken, three to each Chinese character; the links do not go."""
    channel = dial()
    floods = (chinese(3000),) * 6
    await channel.send(page(samples=(*floods, "")), ALICE)
    room = 20_000 - len(server.requests[-1].body)

    await channel.send(page(samples=(*floods, chinese(room))), ALICE)
    await channel.send(page(samples=(*floods, chinese(room + 1))), ALICE)

    assert len(server.requests[-2].body) == 20_000
    assert [heard.text.count("> 卡卡卡") for heard in server.heard[-2:]] == [7, 6]
    assert [LINK.findall(heard.text) for heard in server.heard] == [[ACK, CONSOLE]] * 3


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_flood_keeps_who_what_where_do_now(dial: Dial, server: DingTalkServer, language: str) -> None:
    """And the links; what repeats says so before anything else is read."""
    short = page(language)
    message = flooded(language, maybe_repeated=True)
    heard = await told(dial, server, message)
    assert len(server.requests[-1].body) <= 20_000
    assert heard.rang == (ALICE,)
    for words in (short.title, short.facts[0], short.steps[0], "StreamWatch #12"):
        assert normal(words) in normal(heard.text)
    assert LINK.findall(heard.text) == [ACK, CONSOLE]
    heading = heard.text.splitlines()[0]
    assert heading.endswith("（可能重复）" if language == "zh" else " (may repeat)")


@pytest.mark.parametrize(("bytes_long", "whole"), [(199, True), (200, True), (201, False), (2000, False)])
async def test_the_banner_is_short(dial: Dial, server: DingTalkServer, bytes_long: int, whole: bool) -> None:
    """200 bytes at most, never through a character; the heading has room for more."""
    title = "【P0】" + chinese(bytes_long - len("【P0】".encode()))
    heard = await told(dial, server, page(title=title))
    assert (heard.banner == title) is whole
    assert len(heard.banner.encode()) <= 200
    assert heard.banner.startswith("【P0】卡卡卡")
    assert heard.banner.endswith("…") is not whole
    assert heard.text.startswith(f"### {title}")


@pytest.mark.parametrize(("language", "mark"), [("zh", "（可能重复）"), ("en", " (may repeat)")])
async def test_what_may_repeat_says_so(dial: Dial, server: DingTalkServer, language: str, mark: str) -> None:
    """In the banner and in the heading, once each; a page that cannot repeat says nothing."""
    once = await told(dial, server, page(language))
    again = await told(dial, server, page(language, maybe_repeated=True))
    assert again.banner == once.banner + mark
    assert again.text.count(mark) == 1
    assert mark not in once.banner + once.text


async def test_a_long_banner_keeps_the_mark(dial: Dial, server: DingTalkServer) -> None:
    """Whoever reads the notification alone must see that it may be the same page again."""
    heard = await told(dial, server, page(title="直播间" * 60, maybe_repeated=True))
    assert heard.banner.endswith("…（可能重复）")
    assert len(heard.banner.encode()) <= 200
