"""The main job end to end, as a person does it: a bad file, the marked cell, the fix, the drill."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from browser.watch import Console, Opener, Watch

HEADINGS = "统一社会信用代码,单位名称,报告期,能源名称,计量单位,购进量,消费量合计,数据来源"


def _signed_in(watch: Watch, console: Console, role: str = "city") -> None:
    account = console.account(role)
    watch.sign_in(account["username"], account["password"])


def _some_enterprise(watch: Watch) -> tuple[str, str]:
    watch.open("/enterprises/")
    link = watch.page.locator("main table tbody a[href^='/enterprises/']").first
    code = (link.get_attribute("href") or "").strip("/").split("/")[-1]
    return code, link.inner_text().strip()


def _bad_file(folder: Path, code: str, name: str) -> Path:
    """Two good rows and one whose amount, cell G4, is no number; a month no form speaks of yet."""
    rows = [
        HEADINGS,
        f'{code},{name},2020-03,电力,万千瓦时,"1,234",1234,计量',
        f"{code},{name},2020-03,汽油,吨,1.5,1.5,填报",
        f"{code},{name},2020-03,柴油,吨,,无法统计,填报",
    ]
    path = folder / "2020年3月能源月报.csv"
    path.write_text("\n".join(rows), encoding="utf-8-sig")
    return path


def test_bad_file_to_committed_and_back(console: Console, look: Opener, tmp_path: Path) -> None:
    with look() as watch:
        page = watch.page
        _signed_in(watch, console)
        path = _bad_file(tmp_path, *_some_enterprise(watch))

        watch.open("/uploads/")
        page.locator(".actions a.primary").click()
        page.locator("input[type=file]").set_input_files(path)
        expect(page.locator("[data-chosen]")).to_contain_text(path.name)
        watch.shot("flow/1-chosen")
        page.locator("main form button.primary").click()
        watch.settle()

        expect(page.locator(".sheet td.error")).to_have_count(1)
        expect(page.locator(".sheet td.error")).to_contain_text("无法统计")
        address = page.locator(".problems li.bad a.cell-link").first
        expect(address).to_have_text("G4")
        address.click()
        expect(page.locator("#cell-G4:target")).to_be_visible()
        watch.inspect()
        watch.shot("flow/2-marked")

        fix = page.locator("form[action$='/fix/']:has(input[name=value])").last
        fix.locator("input[name=cell]").fill("G4")
        fix.locator("input[name=value]").fill("0.8")
        fix.locator("button").click()
        watch.settle()
        expect(page.locator(".sheet td.error")).to_have_count(0)
        watch.shot("flow/3-fixed")

        page.locator("form[action$='/confirm/'] button").click()
        watch.settle()
        undo = page.locator("form[action$='/undo/'] button")
        expect(undo).to_be_visible()
        watch.inspect()
        watch.shot("flow/4-committed")

        undo.click()
        watch.settle()
        expect(undo).to_have_count(0)
        watch.shot("flow/5-undone")
        assert watch.faults == []


def _first_number(text: str) -> str:
    found = re.search(r"\d[\d\u00a0]*\.\d+", text)
    assert found, text
    return found.group()


def test_three_clicks_from_the_city_to_a_cell(console: Console, look: Opener) -> None:
    with look() as watch:
        page = watch.page
        _signed_in(watch, console)
        watch.open("/")
        total = _first_number(page.locator("h1").inner_text())
        watch.shot("drill/1-overview")
        page.locator("h1 a").click()
        watch.settle()
        assert _first_number(page.locator("h1").inner_text()) == total
        watch.shot("drill/2-enterprises")
        page.locator("main table tbody a[href*='org=']").first.click()
        watch.settle()
        watch.shot("drill/3-lines")
        page.locator("main table tbody a[href^='/trace/']").first.click()
        watch.settle()
        expect(page.locator("math").first).to_be_visible()
        watch.inspect()
        watch.shot("drill/4-line")
        cell = page.locator(".input-card a[href^='/uploads/']").first
        address = cell.inner_text().strip()
        cell.click()
        watch.settle()
        marked = page.locator(f"#cell-{address}")
        expect(marked).to_be_visible()
        watch.shot("drill/5-cell")
        assert watch.faults == []


def test_redo_says_equal(console: Console, look: Opener) -> None:
    with look() as watch:
        _signed_in(watch, console)
        watch.open("/trace/2/1/?redo=1")
        expect(watch.page.locator("#redo.good")).to_be_visible()
        assert watch.faults == []


def test_switches_keep_their_choice(console: Console, look: Opener) -> None:
    with look() as watch:
        page, root = watch.page, watch.page.locator("html")
        _signed_in(watch, console)
        watch.open("/targets/?kind=quantified")
        page.locator(".language button").click()
        watch.settle()
        expect(root).to_have_attribute("lang", "en")
        assert "kind=quantified" in page.url
        page.locator(".language button").click()
        watch.settle()
        expect(root).to_have_attribute("lang", "zh-CN")

        theme = page.locator("[data-theme-switch]")
        theme.click()
        expect(root).to_have_attribute("data-theme", "light")
        theme.click()
        expect(root).to_have_attribute("data-theme", "dark")
        page.locator("[data-fold]").click()
        expect(root).to_have_attribute("data-side", "folded")
        watch.open("/")
        expect(root).to_have_attribute("data-theme", "dark")
        expect(root).to_have_attribute("data-side", "folded")
        watch.shot("switches/dark-folded", full=False)
        assert watch.faults == []


def test_slash_searches(console: Console, look: Opener) -> None:
    with look() as watch:
        page = watch.page
        _signed_in(watch, console)
        watch.open("/tasks/")
        page.keyboard.press("/")
        expect(page.locator("[data-search]")).to_be_focused()
        page.keyboard.type("钢铁")
        page.keyboard.press("Enter")
        watch.settle()
        assert page.locator("main a[href^='/']").count() > 3
        watch.inspect()
        watch.shot("search")
        assert watch.faults == []


def test_filter_submits_itself_and_stays_short(console: Console, look: Opener) -> None:
    with look() as watch:
        page = watch.page
        _signed_in(watch, console)
        watch.open("/enterprises/")
        page.locator("select[name=sector]").select_option("steel")
        page.wait_for_url("**sector=steel**")
        watch.settle()
        assert "place=" not in page.url
        assert watch.faults == []


def test_chart_opens_what_is_behind_it(console: Console, look: Opener) -> None:
    with look() as watch:
        page = watch.page
        _signed_in(watch, console)
        watch.open("/")
        page.locator("#by-sector summary").click()
        watch.shot("chart/numbers")
        first = page.locator("#by-sector table a").first
        expected = first.get_attribute("href") or ""
        box = page.locator("#by-sector [data-canvas]").bounding_box()
        assert box
        # A click on the foot of the first column: the first sector of the first year.
        page.mouse.move(box["x"] + box["width"] * 0.16, box["y"] + box["height"] - 30)
        expect(page.locator(".tip")).to_be_visible()
        watch.shot("chart/tooltip", full=False)
        first.click()
        watch.settle()
        assert page.url.endswith(expected)
        assert watch.faults == []


def test_phone_reaches_every_page(console: Console, look: Opener) -> None:
    with look(size="phone") as watch:
        page = watch.page
        _signed_in(watch, console)
        watch.open("/")
        expect(page.locator("nav.side")).to_be_hidden()
        page.locator("nav.bottom summary").click()
        watch.shot("phone-menu", full=False)
        links = page.locator("nav.bottom .sheet-box a")
        everything = page.locator("nav.side a")
        assert links.count() == everything.count()
        links.filter(has=page.locator("[href='/targets/']")).or_(
            page.locator("nav.bottom .sheet-box a[href='/targets/']")
        ).first.click()
        watch.settle()
        assert page.url.endswith("/targets/")
        assert watch.faults == []


def test_wrong_password_and_refusals_are_pages(console: Console, look: Opener) -> None:
    with look() as watch:
        watch.allowed = {403, 404}
        watch.sign_in("nobody", "not the password")
        assert watch.page.url.endswith("/sign-in/")
        expect(watch.page.locator(".notice.bad")).to_be_visible()
        watch.inspect()
        watch.shot("sign-in-refused")
        _signed_in(watch, console, "enterprise")
        for path in ("/enterprises/91359999MADEM0002X/", "/accounts/", "/no-such-page/"):
            response = watch.open(path)
            assert response is not None
            assert response.status in {403, 404}, path
            watch.inspect()
            watch.shot(f"refused/{path.strip('/').replace('/', '-')}")
        assert watch.faults == []


def test_print_shows_numbers_on_white(console: Console, look: Opener, tmp_path: Path) -> None:
    with look(dark=True) as watch:
        _signed_in(watch, console)
        watch.open("/")
        watch.page.pdf(path=tmp_path / "overview.pdf", prefer_css_page_size=True)
        assert (tmp_path / "overview.pdf").stat().st_size > 20_000
        # Afterwards the screen is as it was.
        expect(watch.page.locator("html")).to_have_attribute("data-theme", "dark")
        expect(watch.page.locator("#by-sector [data-canvas] svg")).to_be_visible()
        watch.shot("after-print", full=False)
        assert watch.faults == []
