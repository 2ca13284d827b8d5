"""What only the webhook does: a body in words of one's own, out of a sandbox, and a signature over it."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import closing

import httpx
import pytest
from pydantic import TypeAdapter, ValidationError

from servers.lines import open_one
from servers.stand_in import Answer, Request, StandIn, says
from servers.story import NOON, Hands
from servers.webhook_phone import WebhookPhone
from servers.written_page import HOSTILE, dressed_up, page
from streamwatch.channels import ChannelSettings
from streamwatch.message import Message

SECRET = "sesame-of-the-webhook"
TEMPLATE = """\
{"summary": "{{ title }}", "who": "{{ to }}", "steps": {{ steps }}, "drill": {{ drill }}, "ack": "{{ ack_url }}"}
"""


class Anything(StandIn):
    """Takes everything."""

    secrets = ("nothing",)

    def answer(self, request: Request) -> Answer:
        return says({"id": 7})


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(verify=False) as http:
        yield http


async def sent(http: httpx.AsyncClient, message: Message, **settings: object) -> Request:
    """The request that *message* becomes."""
    with closing(Anything("/hook")) as server:
        await open_one({"type": "webhook", "url": server.url, **settings}, http, Hands()).send(message, "alice")
        return server.requests[-1]


def mistakes(template: str, **more: str) -> str:
    written = {"type": "webhook", "url": "https://example.org", "template": template, **more}
    with pytest.raises(ValidationError) as caught:
        TypeAdapter[object](ChannelSettings).validate_python(written)
    return "\n".join(each["msg"] for each in caught.value.errors())


async def test_a_template_words_the_body(http: httpx.AsyncClient) -> None:
    """Texts stand between quotes, everything else is written bare; what is not there is empty."""
    request = await sent(http, page(ack_url=None), template=TEMPLATE)
    short = page()
    assert request.json == {
        "summary": short.title, "who": "alice", "steps": list(short.steps), "drill": False, "ack": "",
    }  # fmt: skip
    assert request.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("words", [*HOSTILE, '"}, {"', "\\", '\\"', "{{ 7*7 }}", "{% raw %}"])
async def test_words_from_outside_stay_words(http: httpx.AsyncClient, words: str) -> None:
    """A quotation mark ends no text, and a template in a viewer's words is none."""
    message = dressed_up(words)
    request = await sent(http, message, template='{"title": "{{ title }}", "text": "{{ text }}"}')
    assert request.json == {"title": message.title, "text": message.text}


async def test_a_template_may_be_no_json(http: httpx.AsyncClient) -> None:
    """Another type has no quotes to keep."""
    request = await sent(http, page(), template='{{ severity }} "{{ stream }}"', content_type="text/plain")
    assert request.body.decode() == 'P0 "demo"'
    assert request.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ('"{{ title.__class__ }}"', "no attributes in a template"),
        ('"{{ title.upper() }}"', "no attributes in a template"),
        ("\"{{ title['__class__'] }}\"", "template: "),
        ("\"{{ title|attr('__class__') }}\"", "No filter named 'attr'"),
        ('"{{ range(9) }}"', "not safely callable"),
        ('{"ack": {{ ack_url }}}', "what it makes is no JSON"),
        ('"{{ lipsum }}"', "'lipsum' is undefined"),
        ('"{{ sumary }}"', "'sumary' is undefined"),
        ("{{ title", "unexpected end of template"),
        ("{{ title }}", "what it makes is no JSON"),
        ('{"a": "{{ 1 / 0 }}"}', "ZeroDivisionError"),
    ],
)
def test_a_template_reaches_for_nothing_else(template: str, words: str) -> None:
    """No attribute, no call, no global; and it is told at the start, not as the first page fails."""
    assert words in mistakes(template)


async def test_filters_are_few_and_work(http: httpx.AsyncClient) -> None:
    """Enough to shorten and to join."""
    template = '{"a": "{{ steps | join(" / ") | upper | truncate(20) }}", "b": {{ steps | length }}}'
    request = await sent(http, page("en"), template=template)
    assert request.json["b"] == 2
    assert request.json["a"].startswith("1. TECH: LOOK")


@pytest.mark.parametrize("template", [None, TEMPLATE])
async def test_the_body_is_signed(http: httpx.AsyncClient, template: str | None) -> None:
    """The time, a dot and the very bytes that were sent, under the secret."""
    more = {"template": template} if template else {}
    request = await sent(http, page(), secret=SECRET, **more)
    stamp = str(int(NOON.timestamp()))
    right = hmac.new(SECRET.encode(), f"{stamp}.".encode() + request.body, hashlib.sha256).hexdigest()
    assert request.headers["x-streamwatch-signature"] == f"t={stamp},v1={right}"


async def test_without_a_secret_nothing_is_signed(http: httpx.AsyncClient) -> None:
    """Nor with a token."""
    phone = WebhookPhone()
    with closing(phone):
        settings = {"type": "webhook", "url": phone.url, "token": phone.secrets[0]}
        await open_one(settings, http, Hands()).send(page(), "alice")
    assert "x-streamwatch-signature" not in phone.requests[-1].headers
