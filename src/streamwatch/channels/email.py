"""E-mail over an SMTP server. 电子邮件。

Each page has a Message-ID of its own, the same at every try, so that mailboxes drop a repeated one; all pages of an
incident refer to one id that was never sent itself, so that they are one conversation. `Auto-Submitted` keeps
holiday replies away (RFC 3834). 4yz is "later", 5yz "never" (RFC 5321, 4.2.1). Once the whole message is out, a
missing answer means that it may have been delivered; before that it certainly was not.
"""

import html
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

import aiosmtplib
import httpx
from pydantic import AfterValidator, Field, model_validator

from streamwatch.channels.answer import refusal
from streamwatch.channels.channel import CONNECT_TIMEOUT, SEND_TIMEOUT, ChannelError, Limit, Reason, Receipt
from streamwatch.channels.layout import DO_NOW, fitting, headline, links, reference
from streamwatch.channels.secret import Common, Secret, SecretFile, at_most_one, read_secret
from streamwatch.clock import Clock
from streamwatch.message import Message, clean

PORTS = {"starttls": 587, "tls": 465, "none": 25}
MAX_TEXT = 50_000  # characters: no server's limit, but what anybody reads

CURES = {
    Reason.AUTH: "check username, password_file and sender",
    Reason.GONE: "no such mailbox; check to",
    Reason.REJECTED: "the server does not take this message",
}


def _mailbox(text: str) -> str:
    if not is_mailbox(text):
        raise ValueError("write an e-mail address, as in streamwatch@example.org")
    return text


class Settings(Common):
    """`tls` is starttls (587), tls (465) or none (25, without a login unless it is this machine)."""

    type: Literal["email"]
    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(gt=0, lt=65536)] | None = None
    tls: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: Path | None = None
    sender: Annotated[str, AfterValidator(_mailbox)]
    username: str = ""
    password: Secret | None = None
    password_file: SecretFile | None = None

    @model_validator(mode="after")
    def _login(self) -> Self:
        at_most_one("password", self.password, self.password_file)
        secret = self.password is not None or self.password_file is not None
        if secret != bool(self.username):
            raise ValueError("username and password_file go together")
        if secret and self.tls == "none" and not _is_here(self.host):
            raise ValueError("a password is not sent without TLS; write tls: starttls or tls: tls")
        return self


class Email:
    """`to` is an e-mail address."""

    limits: tuple[Limit, ...] = ()

    def __init__(self, settings: Settings, http: httpx.AsyncClient, clock: Clock) -> None:
        self._settings = settings
        self._password = read_secret(settings.password, settings.password_file)
        self._tls = None if settings.tls == "none" else _trust(settings.ca_file)
        self._clock = clock

    async def send(self, message: Message, to: str) -> Receipt:
        if not is_mailbox(to):
            raise ChannelError("this is no e-mail address; check to", reason=Reason.GONE)
        mail = self._mail(message, to)
        async with self._connected() as server:
            await self._hand_over(server, mail, to)
        return Receipt(str(mail["Message-ID"]))

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """A session that is open and logged in; its end is nobody's concern."""
        chosen = self._settings
        server = aiosmtplib.SMTP(
            hostname=chosen.host,
            port=chosen.port or PORTS[chosen.tls],
            timeout=CONNECT_TIMEOUT,
            use_tls=chosen.tls == "tls",
            start_tls=chosen.tls == "starttls",
            tls_context=self._tls,
        )
        try:
            with _translated():
                await server.connect()
                if chosen.username:
                    await server.login(chosen.username, self._password)
            yield server
        finally:
            server.close()

    async def _hand_over(self, server: aiosmtplib.SMTP, mail: EmailMessage, to: str) -> None:
        with _translated():
            await server.mail(self._settings.sender, timeout=SEND_TIMEOUT)
        with _translated(never=Reason.GONE):
            await server.rcpt(to, timeout=SEND_TIMEOUT)
        with _translated(never=Reason.REJECTED, silence=Reason.UNKNOWN):
            await server.data(mail.as_bytes(policy=SMTP), timeout=SEND_TIMEOUT)

    def _mail(self, message: Message, to: str) -> EmailMessage:
        mail = EmailMessage(policy=SMTP)
        at, domain = self._clock(), self._settings.sender.rpartition("@")[2]
        mail["From"] = Address("StreamWatch", addr_spec=self._settings.sender)
        mail["To"] = Address(clean(message.person_name, 40), addr_spec=to)
        mail["Subject"] = clean(headline(message), 200)
        mail["Date"] = format_datetime(at)
        # The day, because the numbers of pages begin again with a new database.
        mail["Message-ID"] = f"<page-{message.page_id}-{at:%Y%m%d}@{domain}>"
        if message.incident_id:
            mail["In-Reply-To"] = mail["References"] = f"<incident-{message.incident_id}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        if message.severity in ("P0", "P1") and not message.wakes_nobody:
            mail["Importance"] = "high"
            mail["X-Priority"] = "1"
        mail.set_content(fitting(message, _text, len, MAX_TEXT), cte="base64")
        mail.add_alternative(fitting(message, _html, len, MAX_TEXT), subtype="html", cte="base64")
        return mail


class _translated:  # noqa: N801  # a context that reads like a function
    """Every failure of SMTP as a `ChannelError`. *never* is what 5yz means here, *silence* what no answer does."""

    def __init__(self, never: Reason = Reason.AUTH, silence: Reason = Reason.CONNECT) -> None:
        self._never = never
        self._silence = silence

    def __enter__(self) -> None:
        """Nothing to do before."""

    def __exit__(self, _kind: object, error: BaseException | None, _where: object) -> None:
        if isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= 400:
            reason = self._never if error.code >= 500 else Reason.BUSY
            # The server's own words may repeat what it was told: only the code is passed on.
            raise refusal(error.code, "said by the mail server", reason, cures=CURES) from None
        if isinstance(error, aiosmtplib.SMTPException) and "not supported" in str(error):
            raise ChannelError("the mail server lacks STARTTLS or a login", reason=Reason.AUTH) from None
        if isinstance(error, (aiosmtplib.SMTPException, OSError, ValueError)):
            name = type(error.__cause__ or error).__name__
            raise ChannelError(f"no answer from the mail server ({name})", reason=self._silence) from None


def is_mailbox(text: str) -> bool:
    """Whether *text* is one bare address: no name, no list, nothing that could begin a new header."""
    name, address = parseaddr(text)
    local, _, domain = text.rpartition("@")
    return not name and address == text and bool(local and domain) and text.isprintable() and text.isascii()


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError):
        raise ValueError(f"the certificates in {ca_file} cannot be read; name a PEM file in ca_file") from None


def _text(message: Message) -> str:
    blocks = [
        [headline(message)],
        [*message.facts],
        [DO_NOW.read_in(message.language), *message.steps] if message.steps else [],
        [*message.samples],
        [f"{label} {url}" for label, url in links(message)],
        [reference(message)],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _html(message: Message) -> str:
    def lines(texts: tuple[str, ...]) -> str:
        return "<br>\n".join(map(html.escape, texts))

    do_now = f"<p><b>{DO_NOW.read_in(message.language)}</b><br>\n{lines(message.steps)}</p>"
    both = [f'<a href="{html.escape(url)}"><b>{label}</b></a>' for label, url in links(message)]
    blocks = [
        f"<h3>{html.escape(headline(message))}</h3>",
        f"<p>{lines(message.facts)}</p>" if message.facts else "",
        do_now if message.steps else "",
        f"<blockquote>{lines(message.samples)}</blockquote>" if message.samples else "",
        f"<p>{' · '.join(both)}</p>" if both else "",
        f"<p>{reference(message)}</p>",
    ]
    return f'<html lang="{message.language}"><body>\n' + "\n".join(filter(None, blocks)) + "\n</body></html>\n"
