"""What only WeCom does: a key and no signature, markdown calls ids, texts call numbers, limits in bytes."""

import re
import unicodedata
from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import httpx
import pytest

from servers.story import Hands
from servers.wecom import KEY, Heard, WeComServer
from servers.written_page import ACK, CONSOLE, HOSTILE, chinese, dressed_up, flooded, over, page, trial
from streamwatch.channels.channel import ChannelError, Reason
from streamwatch.channels.wecom import Settings, WeCom
from streamwatch.message import Message, clean

ID, NUMBER = "alice", "13800000001"
LIMITS = {ID: 4096, NUMBER: 2048}
LINK = re.compile(r"https?://[^\s)]+")
MARKS = {ID: "<>[]*#`@&", NUMBER: "<>@&"}  # a text has no markup; `<@…>` would still call

MARKDOWN = """\
### 【P0】demo 推流断开 ＠Alice

<@alice>

环节：接入　岗位：技术　20:00:05 开始
呼叫 Alice：默认值班表

**现在做**
1. 技术：看编码器 → 已停就启动备用；仍在推就查网络
2. 技术：换新的推流地址

> 卡顿：60 人，共 300 人发言
> “好卡啊😭”

[认领](http://127.0.0.1:8780/a/WzEyLCJhbGljZSJd.signed)　[控制台](http://127.0.0.1:8780/incidents/12)

StreamWatch #12"""
TEXT = """\
[P0] demo nothing arrives ＠Bob

hop: ingest · role: tech · since 20:00:05
calls Bob: default duty list

Do now
1. tech: look at the encoder → start the backup
2. tech: change the address

lag: 60 of 300 chatters
“so laggy”

Ack http://127.0.0.1:8780/a/WzEyLCJhbGljZSJd.signed
Console http://127.0.0.1:8780/incidents/12
StreamWatch #12"""


@pytest.fixture
def server() -> Iterator[WeComServer]:
    with closing(WeComServer(Hands())) as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    # No TLS here: reading certificates takes longer than a test.
    async with httpx.AsyncClient(verify=False) as http:
        yield http


@pytest.fixture
def wecom(server: WeComServer, http: httpx.AsyncClient) -> WeCom:
    return WeCom(Settings(type="wecom", url=server.url), http, Hands())


async def told(wecom: WeCom, server: WeComServer, message: Message, to: str = ID) -> Heard:
    """What the group hears of *message*."""
    await wecom.send(message, to)
    return server.heard[-1]


def normal(words: str) -> str:
    """Full-width twins and what they stand for are one."""
    return unicodedata.normalize("NFKC", words)


async def test_the_key_is_the_whole_secret(wecom: WeCom, server: WeComServer) -> None:
    """The address goes out as it was given: no timestamp, no signature."""
    await wecom.send(page(), ID)
    assert server.requests[-1].raw_query == f"key={KEY}"


@pytest.mark.parametrize("query", ["key=another-key-of-nobody", "key=", "", f"key={KEY}%20"])
async def test_a_wrong_key_is_refused_for_good(server: WeComServer, http: httpx.AsyncClient, query: str) -> None:
    """The robot says 93000 in an HTTP 200: nobody heard the page, and the words name the cure."""
    url = f"{server.base}/cgi-bin/webhook/send?{query}"
    with pytest.raises(ChannelError, match=r"code 93000 \(check the robot's address") as caught:
        await WeCom(Settings(type="wecom", url=url), http, Hands()).send(page(), ID)
    assert caught.value.reason is Reason.AUTH
    assert server.heard == []


@pytest.mark.parametrize("to", ["alice", "Alice", "alice.liu", "alice_liu-2", "alice@corp", "1001"])
async def test_an_id_is_called_by_markdown(wecom: WeCom, server: WeComServer, to: str) -> None:
    """`<@id>` calls; the lists belong to texts and are not sent."""
    heard = await told(wecom, server, page(), to)
    assert (heard.kind, heard.rang, heard.everyone) == ("markdown", (to,), False)
    assert server.requests[-1].json == {"msgtype": "markdown", "markdown": {"content": heard.text}}


@pytest.mark.parametrize(
    ("to", "number"),
    [
        ("13800000001", "13800000001"),
        ("+8613800000001", "13800000001"),
        ("+86-13800000001", "13800000001"),
        ("+852-91234567", "+852-91234567"),
    ],
)
async def test_a_number_is_called_by_a_text(wecom: WeCom, server: WeComServer, to: str, number: str) -> None:
    """Markdown cannot call a number."""
    heard = await told(wecom, server, page(), to)
    assert (heard.kind, heard.rang, heard.everyone) == ("text", (number,), False)
    assert server.requests[-1].json["text"] == {"content": heard.text, "mentioned_mobile_list": [number]}


@pytest.mark.parametrize("to", ["all", "ALL", "All", "@all", "Alice Liu", "爱丽丝", "alice><@bob", "a|b", ""])
async def test_nobody_else_is_called(wecom: WeCom, server: WeComServer, to: str) -> None:
    """Never the whole group, and no name that is no id; the page itself is in the group."""
    heard = await told(wecom, server, page(), to)
    assert (heard.rang, heard.everyone) == ((), False)
    assert "＠Alice" in heard.text
    assert "@" not in heard.text


@pytest.mark.parametrize("to", [ID, NUMBER])
@pytest.mark.parametrize("words", HOSTILE)
async def test_words_from_outside_are_only_words(wecom: WeCom, server: WeComServer, words: str, to: str) -> None:
    """In a stream's label or a sample: they call nobody, dress up nothing, and can be read."""
    plain = await told(wecom, server, page(), to)
    heard = await told(wecom, server, dressed_up(words), to)
    assert (heard.rang, heard.everyone) == ((to,), False)
    marks = MARKS[to]
    assert {mark: heard.text.count(mark) for mark in marks} == {mark: plain.text.count(mark) for mark in marks}
    assert len(heard.text.splitlines()) == len(plain.text.splitlines())
    assert normal(heard.text).count(normal(clean(words))) == 4


async def test_a_link_with_brackets_stays_one_link(wecom: WeCom, server: WeComServer) -> None:
    """A bracket in an address would end the link before its end; a text shows the address as it is."""
    message = page(ack_url="http://127.0.0.1/a/(x)", console_url=None)
    assert "[认领](http://127.0.0.1/a/%28x%29)\n" in (await told(wecom, server, message)).text
    assert "认领 http://127.0.0.1/a/(x)\n" in (await told(wecom, server, message, NUMBER)).text


async def test_a_markdown_page_in_chinese(wecom: WeCom, server: WeComServer) -> None:
    """What, whom, the facts, what to do now, what viewers write, the two links, the reference."""
    assert (await told(wecom, server, page("zh"))).text == MARKDOWN


async def test_a_text_page_in_english(wecom: WeCom, server: WeComServer) -> None:
    """The same without markup; brackets and stars mean nothing here and stay as they are."""
    assert (await told(wecom, server, page("en"), NUMBER)).text == TEXT


async def test_the_words_of_both_languages_are_the_readers(wecom: WeCom, server: WeComServer) -> None:
    """Markdown in English, a text in Chinese: labels and headings follow the message."""
    marked = (await told(wecom, server, page("en"))).text
    plain = (await told(wecom, server, page("zh"), NUMBER)).text
    assert "**Do now**\n1. tech: look at the encoder" in marked
    assert f"[Ack]({ACK})　[Console]({CONSOLE})" in marked
    assert "\n\n现在做\n1. 技术：看编码器" in plain
    assert f"认领 {ACK}\n控制台 {CONSOLE}\nStreamWatch #12" in plain


@pytest.mark.parametrize(("to", "call"), [(ID, "<@alice>\n\n"), (NUMBER, "")])
async def test_what_is_over_asks_for_nothing(wecom: WeCom, server: WeComServer, to: str, call: str) -> None:
    """No steps, no heading for them, nothing to acknowledge; the same person hears it."""
    heard = await told(wecom, server, over(), to)
    head, link = ("### ", f"[控制台]({CONSOLE})\n") if to == ID else ("", f"控制台 {CONSOLE}")
    assert heard.text == f"{head}【恢复】demo 推流断开\n\n{call}已恢复，持续 42 秒\n\n{link}\nStreamWatch #12"
    assert heard.rang == (to,)


@pytest.mark.parametrize("to", [ID, NUMBER])
async def test_a_full_page_stays_whole_and_one_byte_more_costs_one_sample(
    wecom: WeCom, server: WeComServer, to: str
) -> None:
    """4096 bytes of markdown, 2048 of text, three to each Chinese character; the links do not go."""
    floods = (chinese(500),) * 2
    short = await told(wecom, server, page(samples=(*floods, "卡")), to)
    room = LIMITS[to] - len(short.text.encode()) + len("卡".encode())

    full = await told(wecom, server, page(samples=(*floods, chinese(room))), to)
    more = await told(wecom, server, page(samples=(*floods, chinese(room + 1))), to)

    assert len(full.text.encode()) == LIMITS[to]
    assert [_samples(heard) for heard in (full, more)] == [3, 2]
    assert LINK.findall(full.text) == LINK.findall(more.text) == [ACK, CONSOLE]


def _samples(heard: Heard) -> int:
    return len(re.findall("^(?:> )?卡+a*$", heard.text, re.MULTILINE))


@pytest.mark.parametrize("to", [ID, NUMBER])
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_flood_keeps_who_what_where_do_now(
    wecom: WeCom, server: WeComServer, language: str, to: str
) -> None:
    """And the links; what repeats says so before anything else is read."""
    short = page(language)
    heard = await told(wecom, server, flooded(language, maybe_repeated=True), to)
    assert len(heard.text.encode()) <= LIMITS[to]
    assert heard.rang == (to,)
    for words in (short.title, short.facts[0], short.steps[0][:20], "StreamWatch #12"):
        assert normal(words) in normal(heard.text)
    assert LINK.findall(heard.text) == [ACK, CONSOLE]
    heading = heard.text.splitlines()[0]
    assert heading.endswith("…（可能重复）" if language == "zh" else "… (may repeat)")


@pytest.mark.parametrize("to", [ID, NUMBER])
@pytest.mark.parametrize(("language", "mark"), [("zh", "（可能重复）"), ("en", " (may repeat)")])
async def test_what_may_repeat_says_so(
    wecom: WeCom, server: WeComServer, language: str, mark: str, to: str
) -> None:
    """At the end of the first line, which is what a phone shows; a page that cannot repeat says nothing."""
    once = await told(wecom, server, page(language), to)
    again = await told(wecom, server, page(language, maybe_repeated=True), to)
    assert again.text.splitlines()[0] == once.text.splitlines()[0] + mark
    assert again.text.count(mark) == 1
    assert mark not in once.text


@pytest.mark.parametrize("message", [page(), page("en"), over(), trial(), flooded()])
async def test_the_first_line_is_who_what_where(wecom: WeCom, server: WeComServer, message: Message) -> None:
    """WeCom has no banner of its own: a phone shows how the content begins."""
    in_markdown = await told(wecom, server, message)
    in_text = await told(wecom, server, message, NUMBER)
    begins = normal(message.title)[:20]
    assert normal(in_markdown.text).startswith(f"### {begins}")
    assert normal(in_text.text).startswith(begins)


@pytest.mark.parametrize("to", [ID, NUMBER])
@pytest.mark.parametrize("message", [page(), page("en"), over(), over("en"), trial(), trial("en"), flooded()])
async def test_every_page_can_be_found_by_its_name(
    wecom: WeCom, server: WeComServer, message: Message, to: str
) -> None:
    """Starts, ends, tests and floods all end with StreamWatch, and with their incident if they have one."""
    heard = await told(wecom, server, message, to)
    assert heard.text.splitlines()[-1] == ("StreamWatch #12" if message.incident_id else "StreamWatch")
