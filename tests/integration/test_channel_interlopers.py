"""Answers that are not the service's own: a proxy, a firewall, half a yes. Never a delivery, and never final."""

from datetime import timedelta

import pytest

from servers.lines import SPEAKING, Switchboard
from servers.stand_in import ELSEWHERE, FIREWALL, HTML, Answer, says
from streamwatch.channels.channel import Reason

NOT_THE_SERVICE = {
    "a page of HTML": HTML,
    "a redirect": ELSEWHERE,
    "a firewall": FIREWALL,
    "nothing": Answer(200),
    "a 204": Answer(204),
    "an empty object": says({}),
    "a list": says([0]),
    "a number": says(0),
    "a truncated yes": Answer(200, b'{"errcode": 0, "code": 0, "ok": true, "Code": "OK"'),
    "a yes in bytes that are no text": Answer(200, b'\xff\xfe{"errcode":0,"code":0}'),
    "brackets without end": Answer(200, b"[" * 200_000),
    "a code of null": says({"errcode": None, "code": None, "ok": None, "Code": None, "sid": None}),
    "a code of false": says({"errcode": False, "code": False, "ok": 1, "Code": False, "sid": False}),
    "a code in quotes": says({"errcode": "0", "code": "0", "ok": "true", "Code": 0, "sid": 0}),
    "a code of 0.0": says({"errcode": 0.0, "code": 0.0, "ok": 0.0, "Code": 0.0, "sid": 0.0}),
    "a yes with a 500": says({"errcode": 0, "code": 0, "ok": True, "Code": "OK", "sid": "x"}, status=500),
    "a yes with a redirect": says({"errcode": 0, "code": 0, "ok": True, "Code": "OK", "sid": "x"}, status=302),
    "a 400": Answer(400),
    "a 403 of a proxy": Answer(403, HTML.body),
    "a 404": Answer(404, HTML.body),
    "a 500": Answer(500),
    "a 502": Answer(502, HTML.body),
    "a 503": Answer(503),
}


@pytest.mark.parametrize("answer", NOT_THE_SERVICE.values(), ids=NOT_THE_SERVICE)
@pytest.mark.parametrize("kind", SPEAKING)
async def test_an_answer_that_is_not_the_services_is_no_delivery(
    dial: Switchboard, kind: str, answer: Answer
) -> None:
    """Whoever answered in its place: tried again, never counted as sent, never final."""
    line = dial(kind)
    line.service.script = [answer]
    assert (await line.refused()).reason is Reason.SERVER_ERROR


@pytest.mark.parametrize("kind", SPEAKING)
@pytest.mark.parametrize(("asked", "wait"), [({}, 30), ({"retry_after": "12"}, 12)])
async def test_a_429_in_front_of_a_service_is_obeyed(
    dial: Switchboard, kind: str, asked: dict[str, str], wait: int
) -> None:
    """A gateway may throttle before the service is reached."""
    line = dial(kind)
    line.service.script = [says({}, status=429, **asked)]
    error = await line.refused()
    assert (error.reason, error.retry_after) == (Reason.THROTTLED, timedelta(seconds=wait))
