"""Login, a form and the audit log in a real browser, on a phone and on a desk, in both languages."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from servers.browsing import READERS, chromium, fits
from servers.console import PASSPHRASES, doors
from servers.free_port import free_port
from servers.receiver import PhoneServer, ReceiverProcess, write_config


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReceiverProcess]:
    folder, phone, port = tmp_path_factory.mktemp("browser"), PhoneServer(), free_port()
    receiver = ReceiverProcess(write_config(folder, port, phone.url, **doors(folder)), port)
    receiver.start()
    yield receiver
    receiver.stop()
    phone.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def log_in(page: Page, name: str, passphrase: str) -> None:
    page.fill("input[name=name]", name)
    page.fill("input[name=passphrase]", passphrase)
    page.click("main form button")


@pytest.mark.parametrize(("language", "width"), READERS)
def test_in_to_the_log_and_out_again(
    receiver: ReceiverProcess, browser: Browser, language: str, width: int
) -> None:
    """A wrong passphrase is said; the right one leads to what was wanted; a form that Chromium sends is ours; each
    page fits; after the logout the way back is closed.
    """
    body = {"kind": "other", "stream": f"{language}-{width}", "note": "a long word about what happened " * 5}
    number = receiver.post(body, "/api/v1/triggers").json()["incident"]["id"]
    context = browser.new_context(locale=language, viewport={"width": width, "height": 844})
    page = context.new_page()
    page.goto(f"{receiver.base}/audit")
    assert fits(page)
    log_in(page, "alice", "not hers at all")
    expect(page.locator("[role=alert]")).to_be_visible()
    assert fits(page)
    log_in(page, "alice", PASSPHRASES["alice"])
    expect(page.locator(".deeds li").first).to_be_visible()
    assert (page.url, fits(page)) == (f"{receiver.base}/audit", True)

    page.goto(f"{receiver.base}/incidents/{number}")
    page.click("form[action$='/ack'] button")
    expect(page.locator("form[action$='/ack']")).to_have_count(0)
    assert fits(page)
    assert receiver.get(f"/api/v1/incidents/{number}")["acknowledged_by"] == "alice"
    page.click("form[action='/logout'] button")
    expect(page.locator("input[name=passphrase]")).to_be_visible()
    page.goto(f"{receiver.base}/audit")
    expect(page.locator("input[name=passphrase]")).to_be_visible()
    context.close()
