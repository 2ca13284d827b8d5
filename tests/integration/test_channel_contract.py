"""What every channel owes: yes is delivery, silence is not, limits are kept, and secrets stay secret."""

import logging
import socket
import traceback
from collections.abc import Iterator

import httpx
import pytest

from servers.lines import KINDS, LIMITED, SPEAKING, Switchboard, open_one
from servers.stand_in import HTML, Answer, Request, StandIn, hang_up, says
from servers.story import Hands
from servers.written_page import flooded, over, page, trial
from streamwatch.channels import channel as seam
from streamwatch.channels.channel import ChannelError, Reason, Receipt
from streamwatch.message import Message

each_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def no_listener() -> Iterator[int]:
    """A port that is taken, and where nobody answers the door."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@each_kind
async def test_yes_is_delivery(dial: Switchboard, kind: str) -> None:
    """By the service's own rules, signature and all; it was asked once and heard once."""
    line = dial(kind)
    receipt = await line.send()
    assert len(line.service.heard) == len(line.service.requests) == 1
    assert receipt == Receipt(KINDS[kind].receipt)


@each_kind
async def test_a_closed_connection_is_unknown(dial: Switchboard, kind: str) -> None:
    """The request went out and no answer came back: it may have been delivered."""
    line = dial(kind)
    line.service.script = [hang_up]
    assert (await line.refused()).reason is Reason.UNKNOWN


@each_kind
async def test_silence_is_unknown(dial: Switchboard, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that takes the page and says nothing does not hold us for ever."""
    monkeypatch.setattr(seam, "SEND_TIMEOUT", 0.3)
    line = dial(kind)
    line.service.script = [line.service.hang]
    assert (await line.refused()).reason is Reason.UNKNOWN
    assert len(line.service.requests) == 1


@each_kind
async def test_an_answer_that_cannot_be_unpacked_is_unknown(dial: Switchboard, kind: str) -> None:
    """It says gzip and is not: somebody answered, and nobody can say what."""
    line = dial(kind)
    line.service.script = [Answer(200, b"not gzip", {"Content-Encoding": "gzip"})]
    assert (await line.refused()).reason is Reason.UNKNOWN


async def test_drops_are_no_answer(monkeypatch: pytest.MonkeyPatch, dial: Switchboard, clock: Hands) -> None:
    """A byte now and then keeps a connection alive; the whole answer must come in time."""
    monkeypatch.setattr(seam, "SEND_TIMEOUT", 0.5)

    class Dripping(StandIn):
        def answer(self, request: Request) -> Answer:
            return Answer(200, b"", {"X-Drop": "x"})

        def drip(self, _: Request) -> None:
            """Nothing: the headers of the answer never end."""
            self._closing.wait()

    service = Dripping("/")
    service.script = [service.drip]
    webhook = open_one({"type": "webhook", "url": service.url}, dial.http, clock)
    with pytest.raises(ChannelError) as caught:
        await webhook.send(page(), "alice")
    service.close()
    assert caught.value.reason is Reason.UNKNOWN


@each_kind
async def test_no_listener_is_no_connection(dial: Switchboard, kind: str, no_listener: int) -> None:
    """Certainly not delivered: a second try will not repeat it."""
    line = dial(kind)
    address = KINDS[kind].address
    url = httpx.URL(line.settings[address]).copy_with(port=no_listener)
    channel = open_one({**line.settings, address: str(url)}, dial.http, Hands())
    with pytest.raises(ChannelError) as caught:
        await channel.send(page(), KINDS[kind].to)
    assert caught.value.reason is Reason.CONNECT
    assert line.keeps_secrets("".join(traceback.format_exception(caught.value)))


@each_kind
async def test_no_secret_is_repeated(dial: Switchboard, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """Not in errors with all their causes, not in the loudest logs, not in a repr: even if the service does."""
    caplog.set_level(logging.DEBUG)
    line = dial(kind)
    echo = " ".join((*line.service.secrets, line.service.url, *line.service.url.split("?")))
    told = {"errmsg": echo, "msg": echo, "error": echo, "message": echo, "Message": echo, "description": echo}
    codes = {"errcode": 310000, "code": 400, "Code": f"X.{echo}", "ok": False, "error_code": 400, "status": 400}
    no = says({**told, **codes, "id": 5}, status=400)
    line.service.script = [*[no] * line.kind.asks, Answer(502, HTML.body), hang_up, says({}, status=500)]
    errors = []
    for _ in range(4):
        errors.append(await line.refused())
        line.wait()
    await line.send()
    for error in errors:
        assert line.keeps_secrets("".join(traceback.format_exception(error)) + str(error) + repr(error))
    assert line.keeps_secrets(repr(line.channel) + repr(vars(error)))
    # httpcore names the host when it connects; the path, the token and the secret it does not.
    logged = "\n".join(record.getMessage() for record in caplog.records if "asyncio" not in record.name)
    assert not any(secret in logged for secret in line.service.secrets)


@each_kind
async def test_half_a_surrogate_pair_is_sent(dial: Switchboard, kind: str) -> None:
    """Half an emoji in a label comes out of valid JSON: it must not stop a page."""
    line = dial(kind)
    broken = page(title="demo \ud83d", facts=("\udc00",), samples=("“\ud800”",), person_name="A\ud83d")
    await line.channel.send(broken, KINDS[kind].to)
    assert len(line.service.heard) == 1


@pytest.mark.parametrize("kind", SPEAKING)
async def test_whatever_its_size_a_page_is_taken(dial: Switchboard, kind: str) -> None:
    """From a single word to a flood in every field, in one, three and four bytes a character."""
    line = dial(kind)
    for character in 'aß卡😭"\\\n<':
        for length in (1, 40, 700, 2_100, 30_000):
            flood = character * length
            message = page(title=flood, facts=(flood,) * 3, steps=(flood,) * 4, samples=(flood,) * 6)
            await line.channel.send(message, KINDS[kind].to)
            line.wait()
    assert len(line.service.heard) == len(line.service.requests) == 40


@pytest.mark.parametrize("kind", ["dingtalk", "wecom", "feishu", "slack_app", "telegram_group"])
@pytest.mark.parametrize("person", ["somebody", "", "13800000001", "all"])
async def test_a_group_hears_a_page_whoever_is_named(dial: Switchboard, kind: str, person: str) -> None:
    """A `to` that the group's service cannot call is no reason to say nothing."""
    line = dial(kind)
    await line.channel.send(page(), person)
    assert len(line.service.heard) == 1


@pytest.mark.parametrize("message", [over(), over("en"), trial(), trial("en"), flooded(maybe_repeated=True)])
@pytest.mark.parametrize("kind", [name for name in SPEAKING if not name.endswith("_voice")])
async def test_every_sort_of_page_is_taken(dial: Switchboard, kind: str, message: Message) -> None:
    """Ends, tests and what may repeat, in both languages."""
    line = dial(kind)
    await line.channel.send(message, KINDS[kind].to)
    assert len(line.service.heard) == 1


@pytest.mark.parametrize("kind", LIMITED)
async def test_the_limits_are_the_services_own(dial: Switchboard, kind: str) -> None:
    """As many as `limits` says are taken as fast as they say, and the next one is refused as too many."""
    line = dial(kind)
    tightest = max(line.channel.limits, key=lambda limit: limit.window)
    shorter = [limit for limit in line.channel.limits if limit is not tightest]
    for sent in range(tightest.sends):
        await line.send()
        for limit in shorter:
            if (sent + 1) % limit.sends == 0 and sent + 1 < tightest.sends:
                line.clock.advance(limit.window.total_seconds())
    error = await line.refused()
    assert error.reason is Reason.THROTTLED
    assert error.retry_after is not None
    assert len(line.service.heard) == tightest.sends


@pytest.mark.parametrize("kind", LIMITED)
async def test_after_the_pause_it_is_open_again(dial: Switchboard, kind: str, clock: Hands) -> None:
    """What retry_after asks for is enough."""
    line = dial(kind)
    error: ChannelError | None = None
    while error is None:
        try:
            await line.send()
        except ChannelError as refused:
            error = refused
    assert error.retry_after is not None
    clock.advance(error.retry_after.total_seconds())
    await line.send()
