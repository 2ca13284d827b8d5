"""What the tests in a real browser have in common: how it starts, who reads, and whether a page fits."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip
READERS = [(language, width) for language in ("zh-CN", "en-US") for width in (390, 1280)]


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        yield browser
        browser.close()


def fits(page: Page) -> bool:
    """Nothing hangs over the edge, so nobody has to drag the page sideways."""
    page.wait_for_load_state("load")  # the words of a page are there before its style sheet
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))
