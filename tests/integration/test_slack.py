"""What only Slack does: escaped words, calls by member id, one thread for each incident, replies that are seen."""

from datetime import timedelta

import pytest

from servers.lines import Line, Switchboard
from servers.slack import CHANNEL, Heard, SlackServer
from servers.story import NOON
from servers.written_page import ACK, CONSOLE, HOSTILE, dressed_up, flooded, over, page
from streamwatch.channels.channel import ChannelError, Reason
from streamwatch.message import Earlier, Message, clean

ALICE = "U0ALICE"
ZH = """\
*【P0】demo 推流断开 @Alice*

<@U0ALICE>

环节：接入　岗位：技术　20:00:05 开始
呼叫 Alice：默认值班表

*现在做*
1. 技术：看编码器 → 已停就启动备用；仍在推就查网络
2. 技术：换新的推流地址

> 卡顿：60 人，共 300 人发言
> “好卡啊😭”

<http://127.0.0.1:8780/a/WzEyLCJhbGljZSJd.signed|认领>　<http://127.0.0.1:8780/incidents/12|控制台>

StreamWatch #12"""


async def told(line: Line, message: Message, to: str = ALICE) -> Heard:
    """What the channel shows of *message*."""
    line.wait()
    await line.channel.send(message, to)
    assert isinstance(line.service, SlackServer)
    return line.service.heard[-1]


def before(*ids: tuple[str, str]) -> tuple[Earlier, ...]:
    return tuple(Earlier(person, id_, NOON - timedelta(minutes=1)) for person, id_ in ids)


async def test_a_page_in_chinese(dial: Switchboard) -> None:
    """What, whom, the facts, what to do now, what viewers write, the two links, the reference."""
    heard = await told(dial("slack"), page())
    assert heard.raw == ZH
    assert heard.rang == (ALICE,)


@pytest.mark.parametrize("words", HOSTILE)
async def test_words_from_outside_are_only_words(dial: Switchboard, words: str) -> None:
    """They call nobody, link nowhere, and can be read as they were written."""
    line = dial("slack")
    heard = await told(line, dressed_up(words))
    assert (heard.rang, heard.everyone, heard.links) == ((ALICE,), False, (ACK, CONSOLE))
    shown = clean(words).translate({ord(mark): ord(mark) + 0xFEE0 for mark in "*~`"})
    assert heard.text.replace("：//", "://").count(shown) == 4


@pytest.mark.parametrize("to", ["alice", "!here", "U0ALICE> <!channel", "@here", ""])
async def test_nobody_else_is_called(dial: Switchboard, to: str) -> None:
    """Never the whole channel, and no name that is no member's id."""
    heard = await told(dial("slack_app"), page(), to)
    assert (heard.rang, heard.everyone) == ((), False)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_flood_keeps_who_what_where_do_now(dial: Switchboard, language: str) -> None:
    """In 4000 characters, with the links, the call and the mark."""
    short = page(language)
    heard = await told(dial("slack"), flooded(language, maybe_repeated=True))
    assert len(heard.raw) <= 4000
    for words in (short.title, short.facts[0], short.steps[0], "StreamWatch #12"):
        assert words in heard.text
    assert (heard.rang, heard.links) == ((ALICE,), (ACK, CONSOLE))
    assert "可能重复" in heard.text or "may repeat" in heard.text


async def test_one_character_more_costs_one_sample(dial: Switchboard) -> None:
    """4000 characters are taken as they are."""
    line = dial("slack")
    filler = tuple("a" * 800 for _ in range(4))
    left = 4000 - len((await told(line, page(samples=(*filler, "")))).raw)
    exact = await told(line, page(samples=(*filler, "a" * left)))
    more = await told(line, page(samples=(*filler, "a" * (left + 1))))
    assert len(exact.raw) == 4000
    assert [heard.raw.count("\n> a") for heard in (exact, more)] == [5, 4]


async def test_the_pages_of_an_incident_are_one_thread(dial: Switchboard) -> None:
    """Below the first one, whoever it called; a page that calls is shown in the channel too, the end is not."""
    line = dial("slack_app")
    first = await line.send()
    thread = before(("alice", first.provider_id or ""))

    bob = await told(line, page("en", thread=thread), "U0BOB")
    end = await told(line, over(thread=thread))

    stamp = (first.provider_id or "").partition(":")[2]
    assert [(heard.thread, heard.broadcast) for heard in (bob, end)] == [(stamp, True), (stamp, False)]
    assert bob.rang == ("U0BOB",)


async def test_a_thread_of_another_place_is_left_alone(dial: Switchboard) -> None:
    """After a change of the configuration, or over another channel, the page stands by itself."""
    line = dial("slack_app")
    heard = await told(line, page(thread=before(("alice", "C0OTHER:1795348800.000000"), ("alice", "phone-1"))))
    assert heard.thread is None


async def test_a_thread_that_was_deleted_hides_nothing(dial: Switchboard) -> None:
    """Slack refuses the answer to a message that is gone; the page is sent again without."""
    line = dial("slack_app")
    heard = await told(line, page(thread=before(("alice", f"{CHANNEL}:1.1"))))
    assert heard.thread is None
    assert len(line.service.requests) == 2


async def test_in_private_everybody_has_a_thread_of_their_own(dial: Switchboard) -> None:
    """Without `channel` a page goes to its person; somebody else's thread is not theirs."""
    line = dial("slack_app", channel=None)
    first = await line.send()
    assert first.provider_id == "D0ALICE:1795348800.000000"
    thread = before(("alice", first.provider_id))
    assert (await told(line, page(thread=thread))).thread == "1795348800.000000"
    assert (await told(line, page("en", thread=thread), "U0BOB")).thread is None


async def test_in_private_a_stranger_is_refused_for_good(dial: Switchboard) -> None:
    """There is no group that could hear it instead; the words name the cure."""
    line = dial("slack_app", channel=None)
    with pytest.raises(ChannelError, match="check channel, to and url") as caught:
        await line.channel.send(page(), "U0MALLORY")
    assert caught.value.reason is Reason.GONE
