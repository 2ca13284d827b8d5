"""Calls and short messages, by Alibaba Cloud and Twilio: signed, short, and no more often than anybody can bear."""

from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from servers.aliyun import KEY_ID, SHOWN
from servers.lines import Line, Switchboard
from servers.story import Hands
from servers.written_page import ACK, HOSTILE, dressed_up, flooded, over, page, trial
from streamwatch.channels.aliyun import canonical, signed
from streamwatch.channels.channel import ChannelError, Reason
from streamwatch.message import Earlier, Message

TWO: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ((("1", "2"), ()), (("1",), ("2",)), ((), ("1", "2")))
VOICES, SMS = ("aliyun_voice", "twilio_voice"), ("aliyun_sms", "twilio_sms")
BOB = "13800000002"

# The example of help.aliyun.com, "V3 request structure and signature".
EXAMPLE = {"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"}
EXAMPLE_AT = datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC)
EXAMPLE_NONCE = "3156853299f313e23d1673dc12e1703d"
EXAMPLE_SIGN = "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"


async def refused(line: Line, message: Message, to: str) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await line.channel.send(message, to)
    return caught.value


def said(line: Line) -> dict[str, Any]:
    """The last request that was taken."""
    found: dict[str, Any] = line.service.heard[-1]
    return found


def test_the_signature_is_the_one_of_the_documentation() -> None:
    """Sorted query, signed headers, the hash of an empty body: as Alibaba's own example computes it."""
    url = httpx.URL("https://ecs.cn-shanghai.aliyuncs.com/").copy_with(query=canonical(EXAMPLE).encode())
    account, action = ("YourAccessKeyId", "YourAccessKeySecret"), ("RunInstances", "2014-05-26")
    made = signed(*account, url, *action, EXAMPLE_AT, EXAMPLE_NONCE)
    assert made["Authorization"].endswith(f"Signature={EXAMPLE_SIGN}")


@pytest.mark.parametrize("kind", ["aliyun_voice", "aliyun_sms"])
async def test_each_request_is_signed_anew(dial: Switchboard, kind: str) -> None:
    """A nonce is never used twice: the same page to two people passes."""
    line = dial(kind)
    await line.send()
    await line.channel.send(page(), BOB)
    assert len(line.service.heard) == 2


@pytest.mark.parametrize("kind", ["aliyun_voice", "aliyun_sms"])
async def test_a_wrong_secret_is_refused_for_good(dial: Switchboard, kind: str) -> None:
    """And the words name the cure."""
    error = await dial(kind, access_key_secret="another-secret").refused()
    assert error.reason is Reason.AUTH
    assert "check access_key_id" in str(error)


async def test_a_template_is_filled(dial: Switchboard) -> None:
    """With the words that the configuration names, and the number that shall be seen."""
    line = dial("aliyun_voice", shown_number=SHOWN)
    await line.send()
    asked = said(line)
    assert (asked["action"], asked["CalledNumber"]) == ("SingleCallByTts", "13800000001")
    assert asked["TtsCode"] == "TTS_4711"
    assert asked["TtsParam"] == '{"what": "P0 demo 推流断开 Alice", "who": "Alice"}'
    assert (asked["CalledShowNumber"], asked["OutId"]) == (SHOWN, "7")


@pytest.mark.parametrize("kind", ["aliyun_voice", "aliyun_sms"])
@pytest.mark.parametrize("words", [*HOSTILE, "http://evil.example/x", "10.0.0.1:8080", "卡" * 500, ""])
async def test_no_word_is_refused_by_the_carrier(dial: Switchboard, kind: str, words: str) -> None:
    """Addresses, brackets and long words are what carriers refuse in a variable."""
    line = dial(kind)
    message = dressed_up(words) if words else page(title="", person_name="【】")
    await line.channel.send(message, "13800000001")
    assert len(line.service.heard) == 1


async def test_a_call_speaks_the_readers_language(dial: Switchboard) -> None:
    """Twice: what happened, since when, and the first thing to do; no address is read out."""
    line = dial("twilio_voice")
    for message, language, words in (
        (page(), "zh-CN", ("P0 demo 推流断开 Alice", "环节：接入", "1. 技术：看编码器")),
        (page("en"), "en-US", ("P0 demo nothing arrives Bob", "hop: ingest", "1. tech: look at the encoder")),
    ):
        line.wait()
        await line.channel.send(message, "+14155550100")
        say = ElementTree.fromstring(said(line)["Twiml"]).find("Say")
        assert say is not None
        assert (say.get("language"), say.get("loop")) == (language, "2")
        assert all(word in (say.text or "") for word in words)
        assert "http" not in (say.text or "")


@pytest.mark.parametrize(
    ("to", "number"),
    [("13800000001", "+8613800000001"), ("+86-13800000001", "+8613800000001"), ("+852-91234567", "+85291234567")],
)
async def test_a_number_is_written_as_the_world_does(dial: Switchboard, to: str, number: str) -> None:
    """Eleven digits are a number of mainland China."""
    line = dial("twilio_sms")
    await line.channel.send(page(), to)
    assert said(line)["To"] == number


@pytest.mark.parametrize("kind", [*VOICES, *SMS])
@pytest.mark.parametrize("to", ["alice", "", "138", "all"])
async def test_what_is_no_number_is_refused_for_good(dial: Switchboard, kind: str, to: str) -> None:
    """Nothing is asked of the service."""
    line = dial(kind)
    assert (await refused(line, page(), to)).reason is Reason.GONE
    assert line.service.requests == []


async def test_a_flood_keeps_who_what_where_do_now(dial: Switchboard) -> None:
    """In one short message of 480 characters, with the link to take it."""
    line = dial("twilio_sms")
    short = page()
    await line.channel.send(flooded(maybe_repeated=True), "13800000001")
    body = said(line)["Body"]
    assert len(body) <= 480
    for words in (short.title, "环节：接入", "1. 技术：看编码器", ACK, "可能重复", "StreamWatch #12"):
        assert words in body


@pytest.mark.parametrize("kind", VOICES)
async def test_nobody_is_rung_up_for_what_calls_nobody(dial: Switchboard, kind: str) -> None:
    """An end, a word: the next contact is told; a test does ring."""
    line = dial(kind)
    ends = (page(kind="digest", incidents=("1", "2"), ended=rest, told=told) for rest, told in TWO)
    for end in (over(), page(kind="told"), *ends):
        assert (await refused(line, end, "13800000001")).reason is Reason.REJECTED
    assert line.service.requests == []
    await line.channel.send(trial(), "13800000001")
    assert len(line.service.heard) == 1


@pytest.mark.parametrize("kind", VOICES)
@pytest.mark.parametrize(("ago", "rings"), [(119, False), (120, True)])
async def test_a_phone_rings_once_in_two_minutes(
    dial: Switchboard, clock: Hands, kind: str, ago: int, rings: bool
) -> None:
    """For the same incident and person: who was rung a minute ago knows of it."""
    line = dial(kind)
    rang = Earlier("alice", "call-1", clock() - timedelta(seconds=ago))
    receipt = await line.channel.send(page(kind="raised", thread=(rang,)), "13800000001")
    assert (len(line.service.heard) == 1) is rings
    assert (receipt.provider_id == "call-1") is not rings


@pytest.mark.parametrize("kind", VOICES)
async def test_the_call_of_somebody_else_does_not_count(dial: Switchboard, clock: Hands, kind: str) -> None:
    """That Bob's phone rang is no reason not to ring Alice's."""
    line = dial(kind)
    await line.channel.send(page(thread=(Earlier("bob", "call-1", clock()),)), "13800000001")
    assert len(line.service.heard) == 1


async def test_one_number_is_called_no_more_than_the_carrier_allows(dial: Switchboard, clock: Hands) -> None:
    """Once a minute: the second page is not asked of the service, the channel stays open for everybody else."""
    line = dial("aliyun_voice")
    await line.send()
    error = await line.refused()
    assert (error.reason, error.retry_after, len(line.service.requests)) == (Reason.THROTTLED, None, 1)
    await line.channel.send(page(), BOB)
    clock.advance(70)
    await line.send()
    assert len(line.service.heard) == 3


async def test_the_key_id_is_no_word_of_an_error(dial: Switchboard) -> None:
    """It names the account."""
    error = await dial("aliyun_sms", template="SMS_1").refused()
    assert error.reason is Reason.REJECTED
    assert KEY_ID not in str(error)
