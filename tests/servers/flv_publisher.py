"""An RTMP publisher that sends the tags of a recording as they are: an encoder whose timestamps a test spoils."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from servers.flv_origin import AUDIO, tags_of
from streamwatch_exporters.amf0 import encode
from streamwatch_exporters.rtmp_chunks import COMMAND, Message, chunks
from streamwatch_exporters.rtmp_client import RtmpClient

_CHUNK_STREAMS = {AUDIO: 4, 9: 6, 18: 5}


@asynccontextmanager
async def publishing_flv(port: int, name: str, recording: bytes, *, audio_ahead: int = 0) -> AsyncIterator[None]:
    """*recording* in real time, with the timestamps of audio *audio_ahead* ms ahead of where it stands in it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    client = RtmpClient(reader, writer)
    await client.handshake()
    await client.connect_to("live", f"rtmp://127.0.0.1:{port}/live")
    stream = await client.create_stream()
    writer.write(chunks(Message(COMMAND, encode("publish", 0, None, name, "live"), stream), 8))
    await client.message()
    task = asyncio.create_task(_send(writer, recording, stream, audio_ahead))
    try:
        yield
        assert not task.done(), "the recording is over, or the server gone"
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, OSError):
            await task
        writer.transport.abort()


async def _send(writer: asyncio.StreamWriter, recording: bytes, stream: int, audio_ahead: int) -> None:
    begin = asyncio.get_running_loop().time()
    for stamp, tag in tags_of(recording):
        await asyncio.sleep(max(0.0, begin + stamp / 1000 - asyncio.get_running_loop().time()))
        at = stamp + (audio_ahead if tag[0] == AUDIO else 0)
        body = tag[11:-4] if tag[0] != 18 else encode("@setDataFrame") + tag[11:-4]
        writer.write(chunks(Message(tag[0], body, stream, at), _CHUNK_STREAMS[tag[0]]))
        await writer.drain()
