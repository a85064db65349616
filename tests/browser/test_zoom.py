"""The picture of a point zooms by keys, buttons and wheel, and the address keeps up."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from browser.watch import Console, Opener, Watch

WEEK_MS = 7 * 86_400_000


def _opened(watch: Watch, console: Console, path: str = "") -> Page:
    account = console.account("city")
    watch.sign_in(account["username"], account["password"])
    watch.open("/monitoring/")
    first = watch.page.locator("main table tbody a").first.get_attribute("href") or ""
    watch.open(first + path)
    expect(watch.page.locator("[data-canvas][data-ready]")).to_be_visible()
    return watch.page


_SPAN = """() => {
  const asked = new URLSearchParams(location.search);
  return Date.parse(`${asked.get("until")}Z`) - Date.parse(`${asked.get("from")}Z`);
}"""


def _window_is(page: Page, condition: str) -> None:
    """Wait until the width of the window the address names is as said. [ms]."""
    page.wait_for_function(f"() => ({_SPAN})() {condition}")


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_buttons_and_keys_zoom_and_the_address_keeps_the_window(
    console: Console, look: Opener, size: str
) -> None:
    with look(size=size) as watch:
        page = _opened(watch, console)
        with page.expect_response(re.compile("/window/")) as answer:
            page.locator("[data-zoom-do=in]").click()
        assert answer.value.status == 200
        _window_is(page, f"=== {WEEK_MS // 2}")
        page.locator("[data-canvas]").focus()
        page.keyboard.press("+")
        _window_is(page, f"=== {WEEK_MS // 4}")
        shared = page.url
        page.keyboard.press("0")
        _window_is(page, f"=== {WEEK_MS}")
        # Somebody else opens the address and sees the same window.
        told = parse_qs(urlsplit(shared).query)
        watch.open(shared.removeprefix(watch.base))
        expect(page.locator("[data-zoom-span]")).to_contain_text(told["from"][0].replace("T", " "))
        watch.inspect()
        watch.shot(f"zoom/{size}")


def test_the_wheel_is_the_page_s_until_the_picture_is_clicked(
    console: Console, look: Opener
) -> None:
    with look() as watch:
        page = _opened(watch, console)
        box = page.locator("[data-canvas]").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 80)
        page.mouse.wheel(0, 200)
        page.wait_for_timeout(600)
        assert "from=" not in page.url
        page.mouse.wheel(0, -200)
        page.locator("[data-canvas]").focus()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 80)
        page.mouse.wheel(0, -200)
        _window_is(page, f"< {WEEK_MS}")
