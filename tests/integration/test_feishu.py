"""What only Feishu does: a signature in the body, posts of plain texts, calls by open id, 20 000 bytes of JSON."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import httpx
import pytest

from servers.feishu import SECRET, FeishuServer, Heard
from servers.story import NOON, Hands
from servers.written_page import ACK, CONSOLE, HOSTILE, chinese, dressed_up, flooded, over, page, trial
from streamwatch.channels.feishu import Feishu, Settings, signature
from streamwatch.message import Message, clean

ALICE = "ou_a11ce"

# printf '' | openssl dgst -sha256 -mac HMAC -macopt hexkey:(hex of "1795348800\n$SECRET") -binary | base64
SIGNED_AT = NOON + timedelta(milliseconds=999)
SIGNED = {"timestamp": "1795348800", "sign": "5M9N337KHwExQnTZ8pwSa5ZOSD+IDuBdJpRVDNjrAII="}

ZH = (
    "",  # the call itself shows as a name
    "环节：接入　岗位：技术　20:00:05 开始",
    "呼叫 Alice：默认值班表",
    "现在做",
    "1. 技术：看编码器 → 已停就启动备用；仍在推就查网络",
    "2. 技术：换新的推流地址",
    "卡顿：60 人，共 300 人发言",
    "“好卡啊😭”",
    "认领　控制台　",
    "StreamWatch #12",
)
EN = (
    "",
    "hop: ingest · role: tech · since 20:00:05",
    "calls Bob: default duty list",
    "Do now",
    "1. tech: look at the encoder → start the backup",
    "2. tech: change the address",
    "lag: 60 of 300 chatters",
    "“so laggy”",
    "Ack　Console　",
    "StreamWatch #12",
)


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def server(clock: Hands) -> Iterator[FeishuServer]:
    with closing(FeishuServer(clock)) as server:
        yield server


Dial = Callable[..., Feishu]


@pytest.fixture
async def dial(server: FeishuServer, clock: Hands) -> AsyncIterator[Dial]:
    """A channel to the bot, or to another one, with the secret given."""
    # No TLS here: reading certificates takes longer than a test.
    async with httpx.AsyncClient(verify=False) as http:

        def dial(secret: str | None = SECRET, to: FeishuServer = server, at: Hands = clock) -> Feishu:
            return Feishu(Settings(type="feishu", url=to.url, secret=secret, form="post"), http, at)

        yield dial


async def told(dial: Dial, server: FeishuServer, message: Message, to: str = ALICE) -> Heard:
    """What the group hears of *message*."""
    await dial().send(message, to)
    return server.heard[-1]


def pieces(server: FeishuServer) -> list[dict[str, Any]]:
    """All pieces of the last post, line after line."""
    (post,) = server.requests[-1].json["content"]["post"].values()
    return [piece for line in post["content"] for piece in line]


def test_the_signature_is_the_one_of_the_documentation() -> None:
    """Whole seconds, a line end and the secret are the key, and nothing is signed: as openssl computes it."""
    assert signature(SECRET, SIGNED_AT) == SIGNED


async def test_the_signature_goes_into_the_body(dial: Dial, server: FeishuServer, clock: Hands) -> None:
    """As it is, in Base64, beside the post; the address stays as it was given."""
    clock.now = SIGNED_AT
    await dial().send(page(), ALICE)
    body = server.requests[-1].json
    assert {name: body[name] for name in SIGNED} == SIGNED
    assert body.keys() == {"timestamp", "sign", "msg_type", "content"}
    assert server.requests[-1].raw_query == ""


async def test_an_open_id_is_called(dial: Dial, server: FeishuServer) -> None:
    """By one piece of its own, before everything else."""
    heard = await told(dial, server, page())
    assert pieces(server)[0] == {"tag": "at", "user_id": ALICE}
    assert [piece["tag"] for piece in pieces(server)].count("at") == 1
    assert (heard.rang, heard.everyone) == ((ALICE,), False)


@pytest.mark.parametrize(
    "to", ["all", "ALL", "@all", "ou_", "ou_a11ce all", "ou_爱丽丝", "on_a11ce", "alice", "13800000001", ""]
)
async def test_nobody_else_is_called(dial: Dial, server: FeishuServer, to: str) -> None:
    """Never the whole group, and nobody by a number or another kind of id; the page itself is in the group."""
    heard = await told(dial, server, page(), to)
    assert (heard.rang, heard.everyone) == ((), False)
    assert {piece["tag"] for piece in pieces(server)} == {"text", "a"}
    assert heard.lines == ZH[1:]
    assert heard.title == "【P0】demo 推流断开 @Alice"


@pytest.mark.parametrize("words", HOSTILE)
async def test_words_from_outside_are_only_words(dial: Dial, server: FeishuServer, words: str) -> None:
    """In a stream's label or a sample: they call nobody, link nowhere, and stand there as they were written."""
    heard = await told(dial, server, dressed_up(words))
    assert (heard.rang, heard.everyone) == ((ALICE,), False)
    assert heard.links == (ACK, CONSOLE)
    assert len(heard.lines) == len(ZH)
    assert not set("<>") & set("".join(heard.lines))
    shown = clean(words).replace("<", "＜").replace(">", "＞")
    assert sum(shown in line.replace("：//", "://") for line in heard.lines) == 3
    assert shown in heard.title


@pytest.mark.parametrize("message", [page(), dressed_up(HOSTILE[3]), over(), trial()])
async def test_texts_are_plain(dial: Dial, server: FeishuServer, message: Message) -> None:
    """No text asks to be decoded (`un_escape`) or styled: what viewers write cannot become markup."""
    await told(dial, server, message)
    keys = {"at": {"tag", "user_id"}, "text": {"tag", "text"}, "a": {"tag", "text", "href"}}
    assert all(piece.keys() == keys[piece["tag"]] for piece in pieces(server))


@pytest.mark.parametrize(
    ("message", "locale", "lines"), [(page("zh"), "zh_cn", ZH), (page("en"), "en_us", EN)], ids=["zh", "en"]
)
async def test_a_page_in_its_readers_language(
    dial: Dial, server: FeishuServer, message: Message, locale: str, lines: tuple[str, ...]
) -> None:
    """Whom, the facts, what to do now, what viewers write, the two links, the reference: in one language."""
    heard = await told(dial, server, message)
    assert heard.locales == (locale,)
    assert heard.title == message.title
    assert heard.lines == lines
    assert heard.links == (ACK, CONSOLE)


async def test_what_is_over_asks_for_nothing(dial: Dial, server: FeishuServer) -> None:
    """No steps, no heading for them, nothing to acknowledge; the same person hears it."""
    heard = await told(dial, server, over())
    assert heard.title == "【恢复】demo 推流断开"
    assert heard.lines == ("", "已恢复，持续 42 秒", "控制台　", "StreamWatch #12")
    assert (heard.links, heard.rang) == ((CONSOLE,), (ALICE,))


async def test_a_link_is_sent_as_it_is(dial: Dial, server: FeishuServer) -> None:
    """An address is a field of its own: nothing in it needs to be escaped, and nothing may be changed."""
    url = 'http://127.0.0.1/a/(x)"<>&?#'
    heard = await told(dial, server, page(ack_url=url, console_url=None))
    assert heard.links == (url,)


async def test_a_full_page_stays_whole_and_one_byte_more_costs_one_sample(dial: Dial, server: FeishuServer) -> None:
    """20 000 bytes of JSON, signature and all, three to each Chinese character; the links do not go."""
    channel = dial()
    floods = (chinese(3000),) * 6
    await channel.send(page(samples=(*floods, "")), ALICE)
    room = 20_000 - len(server.requests[-1].body)

    await channel.send(page(samples=(*floods, chinese(room))), ALICE)
    await channel.send(page(samples=(*floods, chinese(room + 1))), ALICE)

    assert len(server.requests[-2].body) == 20_000
    assert [sum(line.startswith("卡卡卡") for line in heard.lines) for heard in server.heard[-2:]] == [7, 6]
    assert [heard.links for heard in server.heard] == [(ACK, CONSOLE)] * 3


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_flood_keeps_who_what_where_do_now(dial: Dial, server: FeishuServer, language: str) -> None:
    """And the links; what repeats says so in the title."""
    short = page(language)
    heard = await told(dial, server, flooded(language, maybe_repeated=True))
    assert len(server.requests[-1].body) <= 20_000
    assert heard.rang == (ALICE,)
    assert heard.title.startswith(short.title)
    assert heard.title.endswith("（可能重复）" if language == "zh" else " (may repeat)")
    for words in (short.facts[0], short.steps[0], "StreamWatch #12"):
        assert any(line.startswith(words) for line in heard.lines)
    assert heard.links == (ACK, CONSOLE)


@pytest.mark.parametrize(("language", "mark"), [("zh", "（可能重复）"), ("en", " (may repeat)")])
async def test_what_may_repeat_says_so(dial: Dial, server: FeishuServer, language: str, mark: str) -> None:
    """In the title, which is what a phone shows; a page that cannot repeat says nothing."""
    once = await told(dial, server, page(language))
    again = await told(dial, server, page(language, maybe_repeated=True))
    assert again.title == once.title + mark
    assert again.lines == once.lines
    assert mark not in "".join(once.lines)


def in_both() -> Message:
    return page(
        translation=page("en", person="alice", person_name="Alice", title="[P0] demo nothing arrives @Alice")
    )


async def test_one_post_holds_both_languages(dial: Dial, server: FeishuServer) -> None:
    """Feishu shows each reader their own; the person is called in either."""
    await dial().send(in_both(), ALICE)
    posts = server.requests[-1].json["content"]["post"]
    assert list(posts) == ["zh_cn", "en_us"]
    assert [post["title"] for post in posts.values()] == [
        "【P0】demo 推流断开 @Alice",
        "[P0] demo nothing arrives @Alice",
    ]
    for post in posts.values():
        assert post["content"][0] == [{"tag": "at", "user_id": ALICE}]
        assert [piece["href"] for line in post["content"] for piece in line if piece["tag"] == "a"] == [
            ACK,
            CONSOLE,
        ]


async def test_a_flood_in_both_languages_keeps_both(dial: Dial, server: FeishuServer) -> None:
    """Each has half of the 20 000 bytes, and the mark that it may repeat."""
    message = flooded(maybe_repeated=True, translation=flooded("en"))
    await dial().send(message, ALICE)
    assert len(server.requests[-1].body) <= 20_000
    posts = server.requests[-1].json["content"]["post"]
    for post, short, end in (
        (posts["zh_cn"], page(), "（可能重复）"),
        (posts["en_us"], page("en"), " (may repeat)"),
    ):
        assert post["title"].startswith(short.title)
        assert post["title"].endswith(end)
        shown = "\n".join(piece.get("text", "") for line in post["content"] for piece in line)
        for words in (short.facts[0], short.steps[0], "StreamWatch #12"):
            assert words in shown
