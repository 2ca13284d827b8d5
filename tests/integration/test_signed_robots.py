"""Robots that ask for a signature or a keyword, DingTalk and Feishu: what both refuse, and what both want."""

from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from servers.dingtalk import SECRET as DINGTALK_SECRET
from servers.dingtalk import DingTalkServer
from servers.feishu import SECRET as FEISHU_SECRET
from servers.feishu import FeishuServer
from servers.lines import open_one
from servers.stand_in import Request
from servers.story import NOON, Hands
from servers.written_page import flooded, over, page, trial
from streamwatch.channels.channel import Channel, ChannelError, Reason
from streamwatch.message import Message


@dataclass(frozen=True)
class Robot:
    """*refused* is its code for each of: a bad signature, a bad time, a missing keyword."""

    serve: Callable[..., DingTalkServer | FeishuServer]
    to: str
    secret: str
    refused: tuple[str, str, str]
    sign: Callable[[Request], str | None]


ROBOTS = {
    "dingtalk": Robot(
        DingTalkServer,
        "13800000001",
        DINGTALK_SECRET,
        ("code 310000", "invalid timestamp", "关键词不匹配"),
        lambda request: request.query.get("sign"),
    ),
    "feishu": Robot(
        FeishuServer,
        "ou_a11ce",
        FEISHU_SECRET,
        ("code 19021", "not within one hour", "code 19024"),
        lambda request: request.json.get("sign"),
    ),
}
each_robot = pytest.mark.parametrize("kind", ROBOTS)

Dial = Callable[..., Channel]


@pytest.fixture
async def dial() -> AsyncIterator[Dial]:
    """A channel to a robot, with the secret given."""
    async with httpx.AsyncClient(verify=False) as http:

        def dial(kind: str, to: DingTalkServer | FeishuServer, secret: str | None, at: Hands) -> Channel:
            more = {} if secret is None else {"secret": secret}
            return open_one({"type": kind, "url": to.url, **more}, http, at)

        yield dial


async def refused(channel: Channel, to: str) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await channel.send(page(), to)
    return caught.value


@each_robot
async def test_each_page_is_signed_anew(dial: Dial, kind: str) -> None:
    """No robot takes a signature older than an hour: a channel that has been open for longer still gets through."""
    robot, clock = ROBOTS[kind], Hands()
    with closing(robot.serve(clock)) as server:
        channel = dial(kind, server, robot.secret, clock)
        await channel.send(page(), robot.to)
        clock.advance(2 * 3600)
        await channel.send(page(), robot.to)
        first, second = (robot.sign(request) for request in server.requests)
        assert first != second
        assert len(server.heard) == 2


@each_robot
async def test_without_a_secret_nothing_is_signed(dial: Dial, kind: str) -> None:
    """A robot that is kept by a keyword or an address list gets the page and no more."""
    robot = ROBOTS[kind]
    with closing(robot.serve(Hands(), secret="")) as server:
        await dial(kind, server, None, Hands()).send(page(), robot.to)
        assert robot.sign(server.requests[-1]) is None
        assert "timestamp" not in server.requests[-1].query
        assert "timestamp" not in server.requests[-1].json
        assert len(server.heard) == 1


@each_robot
@pytest.mark.parametrize(
    "change", [lambda _: "SECof-another-robot", str.swapcase, lambda own: own + "=", lambda _: None]
)
async def test_a_wrong_secret_is_refused_for_good(
    dial: Dial, kind: str, change: Callable[[str], str | None]
) -> None:
    """In an HTTP 200: nobody heard the page, and the words name the cure."""
    robot = ROBOTS[kind]
    with closing(robot.serve(Hands())) as server:
        error = await refused(dial(kind, server, change(robot.secret), Hands()), robot.to)
        assert error.reason is Reason.AUTH
        assert f"{robot.refused[0]} (check the robot's address, secret" in str(error)
        assert server.heard == []


@each_robot
@pytest.mark.parametrize("off", [-3601, 3601])
async def test_a_clock_that_is_an_hour_off_is_told(dial: Dial, kind: str, off: int) -> None:
    """The signature is right and the time is not: the robot's own words reach the timeline."""
    robot = ROBOTS[kind]
    with closing(robot.serve(Hands())) as server:
        wrong = Hands(NOON + timedelta(seconds=off))
        assert robot.refused[1] in str(await refused(dial(kind, server, robot.secret, wrong), robot.to))
        assert server.heard == []


@each_robot
@pytest.mark.parametrize("message", [page(), page("en"), over(), over("en"), trial(), trial("en"), flooded()])
async def test_a_robot_with_a_keyword_takes_every_page(dial: Dial, kind: str, message: Message) -> None:
    """The keyword to give it is StreamWatch: starts, ends, tests and floods all hold it."""
    robot = ROBOTS[kind]
    with closing(robot.serve(Hands(), keyword="StreamWatch")) as server:
        await dial(kind, server, robot.secret, Hands()).send(message, robot.to)
        assert len(server.heard) == 1


@each_robot
async def test_another_keyword_is_refused_for_good(dial: Dial, kind: str) -> None:
    """The words say that it is the keyword, or name it among the cures."""
    robot = ROBOTS[kind]
    with closing(robot.serve(Hands(), keyword="告警机器人")) as server:
        error = await refused(dial(kind, server, robot.secret, Hands()), robot.to)
        assert error.reason is Reason.AUTH
        assert robot.refused[2] in str(error)
        assert "keywords" in str(error)
        assert server.heard == []
