"""What viewers wrote is asked from the exporter, whatever the stream is called."""

import httpx
import pytest
import respx

from streamwatch.evidence import Evidence

URL = "http://127.0.0.1:9780"
LAG = {"category": "lag", "users": 6, "chatters": 30, "samples": ["卡"]}
STREAMS = {
    "demo": "demo",
    "a/b": "a%2Fb",
    "room:1": "room%3A1",
    "::1": "%3A%3A1",
    "#1?": "%231%3F",
    "https:elsewhere": "https%3Aelsewhere",
    "50%": "50%25",
    "一号": "%E4%B8%80%E5%8F%B7",
}


@pytest.mark.parametrize("stream", STREAMS)
async def test_a_stream_is_one_step_of_the_path(stream: str) -> None:
    """Neither another address nor another question, and never an error: a page would wait for it."""
    asked = list[bytes]()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path)
        return httpx.Response(200, json=LAG)

    with respx.mock:
        respx.get(host="127.0.0.1", port=9780).mock(side_effect=answer)
        async with httpx.AsyncClient() as http:
            found = await Evidence(http, URL, "token").samples(stream, ["lag"])

    assert found == {"lag": LAG}
    assert asked == [f"/api/v1/chat/{STREAMS[stream]}/samples?category=lag&limit=5".encode()]
