"""Every kind of user opens every page of the side bar, and nobody's browser complains."""

from __future__ import annotations

import pytest

from browser.watch import ROLES, Console, Opener, Watch


def _pages(watch: Watch) -> list[str]:
    links = watch.page.locator("nav.side a[href]").evaluate_all(
        "links => links.map((link) => link.getAttribute('href'))"
    )
    assert links, "the side bar is empty"
    return list(dict.fromkeys(links))


def _name(path: str) -> str:
    return path.strip("/").replace("/", "-") or "overview"


@pytest.mark.parametrize("role", ROLES)
def test_side_bar(role: str, console: Console, look: Opener) -> None:
    account = console.account(role)
    with look() as watch:
        watch.sign_in(account["username"], account["password"])
        for path in _pages(watch):
            response = watch.open(path)
            assert response is not None
            assert response.ok, (path, response.status)
            watch.inspect()
            watch.shot(f"{role}/{_name(path)}")
        assert watch.faults == []


def _first_links(watch: Watch, paths: list[str]) -> list[str]:
    """Return, for each list, the first record it links to."""
    found = []
    for path in paths:
        watch.open(path)
        row = watch.page.locator("main table tbody a[href^='/']")
        if row.count():
            found.append(row.first.get_attribute("href") or "")
    return [path for path in dict.fromkeys(found) if path]


@pytest.mark.parametrize(
    ("size", "dark", "lang"),
    [
        ("desk", False, "en"),
        ("desk", True, "zh"),
        ("wide", False, "zh"),
        ("phone", False, "zh"),
        ("phone", True, "en"),
    ],
)
def test_every_page_in_every_dress(
    size: str, dark: bool, lang: str, console: Console, look: Opener
) -> None:
    account = console.account("city")
    dress = "-".join((size, "dark" if dark else "light", lang))
    with look(size=size, dark=dark) as watch:
        watch.sign_in(account["username"], account["password"])
        watch.language(lang)
        lists = _pages(watch)
        for path in [*lists, *_first_links(watch, lists)]:
            response = watch.open(path)
            assert response is not None
            assert response.ok, (path, response.status)
            watch.inspect(lang=lang)
            watch.shot(f"{dress}/{_name(path.split('?')[0])}")
        assert watch.faults == []


def test_the_policy_is_really_in_force(console: Console, look: Opener) -> None:
    """A page that breaks the policy would be caught: try one."""
    account = console.account("city")
    with look() as watch:
        watch.sign_in(account["username"], account["password"])
        watch.page.evaluate("document.body.setAttribute('style', 'color:red')")
        watch.page.evaluate(
            "document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>')"
        )
        watch.page.evaluate("new Image().src = 'https://example.invalid/x.png'")
        watch.page.wait_for_timeout(300)
        assert any("Content Security Policy" in fault for fault in watch.faults)
