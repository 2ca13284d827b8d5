"""What only Telegram does: buttons, a message that lives until the end, groups that move, 4096 characters."""

from contextlib import closing
from datetime import timedelta

import pytest

from servers.lines import Line, Switchboard, open_one
from servers.story import NOON, Hands
from servers.telegram import ALICE, BOB, GROUP, MOVED_TO, TOKEN, Heard, TelegramServer
from servers.written_page import ACK, CONSOLE, HOSTILE, dressed_up, flooded, over, page
from streamwatch.channels.channel import ChannelError, Reason
from streamwatch.message import Earlier, Message, clean

ZH = """\
【P0】demo 推流断开 ＠Alice

环节：接入　岗位：技术　20:00:05 开始
呼叫 Alice：默认值班表

现在做
1. 技术：看编码器 → 已停就启动备用；仍在推就查网络
2. 技术：换新的推流地址

卡顿：60 人，共 300 人发言
“好卡啊😭”

StreamWatch #12"""


def heard_by(line: Line) -> list[Heard]:
    assert isinstance(line.service, TelegramServer)
    return line.service.heard


async def told(line: Line, message: Message, to: str = ALICE) -> Heard:
    """What the chat shows of *message*."""
    line.wait()
    receipt = await line.channel.send(message, to)
    return heard_by(line)[int((receipt.provider_id or "").partition(":")[2]) - 1]


def before(*ids: tuple[str, str]) -> tuple[Earlier, ...]:
    return tuple(Earlier(person, id_, NOON - timedelta(minutes=1)) for person, id_ in ids)


async def test_a_page_in_chinese(dial: Switchboard) -> None:
    """What, the facts, what to do now, what viewers write, the reference; the links are buttons, the first acks."""
    heard = await told(dial("telegram"), page())
    assert heard.text == ZH
    assert heard.buttons == (("认领", ACK), ("控制台", CONSOLE))
    assert not heard.silent


async def test_in_a_group_the_person_is_called(dial: Switchboard) -> None:
    """By a link to the user, because not everybody has a name to call."""
    heard = await told(dial("telegram_group"), page())
    assert (heard.chat, heard.rang) == (GROUP, (ALICE,))


@pytest.mark.parametrize("words", [*HOSTILE, "@livestream_team @everybody"])
async def test_words_from_outside_are_only_words(dial: Switchboard, words: str) -> None:
    """They call nobody, dress up nothing, and can be read as they were written."""
    line = dial("telegram_group")
    heard = await told(line, dressed_up(words))
    assert heard.rang == (ALICE,)
    assert heard.text.replace("：//", "://").count(clean(words).replace("@", "＠")) == 4


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_flood_keeps_who_what_where_do_now(dial: Switchboard, language: str) -> None:
    """In 4096 UTF-16 units, with the buttons."""
    short = page(language)
    heard = await told(dial("telegram"), flooded(language, maybe_repeated=True))
    for words in (short.title, short.facts[0], short.steps[0], "StreamWatch #12"):
        assert words.replace("@", "＠") in heard.text
    assert [url for _, url in heard.buttons] == [ACK, CONSOLE]


async def test_4096_characters_stay_whole_and_one_more_costs_one_sample(dial: Switchboard) -> None:
    """An emoji counts for two."""
    line = dial("telegram")
    filler = tuple("😭" * 450 for _ in range(4))
    bare = heard_by(line)
    await told(line, page(samples=(*filler, "")))
    left = 4096 - len(bare[-1].raw.encode("utf-16-le")) // 2
    exact, more = [await told(line, page(samples=(*filler, "a" * size))) for size in (left, left + 1)]
    assert len(exact.raw.encode("utf-16-le")) // 2 == 4096
    assert ["a" * left in heard.text for heard in (exact, more)] == [True, False]


async def test_a_page_that_calls_is_a_new_message(dial: Switchboard) -> None:
    """An edit rings nobody: who is called again is called by a message that answers the first one."""
    line = dial("telegram")
    first = await line.send()
    raised = await told(line, page(kind="raised", thread=before(("alice", first.provider_id or ""))))
    assert (raised.answers, raised.silent, raised.edits) == (1, False, 0)
    assert len(heard_by(line)) == 2


async def test_the_end_is_written_into_the_last_message(dial: Switchboard) -> None:
    """Of the same person: the buttons to take it are gone, and nobody is woken."""
    line = dial("telegram_group")
    mine = f"{GROUP}:1"
    await told(line, page())
    await told(line, page("en"))
    heard = await told(line, over(thread=before(("alice", mine), ("bob", f"{GROUP}:2"))))
    assert heard is heard_by(line)[0]
    assert heard.text.startswith("【恢复】demo 推流断开")
    assert heard.buttons == (("控制台", CONSOLE),)
    assert len(heard_by(line)) == 2


async def test_an_end_that_was_written_already_is_delivered(dial: Switchboard) -> None:
    """The answer to the first try was lost: Telegram says "not modified", and that is a yes."""
    line = dial("telegram")
    await line.send()
    end = over(thread=before(("alice", f"{ALICE}:1")))
    await told(line, end)
    assert (await line.channel.send(end, ALICE)).provider_id == f"{ALICE}:1"


async def test_a_message_that_was_deleted_is_told_anew(dial: Switchboard) -> None:
    """The end finds nothing to be written into, and goes out by itself, without a sound."""
    line = dial("telegram")
    await line.send()
    assert isinstance(line.service, TelegramServer)
    line.service.deleted.add(1)
    heard = await told(line, over(thread=before(("alice", f"{ALICE}:1"))))
    assert (heard is heard_by(line)[1], heard.silent) == (True, True)


async def test_a_group_that_moved_is_found(dial: Switchboard, caplog: pytest.LogCaptureFixture) -> None:
    """A group that grows gets a new id: the page goes there at once, and the log says what to write."""
    with closing(TelegramServer(Hands(), moved=True)) as server:
        settings = {"type": "telegram", "url": server.base, "token": TOKEN, "chat": GROUP}
        receipt = await open_one(settings, dial.http, Hands()).send(page(), ALICE)
        assert receipt.provider_id == f"{MOVED_TO}:1"
        assert f"write chat: {MOVED_TO}" in caplog.text


async def test_a_link_that_cannot_be_a_button_is_text(dial: Switchboard) -> None:
    """An address of one machine alone is refused as a button; a page without its links is not sent for that."""
    with closing(TelegramServer(Hands(), takes_buttons=False)) as server:
        settings = {"type": "telegram", "url": server.base, "token": TOKEN}
        await open_one(settings, dial.http, Hands()).send(page(), ALICE)
        assert f"认领 {ACK}\n控制台 {CONSOLE}" in server.heard[-1].text
        assert server.heard[-1].buttons == ()


async def test_who_blocked_the_bot_is_gone(dial: Switchboard) -> None:
    """403 is for good: the next contact is tried, and the words name the cure."""
    line = dial("telegram")
    with pytest.raises(ChannelError, match="the person must write to it first") as caught:
        await line.channel.send(page(), BOB)
    assert caught.value.reason is Reason.GONE


async def test_a_wrong_token_is_refused_for_good(dial: Switchboard) -> None:
    """And not repeated in the words."""
    line = dial("telegram", token="987654321:AA-another-bot-s-token")
    error = await line.refused()
    assert error.reason is Reason.AUTH
    assert "987654321" not in str(error)
