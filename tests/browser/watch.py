"""A browser that remembers everything it did not like: policy reports, errors, foreign requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Request, Response

SHOTS = Path(__file__).parent / "shots"
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
)
WIDTHS = {"desk": (1366, 860), "wide": (1920, 1080), "phone": (390, 844)}

#: One account of each kind must be among the demonstration accounts.
ROLES = ("city", "county", "park", "enterprise", "verifier", "admin")

#: Words of the frame and of forms: here nothing is data, so here a wrong language shows.
WORDED = (
    "nav.side span, nav.side .nav-title, .crumbs li:first-child, th, label > span:first-child,"
    " .field > label, legend, button, .button, main summary, .tabs a, .notes span, .steps li, .pill"
)
_LATIN_WORDS = re.compile(r"^[A-Za-z][a-z']+(?: [A-Za-z][A-Za-z',-]+)+[.?!]?$")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")

#: How long a page that stands may go on loading. [ms]
SILENCE_STEP_MS, SILENCE_TURNS = 20, 1_500
_NEXT_PICTURE = "() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))"
_LOOK_OVER = (Path(__file__).parent / "look_over.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Console:
    """A running console and the accounts of its demonstration city."""

    base: str
    home: Path
    accounts: tuple[dict[str, Any], ...]

    def account(self, role: str) -> dict[str, Any]:
        """Return the first account of a role."""
        return next(account for account in self.accounts if account["role"] == role)


@dataclass
class Watch:
    """One person's window; ``faults`` grows by itself."""

    context: BrowserContext
    page: Page
    base: str
    faults: list[str] = field(default_factory=list)
    #: Status codes the next requests may answer with beside success.
    allowed: set[int] = field(default_factory=set)
    #: Requests that have not ended yet.
    under_way: set[Request] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self._console(message.type, message.text))
        self.page.on("pageerror", lambda error: self._fault(f"script error: {error}"))
        self.page.on("request", self._request)
        self.page.on("requestfinished", lambda request: self.under_way.discard(request))
        self.page.on("requestfailed", lambda request: self.under_way.discard(request))
        self.page.on("response", self._response)
        self.page.on("dialog", lambda dialog: dialog.accept())

    def _fault(self, text: str) -> None:
        self.faults.append(f"{self.page.url.removeprefix(self.base)}: {text}")

    def _console(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not text.startswith("Failed to load resource"):
            self._fault(f"console {kind}: {text}")

    def _request(self, request: Request) -> None:
        self.under_way.add(request)
        if not request.url.startswith((self.base, "data:", "blob:", "about:")):
            self._fault(f"outside request: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.allowed:
            self._fault(f"{response.status} for {response.url.removeprefix(self.base)}")

    def open(self, path: str) -> Response | None:
        """Go to a page and wait until its pictures stand."""
        response = self.page.goto(self.base + path)
        self.settle()
        return response

    def settle(self) -> None:
        """Wait until nothing loads and every chart is drawn or has said why not."""
        self.page.wait_for_load_state("load")
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('[data-chart]')].every((f) =>"
            " f.querySelector('[data-canvas] svg') || !f.querySelector('[data-failed]')?.hidden)"
        )
        # A script or a style that stands may still ask for more: one picture later it has.
        self.page.evaluate(_NEXT_PICTURE)
        for _turn in range(SILENCE_TURNS):
            if not self.under_way:
                break
            self.page.wait_for_timeout(SILENCE_STEP_MS)
        else:
            self._fault(f"never silent: {', '.join(one.url for one in self.under_way)}")
        if self.page.locator("[data-failed]:not([hidden])").count():
            self._fault("a chart failed")

    def inspect(self, *, lang: str = "zh") -> None:
        """Look over the page: width, names, labels, words in the wrong language."""
        for fault in self.page.evaluate(_LOOK_OVER):
            self._fault(fault)
        for text in set(self.page.locator(WORDED).all_inner_texts()):
            for line in filter(None, (part.strip() for part in text.splitlines())):
                if lang == "zh" and _LATIN_WORDS.match(line):
                    self._fault(f"not in Chinese: {line}")
                if lang == "en" and _CHINESE.search(line) and line != "中文":
                    self._fault(f"not in English: {line}")

    def sign_in(self, username: str, password: str) -> None:
        """Go through the form as a person does."""
        self.open("/sign-in/")
        self.page.locator("#id_username").fill(username)
        self.page.locator("#id_password").fill(password)
        self.page.locator("form button.primary").click()
        self.settle()

    def language(self, lang: str) -> None:
        """Use the switch unless the page is in that language already."""
        if self.page.locator("html").get_attribute("lang", timeout=2000) != (
            "en" if lang == "en" else "zh-CN"
        ):
            self.page.locator(".language button").first.click()
            self.settle()

    def shot(self, name: str, *, full: bool = True) -> Path:
        """Save a picture under ``shots``."""
        path = SHOTS / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path, full_page=full)
        return path


#: What the fixture ``look`` returns: a window with the options of :func:`window`.
Opener = Callable[..., AbstractContextManager[Watch]]


def launch(playwright: Playwright) -> Browser:
    """Start the system's Chromium without anything that calls home."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))


@contextmanager
def window(
    browser: Browser, base: str, *, size: str = "desk", dark: bool = False, **options: Any
) -> Iterator[Watch]:
    """Open a window of its own cookies; the caller reads ``faults`` at the end."""
    width, height = WIDTHS[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        has_touch=size == "phone",
        accept_downloads=True,
        **options,
    )
    context.set_default_timeout(60_000)
    try:
        yield Watch(context, context.new_page(), base)
    finally:
        context.close()
