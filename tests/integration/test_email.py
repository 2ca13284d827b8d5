"""Mail over a real SMTP server: a conversation for each incident, TLS and login, 4yz is later, 5yz is never."""

import re
import socket
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from servers.certificates import Authority
from servers.lines import open_one
from servers.mail import PASSWORD, USER, Heard, MailServer, settings
from servers.story import Hands
from servers.written_page import ACK, CONSOLE, HOSTILE, dressed_up, flooded, over, page, trial
from streamwatch.channels import email as channel_email
from streamwatch.channels.channel import Channel, ChannelError, Reason
from streamwatch.message import Message

TO = "alice@example.org"
LOGIN = {"username": USER, "password": PASSWORD}


@pytest.fixture
def servers() -> Iterator[Callable[..., MailServer]]:
    """Starts mail servers, and stops them."""
    running: list[MailServer] = []

    def start(**how: Any) -> MailServer:
        running.append(MailServer(**how))
        return running[-1]

    yield start
    for server in running:
        server.close()


@pytest.fixture
def server(servers: Callable[..., MailServer]) -> MailServer:
    return servers()


@pytest.fixture
async def dial() -> AsyncIterator[Callable[..., Channel]]:
    """A channel to a mail server, without TLS if nothing else is said."""
    async with httpx.AsyncClient(verify=False) as http:

        def dial(server: MailServer, **more: object) -> Channel:
            return open_one(settings(server, **{"tls": "none", **more}), http, Hands())

        yield dial


Dial = Callable[..., Channel]


async def told(dial: Dial, server: MailServer, message: Message) -> Heard:
    """The mail that *message* becomes."""
    await dial(server).send(message, TO)
    return server.heard[-1]


async def refused(channel: Channel, to: str = TO) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await channel.send(page(), to)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value)) + repr(channel)
    return caught.value


async def test_a_page_in_chinese(dial: Dial, server: MailServer) -> None:
    """The subject is the title, in Chinese; both parts hold the facts, the steps and the links."""
    heard = await told(dial, server, page())
    assert heard.mail["Subject"] == "【P0】demo 推流断开 @Alice"
    assert (heard.sender, heard.to) == ("live@example.org", (TO,))
    assert heard.mail["From"] == "StreamWatch <live@example.org>"
    assert heard.mail["To"] == f"Alice <{TO}>"
    for part in (heard.part("plain"), heard.part("html")):
        for words in ("环节：接入", "现在做", "1. 技术：看编码器", "“好卡啊😭”", ACK, CONSOLE, "StreamWatch #12"):
            assert words in part
    assert heard.raw.isascii()
    assert max(map(len, heard.raw.split(b"\r\n"))) <= 998


async def test_no_program_answers(dial: Dial, server: MailServer) -> None:
    """Holiday replies stay away; what calls is marked as important, the end is not."""
    heard, end = await told(dial, server, page()), await told(dial, server, over())
    assert heard.mail["Auto-Submitted"] == end.mail["Auto-Submitted"] == "auto-generated"
    assert [mail.mail["Importance"] for mail in (heard, end)] == ["high", None]


async def test_the_pages_of_an_incident_are_one_conversation(dial: Dial, server: MailServer) -> None:
    """They refer to one id and have their own; the same page tried again is the same mail."""
    first, raised, end = [
        await told(dial, server, each) for each in (page(), page(kind="raised", page_id="8"), over(page_id="9"))
    ]
    again = await told(dial, server, page(maybe_repeated=True))
    other = await told(dial, server, page(incident_id="13", page_id="10"))
    assert len({mail.mail["Message-ID"] for mail in (first, raised, end, other)}) == 4
    assert again.mail["Message-ID"] == first.mail["Message-ID"]
    roots = [mail.mail["References"] for mail in (first, raised, end, other)]
    assert roots[0] == roots[1] == roots[2] != roots[3]
    assert first.mail["In-Reply-To"] == first.mail["References"]
    assert (await told(dial, server, trial())).mail["References"] is None


async def test_the_receipt_is_the_mails_own_id(dial: Dial, server: MailServer) -> None:
    """As the mail server logs it."""
    receipt = await dial(server).send(page(), TO)
    assert receipt.provider_id == server.heard[-1].mail["Message-ID"]


@pytest.mark.parametrize("words", HOSTILE)
async def test_words_from_outside_are_only_words(dial: Dial, server: MailServer, words: str) -> None:
    """No header of theirs, no tag, no link."""
    heard = await told(dial, server, dressed_up(words))
    plain = await told(dial, server, page())
    assert heard.mail.keys() == plain.mail.keys()
    tags = [re.findall(r"<[^>]*>", mail.part("html")) for mail in (heard, plain)]
    assert [each for each in tags[0] if each != "<br>"] == [each for each in tags[1] if each != "<br>"]


async def test_a_name_cannot_begin_a_header(dial: Dial, server: MailServer) -> None:
    """Line ends in names and titles are spaces in a mail."""
    await dial(server).send(page(title="demo\r\nBcc: eve@example.org", person_name="A\nBcc: eve@example.org"), TO)
    heard = server.heard[-1]
    assert heard.mail["Bcc"] is None
    assert heard.to == (TO,)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_flood_keeps_who_what_where_do_now(dial: Dial, server: MailServer, language: str) -> None:
    """The subject has 200 characters, the text enough."""
    short = page(language)
    heard = await told(dial, server, flooded(language, maybe_repeated=True))
    assert heard.mail["Subject"].startswith(short.title)
    assert "可能重复" in heard.part("plain") or "may repeat" in heard.part("plain")
    for words in (short.title, short.facts[0], short.steps[0], ACK, "StreamWatch #12"):
        assert words in heard.part("plain")


@pytest.mark.parametrize(
    ("command", "answer", "reason"),
    [
        ("MAIL", "421 4.3.2 shutting down", Reason.BUSY),
        ("MAIL", "550 5.7.1 sender refused", Reason.AUTH),
        ("RCPT", "450 4.2.0 greylisted, try again", Reason.BUSY),
        ("RCPT", "452 4.5.3 too many recipients", Reason.BUSY),
        ("RCPT", "550 5.1.1 no such user", Reason.GONE),
        ("RCPT", "553 5.1.3 bad address", Reason.GONE),
        ("DATA", "451 4.3.0 queue is full", Reason.BUSY),
        ("DATA", "552 5.3.4 too big", Reason.REJECTED),
        ("DATA", "554 5.7.1 looks like spam", Reason.REJECTED),
    ],
)
async def test_4yz_is_later_and_5yz_is_never(
    dial: Dial, server: MailServer, command: str, answer: str, reason: Reason
) -> None:
    """For good only what the server says is for good; the next try finds it open again."""
    server.refusals[command] = answer
    error = await refused(dial(server))
    assert error.reason is reason
    assert answer[:3] in str(error)
    assert server.heard == []
    await told(dial, server, page())


@pytest.mark.parametrize(("command", "reason"), [("RCPT", Reason.CONNECT), ("DATA", Reason.UNKNOWN)])
async def test_a_line_that_breaks(dial: Dial, server: MailServer, command: str, reason: Reason) -> None:
    """Before the mail is out it certainly was not delivered; after that nobody knows."""
    server.hang_up_at = command
    assert (await refused(dial(server))).reason is reason


async def test_a_server_that_says_nothing_does_not_hold_us(dial: Dial, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the connection and never greets: certainly not delivered."""
    monkeypatch.setattr(channel_email, "CONNECT_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with httpx.AsyncClient(verify=False) as http:
            port = silent.getsockname()[1]
            written = {"type": "email", "host": "127.0.0.1", "port": port, "sender": "a@example.org", "tls": "none"}
            assert (await refused(open_one(written, http, Hands()))).reason is Reason.CONNECT


async def test_nobody_listens(dial: Dial, servers: Callable[..., MailServer]) -> None:
    """Certainly not delivered."""
    server = servers()
    channel = dial(server, port=1)
    assert (await refused(channel)).reason is Reason.CONNECT


@pytest.mark.parametrize(
    "to", ["alice", "alice@example.org, bob@example.org", "Alice <a@b.org>", "a@b\nc", "", "@b.org"]
)
async def test_what_is_no_address_is_refused_for_good(dial: Dial, server: MailServer, to: str) -> None:
    """One bare address; nothing is said to the server."""
    assert (await refused(dial(server), to)).reason is Reason.GONE
    assert server.heard == []


@pytest.mark.parametrize("at_once", [True, False])
async def test_tls_and_a_login(
    dial: Dial, servers: Callable[..., MailServer], tmp_path: Path, at_once: bool
) -> None:
    """By STARTTLS or from the first byte, with a private authority; the password comes from a file."""
    authority = Authority(tmp_path / "ca")
    context = authority.sign("localhost").server_context()
    server = servers(tls=context, at_once=at_once, login=True)
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    how = {"tls": "tls" if at_once else "starttls", "host": "localhost", "ca_file": str(authority.file)}
    await dial(server, **how, username=USER, password_file=str(tmp_path / "password")).send(page(), TO)
    assert len(server.heard) == 1

    error = await refused(dial(server, **how, username=USER, password="another-passw0rd"))
    assert error.reason is Reason.AUTH
    assert "check username" in str(error)


async def test_a_certificate_nobody_vouches_for_is_refused(
    dial: Dial, servers: Callable[..., MailServer], tmp_path: Path
) -> None:
    """No page and no password goes to whoever took the server's place."""
    server = servers(tls=Authority(tmp_path / "ca").self_signed("localhost").server_context(), login=True)
    error = await refused(dial(server, tls="starttls", host="localhost", **LOGIN))
    assert error.reason is Reason.CONNECT
    assert server.heard == []


async def test_a_server_without_starttls_gets_no_password(dial: Dial, server: MailServer) -> None:
    """Somebody in between may have taken the offer away: nothing is sent in the clear."""
    error = await refused(dial(server, tls="starttls", **LOGIN))
    assert "lacks STARTTLS" in str(error)
    assert server.heard == []


async def test_a_private_authority_that_cannot_be_read_is_told(dial: Dial, server: MailServer) -> None:
    """At the start, with the name of the file."""
    with pytest.raises(ValueError, match=r"certificates in /x/none\.pem cannot be read"):
        dial(server, tls="starttls", ca_file="/x/none.pem")
