"""The emergency pages in a real browser, on a phone and on a desk, in both languages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from servers.browsing import READERS, chromium, fits
from servers.free_port import free_port
from servers.receiver import REPOSITORY, PhoneServer, ReceiverProcess, write_config

FINGER = 44  # CSS pixels; WCAG 2.5.5, target size


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReceiverProcess]:
    phone, port = PhoneServer(), free_port()
    law = [str(REPOSITORY / "config" / "law" / "cn.yml")]
    receiver = ReceiverProcess(write_config(tmp_path_factory.mktemp("sos"), port, phone.url, law_files=law), port)
    receiver.start()
    yield receiver
    receiver.stop()
    phone.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.mark.parametrize(("language", "width"), READERS)
def test_two_taps_reach_somebody(receiver: ReceiverProcess, browser: Browser, language: str, width: int) -> None:
    """From the buttons to the name of whoever was told; every page fits, and the browser complains of nothing."""
    context = browser.new_context(locale=language, viewport={"width": width, "height": 844})
    page, troubles = context.new_page(), list[str]()
    page.on("console", lambda message: troubles.append(message.text))
    page.goto(f"{receiver.base}/sos?stream={language}-{width}")
    assert fits(page)
    for button in page.locator(".tap, .phones a").all():
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= FINGER

    page.locator("a[href*='sudden_situation/fire']").click()
    assert fits(page)
    confirm = page.locator("form button").bounding_box()
    assert confirm is not None
    assert confirm["y"] + confirm["height"] < 844  # no scrolling between the two taps
    page.locator("form button").click()
    expect(page.locator(".badge.delivered")).to_have_count(2, timeout=20_000)
    assert fits(page)
    assert troubles == []
    context.close()


@pytest.mark.parametrize(("language", "width"), READERS)
def test_evidence_and_report_fit_the_screen(
    receiver: ReceiverProcess, browser: Browser, language: str, width: int, tmp_path: Path
) -> None:
    """A file is kept by the form of the page, however long its hash; the report is read without dragging."""
    body = {"kind": "content_violation", "what": "hijack", "stream": f"kept-{language}-{width}"}
    number = receiver.post(body, "/api/v1/triggers").json()["incident"]["id"]
    file = tmp_path / "画面 1.png"
    file.write_bytes(b"picture" * 100_000)
    context = browser.new_context(locale=language, viewport={"width": width, "height": 844})
    page = context.new_page()
    page.goto(f"{receiver.base}/incidents/{number}")
    form = page.locator("form[action$='/evidence']")
    form.locator("select").select_option("alice")
    form.locator("input[type=file]").set_input_files(file)
    form.locator("button").click()
    expect(page.locator(".files a")).to_have_text("画面 1.png")
    assert fits(page)
    page.locator("a[href$='report-form']").click()
    expect(page.locator(".laws li")).to_have_count(10)
    assert fits(page)
    context.close()
