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


def _first_link(watch: Watch) -> str:
    """Return the first record the list that stands open links to, empty when there is none."""
    row = watch.page.locator("main table tbody a[href^='/']")
    return row.first.get_attribute("href") or "" if row.count() else ""


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
        to_see = _pages(watch)
        lists = len(to_see)
        # The walk goes on to the records the lists begin with.
        for number, path in enumerate(to_see):
            response = watch.open(path)
            assert response is not None
            assert response.ok, (path, response.status)
            watch.inspect(lang=lang)
            watch.shot(f"{dress}/{_name(path.split('?')[0])}")
            first = _first_link(watch) if number < lists else ""
            if first and first not in to_see:
                to_see.append(first)
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
