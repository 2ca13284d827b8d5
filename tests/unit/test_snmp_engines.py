"""When an engine is made anew, and when the old one is closed: real engines of the library, no device."""

from typing import Any

import pytest

from servers.hand_clock import HandClock
from streamwatch_exporters.snmp_engines import Engines
from streamwatch_exporters.snmp_settings import Rights, SnmpSettings


@pytest.fixture
def rights() -> Rights:
    v3 = {"user": "carol", "auth_file": "somewhere"}
    settings = {"address": "192.0.2.1:161", "kind": "ups", "v3": v3}
    return SnmpSettings.model_validate(settings, context={"read_secrets": False}).rights


def is_open(engine: Any) -> bool:
    return engine.transport_dispatcher is not None


async def test_an_engine_that_is_given_up_is_closed_after_its_last_request(rights: Rights) -> None:
    """Somebody else asks the same device by it: that answer is still to come."""
    engines = Engines(HandClock().clock.steady)
    with engines.asking(rights) as (_, shared):
        with engines.asking(rights) as (_, engine):
            assert engine is shared
        engines.renew(rights, shared)
        assert is_open(shared)
        with engines.asking(rights) as (_, fresh):
            assert fresh is not shared
    assert not is_open(shared)
    assert is_open(fresh)
    engines.keep_only(())
    assert not is_open(fresh)


async def test_two_who_fail_by_one_engine_make_one_anew(rights: Rights) -> None:
    """The second one's failure says nothing of the engine that the first one's has brought."""
    hand = HandClock()
    engines = Engines(hand.clock.steady)
    with engines.asking(rights) as (_, failed):
        engines.renew(rights, failed)
    with engines.asking(rights) as (_, fresh):
        hand.pass_by(100)
        engines.renew(rights, failed)
    with engines.asking(rights) as (_, same):
        assert same is fresh
    engines.keep_only(())


async def test_a_user_who_stays_wrong_costs_an_engine_a_minute_at_most(rights: Rights) -> None:
    """Each makes 0.1 s of work. One that was good since is made anew at once: the device was replaced."""
    hand = HandClock()
    engines = Engines(hand.clock.steady)
    made: set[int] = set()
    kept: list[Any] = []
    for _ in range(600):
        with engines.asking(rights) as (_, engine):
            if id(engine) not in made:
                made.add(id(engine))
                kept.append(engine)
            engines.renew(rights, engine)
        hand.pass_by(1)
    assert 8 <= len(made) <= 17  # after 1, 2, 4, 8, 16, 32 s, then each minute
    with engines.asking(rights) as (_, engine):
        engines.answered(rights)
        engines.renew(rights, engine)
    with engines.asking(rights) as (_, fresh):
        assert fresh is not engine
    engines.keep_only(())
    assert not any(is_open(each) for each in [*kept, fresh])
