"""Several robots as one channel: twice the pace, none of them over its limit, and one that fails stops nothing."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, closing

import httpx
import pytest
from pydantic import TypeAdapter

from servers.dingtalk import DingTalkServer
from servers.stand_in import hang_up, says
from servers.story import Hands
from servers.written_page import page
from streamwatch.channels import ChannelSettings, open_channels
from streamwatch.channels.channel import Channel, ChannelError, Limit, Reason
from streamwatch.channels.pool import MINUTE, summed

ALICE = "13800000001"


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def robots(clock: Hands) -> Iterator[list[DingTalkServer]]:
    with ExitStack() as open_ones:
        yield [open_ones.enter_context(closing(DingTalkServer(clock))) for _ in range(2)]


@pytest.fixture
async def pool(robots: list[DingTalkServer], clock: Hands) -> AsyncIterator[Channel]:
    written = {
        **{
            f"robot{n}": {"type": "dingtalk", "url": each.url, "secret": each.secret}
            for n, each in enumerate(robots)
        },
        "group": {"type": "pool", "of": ["robot0", "robot1"]},
    }
    checked = TypeAdapter[dict[str, ChannelSettings]](dict[str, ChannelSettings]).validate_python(written)
    async with httpx.AsyncClient(verify=False) as http:
        yield open_channels(checked, http, clock)["group"]


async def refused(pool: Channel) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await pool.send(page(), ALICE)
    return caught.value


def counts(robots: list[DingTalkServer]) -> list[int]:
    return [len(robot.heard) for robot in robots]


async def test_two_robots_take_twice_as_many(pool: Channel, robots: list[DingTalkServer], clock: Hands) -> None:
    """Forty a minute, by turns, and no robot is ever over its own limit."""
    assert pool.limits == (Limit(40, MINUTE),)
    for _ in range(40):
        await pool.send(page(), ALICE)
    assert counts(robots) == [20, 20]
    error = await refused(pool)
    assert (error.reason, error.retry_after) == (Reason.THROTTLED, MINUTE * 1.1)
    assert [len(robot.requests) for robot in robots] == [20, 20]
    clock.advance(66)
    await pool.send(page(), ALICE)


async def test_the_one_with_the_fullest_bucket_is_next(pool: Channel, robots: list[DingTalkServer]) -> None:
    """By turns; one that was asked in vain has used its bucket as well."""
    for _ in range(10):
        await pool.send(page(), ALICE)
    assert counts(robots) == [5, 5]
    robots[0].script = [says({"errcode": -1, "errmsg": "busy"})]
    await pool.send(page(), ALICE)
    assert counts(robots) == [5, 6]
    for _ in range(2):
        await pool.send(page(), ALICE)
    assert counts(robots) == [6, 7]


@pytest.mark.parametrize("code", [130101, 310000, 400106, -1])
async def test_a_robot_that_refuses_stops_nothing(pool: Channel, robots: list[DingTalkServer], code: int) -> None:
    """Throttled, misconfigured, gone or busy: the same page goes over the other one at once."""
    robots[0].script = [says({"errcode": code, "errmsg": "no"})]
    await pool.send(page(), ALICE)
    assert counts(robots) == [0, 1]


@pytest.mark.parametrize("code", [130101, 400106])
async def test_a_robot_that_rests_is_passed_over(
    pool: Channel, robots: list[DingTalkServer], clock: Hands, code: int
) -> None:
    """For ten minutes it is not asked, and then it is."""
    robots[0].script = [says({"errcode": code, "errmsg": "no"})]
    for _ in range(10):
        await pool.send(page(), ALICE)
    assert len(robots[0].requests) == 1
    clock.advance(601)
    for _ in range(2):
        await pool.send(page(), ALICE)
    assert len(robots[0].heard) >= 1


async def test_what_may_have_arrived_is_not_said_twice(pool: Channel, robots: list[DingTalkServer]) -> None:
    """No answer: the page is "unknown", and no other robot repeats it."""
    robots[0].script = [hang_up]
    assert (await refused(pool)).reason is Reason.UNKNOWN
    assert counts(robots) == [0, 0]


async def test_it_is_final_only_when_all_say_so(pool: Channel, robots: list[DingTalkServer]) -> None:
    """One robot gone and one busy is "later"; both gone is for good."""
    robots[0].script = [says({"errcode": 400106, "errmsg": "gone"})]
    robots[1].script = [says({"errcode": -1, "errmsg": "busy"})]
    assert (await refused(pool)).reason is Reason.BUSY
    robots[1].script = [says({"errcode": 400106, "errmsg": "gone"})]
    error = await refused(pool)
    assert error.reason is Reason.THROTTLED  # the first one rests and may be back


async def test_both_gone_at_once_is_for_good(pool: Channel, robots: list[DingTalkServer]) -> None:
    """Then the next contact is tried."""
    for robot in robots:
        robot.script = [says({"errcode": 400106, "errmsg": "gone"})]
    assert (await refused(pool)).reason is Reason.GONE


def test_only_windows_that_all_know_are_summed() -> None:
    """A limit that one of them does not have is no limit of the pool."""
    second = MINUTE / 60
    assert summed([(Limit(20, MINUTE),), (Limit(100, MINUTE), Limit(5, second))]) == (Limit(120, MINUTE),)
    assert summed([(), (Limit(20, MINUTE),)]) == ()
