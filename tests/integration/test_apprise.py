"""Apprise: its yes is passed on as unconfirmed, because it says yes for services that refused."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import httpx
import pytest

from servers.lines import open_one
from servers.stand_in import Answer, Request, StandIn, says
from servers.story import Hands
from servers.written_page import ACK, page
from streamwatch.channels import apprise as channel_apprise
from streamwatch.channels.channel import ChannelError, Reason, Receipt


class AnyService(StandIn):
    """What Apprise's `json://` posts to."""

    def answer(self, request: Request) -> Answer:
        return says({"errcode": 310000, "errmsg": "refused"})


@pytest.fixture
def service() -> Iterator[AnyService]:
    with closing(AnyService("/t0ken-of-the-service")) as service:
        yield service


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(verify=False) as http:
        yield http


def written(service: AnyService) -> dict[str, str]:
    return {"type": "apprise", "url": service.url.replace("http://", "json://")}


async def test_a_yes_is_unconfirmed(service: AnyService, http: httpx.AsyncClient) -> None:
    """The service said no inside its 200, and Apprise says yes: the receipt promises nothing."""
    receipt = await open_one(written(service), http, Hands()).send(page(), "")
    assert receipt == Receipt("unconfirmed", confirmed=False)
    body = service.requests[-1].body.decode()
    assert "推流断开" in service.requests[-1].json["title"]
    assert ACK in body


async def test_a_no_is_later(service: AnyService, http: httpx.AsyncClient) -> None:
    """Apprise does not say why; nothing tells that it is for good."""
    service.script = [Answer(500)]
    with pytest.raises(ChannelError) as caught:
        await open_one(written(service), http, Hands()).send(page(), "")
    assert caught.value.reason is Reason.BUSY
    assert "t0ken" not in str(caught.value)


async def test_silence_is_unknown(
    service: AnyService, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own patience is not ours: the receiver goes on, and its threads for the database are not held."""
    monkeypatch.setattr(channel_apprise, "SEND_TIMEOUT", 0.3)
    service.script = [service.hang]
    began = time.monotonic()
    with pytest.raises(ChannelError) as caught:
        await open_one(written(service), http, Hands()).send(page(), "")
    assert caught.value.reason is Reason.UNKNOWN
    assert time.monotonic() - began < 10


def test_an_address_it_does_not_know_is_told(http: httpx.AsyncClient) -> None:
    """At the start, and without repeating it."""
    with pytest.raises(ValueError, match="does not know this address") as caught:
        open_one({"type": "apprise", "url": "pigeon://t0ken"}, http, Hands())
    assert "t0ken" not in str(caught.value)
