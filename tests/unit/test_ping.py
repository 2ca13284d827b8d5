"""Echo packets as the RFCs have them, and what echoes add up to on a clock."""

import asyncio

import pytest

from streamwatch_exporters.ping_echoes import Echoes
from streamwatch_exporters.ping_packet import checksum, echo_request, token_of_reply
from streamwatch_exporters.ping_socket import Echo, round_trip

TOKEN = bytes(range(16))


def reply(request: bytes, kind: int) -> bytes:
    return bytes([kind]) + request[1:]


def test_a_request_is_complete_and_its_checksum_right() -> None:
    """A receiver that sums it up gets zero; the kernel does that for ICMPv6."""
    request = echo_request(4, 77, 65537, TOKEN)
    assert request[:2] == b"\x08\x00"
    assert checksum(request) == 0
    assert request[4:8] == b"\0\x4d\0\x01"
    assert len(request) == 64
    assert echo_request(6, 77, 1, TOKEN)[:4] == b"\x80\0\0\0"


def test_only_a_reply_gives_its_token() -> None:
    """Requests of others, errors, packets cut short and packets of the wrong version give none."""
    request = echo_request(4, 1, 1, TOKEN)
    header = b"\x45" + bytes(19)
    with_options = b"\x46" + bytes(23)
    assert token_of_reply(4, reply(request, 0), with_ip_header=False) == TOKEN
    assert token_of_reply(4, header + reply(request, 0), with_ip_header=True) == TOKEN
    assert token_of_reply(4, with_options + reply(request, 0), with_ip_header=True) == TOKEN
    assert token_of_reply(6, reply(request, 129), with_ip_header=False) == TOKEN
    for other in (request, reply(request, 3), reply(request, 129), b"", b"\0", reply(request, 0)[:23]):
        assert token_of_reply(4, other, with_ip_header=False) is None
    for other in (b"", b"\x45", b"\x65" + bytes(60), b"\x4f" + bytes(30)):
        assert token_of_reply(4, other, with_ip_header=True) is None


def echoes_of(times: list[float | None]) -> Echoes:
    """One echo a second; None is lost."""
    echoes = Echoes()
    for number, seconds in enumerate(times, 1):
        echoes.requests = number
        if seconds is None:
            echoes.unanswered()
        else:
            echoes.answered(number, seconds, float(number))
    return echoes


def test_jitter_is_the_mean_difference_of_neighbours() -> None:
    """10, 14, 12 ms: differences of 4 and 2."""
    assert echoes_of([0.010, 0.014, 0.012]).jitter(3.0) == pytest.approx(0.003)


def test_a_loss_makes_no_jitter() -> None:
    """The way grew longer while nobody looked: what was lost between is no neighbour."""
    echoes = echoes_of([0.010, 0.010, None, 0.050, 0.050])
    assert echoes.jitter(5.0) == pytest.approx(0)
    assert (echoes.requests, echoes.lost) == (5, 1)
    assert echoes_of([0.010, None, 0.050, None, 0.010]).jitter(5.0) is None


def test_jitter_is_unknown_when_nobody_answers_and_forgotten_with_time() -> None:
    """Neither silence nor a minute without answers is a jitter of zero."""
    assert echoes_of([0.01, 0.02]).jitter(2.0) == pytest.approx(0.01)
    assert echoes_of([0.01, 0.02]).jitter(63.0) is None
    assert echoes_of([0.01, 0.02, None, None]).jitter(4.0) is not None
    assert echoes_of([0.01, 0.02, None, None, None]).jitter(5.0) is None
    assert echoes_of([0.01]).jitter(1.0) is None


def test_replies_out_of_order_and_of_another_address_are_not_compared() -> None:
    """A reply that overtakes another one, and the first one after the name moved."""
    echoes = echoes_of([0.010])
    echoes.answered(3, 0.5, 3.0)
    echoes.answered(2, 1.5, 3.5)
    assert echoes.jitter(4.0) is None
    echoes.moved()
    echoes.answered(4, 0.001, 4.0)
    assert echoes.jitter(4.0) is None


def test_the_kernel_says_when_a_reply_came_unless_the_clock_jumped() -> None:
    """A loop that was busy for 300 ms does not lengthen the way; a wall clock set anew does not either."""
    loop = asyncio.new_event_loop()
    timer = loop.call_later(1, lambda: None)
    echo = Echo(TOKEN, 1.0, sent=100.0, sent_wall=1_000_000_000_000, timer=timer, ended=lambda _: None)
    assert round_trip(echo, 100.3, 1_000_002_000_000) == pytest.approx(0.002)
    assert round_trip(echo, 100.3, None) == pytest.approx(0.3)
    assert round_trip(echo, 100.3, 4_600_000_000_000) == pytest.approx(0.3)
    assert round_trip(echo, 100.3, 500_000_000_000) == pytest.approx(0.3)
    loop.close()
