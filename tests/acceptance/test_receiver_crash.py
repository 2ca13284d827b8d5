"""kill -9 at random moments while alerts pour in: what was answered with 2xx becomes a page, once."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from servers.flood import Flood
from servers.free_port import free_port
from servers.nursery import ForkedReceiver, Nursery
from servers.postgresql import PostgreSQL
from servers.receiver import PhoneServer, ReceiverProcess, until, write_config

KILLS = 100


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    with closing(Nursery()) as nursery:
        yield nursery


@pytest.fixture
def phone() -> Iterator[PhoneServer]:
    phone = PhoneServer()
    yield phone
    phone.close()


def check(phone: PhoneServer, receiver: ReceiverProcess, flood: Flood, kills: int) -> None:
    """No promised alert is without its page; a page came twice only marked "may repeat"."""

    def all_delivered() -> bool:
        return {page["stream"] for page in list(phone.pages)} >= flood.promised and not receiver.get(
            "/api/v1/status"
        )["outbox_due"]

    until(all_delivered, 180)
    copies = Counter(page["page_id"] for page in phone.pages)
    twice = {page_id for page_id, count in copies.items() if count > 1}
    marked = {page["page_id"] for page in phone.pages if page["maybe_repeated"]}
    print(
        f"{kills} kills, {len(flood.promised)} alerts promised, {flood.refused} refused, "
        f"{len(phone.pages)} pages, {len(twice)} sent twice, {len(marked)} marked 'may repeat'"
    )
    assert len(flood.promised) > kills
    assert twice <= marked
    assert {page["to"] for page in phone.pages} == {"alice"}
    assert sum(count - 1 for count in copies.values()) <= kills * 20


@pytest.mark.timeout(900)  # two minutes on a machine that does nothing else
def test_kill_nine_at_a_hundred_random_moments(tmp_path: Path, phone: PhoneServer, nursery: Nursery) -> None:
    """The one receiver on SQLite is killed and started again, and again."""
    port, moments = free_port(), random.Random(20261122)
    receiver = ForkedReceiver(write_config(tmp_path, port, phone.url), port, nursery)
    flood = Flood([receiver.base])
    receiver.start()
    flood.start()
    try:
        for _ in range(KILLS):
            flood.pour_for(moments.uniform(0.02, 0.4))
            receiver.kill()
            receiver.start()
    finally:
        flood.stop()
    try:
        check(phone, receiver, flood, KILLS)
    finally:
        receiver.kill()


@pytest.mark.timeout(900)  # two minutes on a machine that does nothing else
def test_kill_nine_of_one_of_two_receivers(tmp_path: Path, phone: PhoneServer, nursery: Nursery) -> None:
    """Two on one PostgreSQL, one of them killed each time: the other one goes on, and nobody is told twice."""
    moments = random.Random(20261123)
    with closing(PostgreSQL()) as server:
        url, pair = server.url(), list[ForkedReceiver]()
        for name in ("one", "two"):
            port = free_port()
            config = write_config(tmp_path / name, port, phone.url, database=url)
            pair.append(ForkedReceiver(config, port, nursery))
        flood = Flood([each.base for each in pair])
        for each in pair:
            each.start()
        flood.start()
        try:
            for _ in range(KILLS):
                flood.pour_for(moments.uniform(0.02, 0.25))
                unlucky, other = moments.sample(pair, 2)
                other.wait()  # there is always one; the unlucky one may be killed while it starts
                unlucky.kill()
                unlucky.begin()
            for each in pair:
                each.wait()
        finally:
            flood.stop()
        try:
            check(phone, pair[0], flood, KILLS)
        finally:
            for each in pair:
                each.kill()
