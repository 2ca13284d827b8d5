"""Probe `rtmp`: what a player meets that asks for the stream over RTMP. It plays, and never publishes."""

import asyncio

from pydantic import Field

from streamwatch_exporters.clock import Clock
from streamwatch_exporters.media_headers import Content, Media, read_header
from streamwatch_exporters.probe import Answer, ProbeFailed
from streamwatch_exporters.reader_metrics import CONNECTED, FIRST_FRAME, HANDSHAKE
from streamwatch_exporters.repeating import Finding, Key, RepeatedSettings, RepeatingFamily, Values
from streamwatch_exporters.rtmp_address import split_url
from streamwatch_exporters.rtmp_chunks import AGGREGATE, AUDIO, VIDEO, Message
from streamwatch_exporters.rtmp_client import Refused, RtmpClient, command_in, rtmp_connection
from streamwatch_exporters.settings import NOT_READ, Addressed
from streamwatch_exporters.watching import Tools

_PATIENCE = 0.9  # of the timeout: then "no media in time" is said here, before the look is broken off
_MEDIA: dict[int, Media] = {AUDIO: "audio", VIDEO: "video"}


class RtmpSettings(Addressed, RepeatedSettings):
    """Where the stream is played from. Every look is a player that comes and goes: `interval` is longer."""

    interval: float = Field(10.0, ge=1, le=3600)
    timeout: float = Field(5.0, gt=0, le=60)

    def check_address(self) -> None:
        if self.secret_url.get_secret_value() != NOT_READ:
            split_url(self.secret_url)


class RtmpLooker:
    """Plays until the first frame."""

    def __init__(self, settings: RtmpSettings, clock: Clock) -> None:
        self._address, self._timeout, self._clock = split_url(settings.secret_url), settings.timeout, clock
        self.counts: Values = {}

    async def look(self) -> Finding:
        started = self._clock.steady()
        values: dict[Key, float] = {}

        def passed() -> float:
            return self._clock.steady() - started

        async with rtmp_connection(self._address.host, self._address.port, self._timeout) as client:
            await client.handshake()
            values[HANDSHAKE.name, "rtmp"] = passed()
            try:
                async with asyncio.timeout(self._timeout * _PATIENCE - passed()):
                    await client.connect_to(self._address.app, self._address.app_url)
            except TimeoutError as exc:
                raise ProbeFailed("timeout", "no reply to connect in time") from exc
            except Refused as refused:
                return _bad(f"refused: {refused}", values)
            try:
                async with asyncio.timeout(self._timeout * _PATIENCE - passed()):
                    await self._first_frame(client)
            except TimeoutError:
                return _bad("no audio or video in time", values)
            except Refused as refused:
                return _bad(str(refused), values)
            values[FIRST_FRAME.name, "rtmp"] = passed()
        values[CONNECTED.name, "rtmp"] = 1
        return Finding(Answer.OK, "audio or video came", values)

    async def _first_frame(self, client: RtmpClient) -> None:
        await client.play(self._address.name, await client.create_stream())
        while not is_frame(message := await client.message()):
            command = command_in(message)
            if command is not None and command.name == "onStatus":
                _require_playing(command.code, failed=command.failed)


def _bad(text: str, values: dict[Key, float]) -> Finding:
    return Finding(Answer.BAD, text, {**values, (CONNECTED.name, "rtmp"): 0})


def is_frame(message: Message) -> bool:
    """Audio or video itself: a server may send what it remembers of the codec although nothing flows."""
    if message.type == AGGREGATE:
        return True
    if message.type not in _MEDIA:
        return False
    header = read_header(_MEDIA[message.type], message.body)
    return header is not None and header.content is Content.FRAME


def _require_playing(code: str, *, failed: bool) -> None:
    """Raise `Refused` when a status ends the hope for media. Texts are ours: a server's may hold the name."""
    if code.endswith((".StreamNotFound", ".FileNotFound")):
        raise Refused("not found: the server knows no such stream")
    if code in ("NetStream.Play.Stop", "NetStream.Play.Complete"):
        raise Refused("over: the server says that the stream has ended")
    if failed:
        raise Refused("refused: the server does not let this stream be played")


def rtmp_family(clock: Clock) -> RepeatingFamily:
    def looker(settings: RepeatedSettings, tools: Tools) -> RtmpLooker:
        assert isinstance(settings, RtmpSettings)
        return RtmpLooker(settings, tools.clock)

    declared = (HANDSHAKE, FIRST_FRAME, CONNECTED)
    return RepeatingFamily(clock, probe="rtmp", id_label="stream", declared=declared, looker=looker)
