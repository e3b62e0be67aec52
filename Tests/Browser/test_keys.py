"""What goes without a mouse, and for whoever asks for less motion, other colours or paper."""
import re

import pytest
from playwright.sync_api import expect
from viewing import PHONE


def test_the_sheet_of_keys_gives_the_focus_back(see):
    page = see().page("/jobs")
    link = page.locator("tbody tr th > a").first
    link.focus()
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet).to_be_visible()
    expect(sheet).to_contain_text("Next and previous row")
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    expect(link).to_be_focused()


def test_keys_go_where_they_say(see):
    page = see().page("/jobs")
    rows = page.locator("tbody tr")
    page.keyboard.press("j")
    expect(rows.nth(0).locator("th > a")).to_be_focused()
    page.keyboard.press("j")
    expect(rows.nth(1).locator("th > a")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press(".")
    expect(rows.nth(0).locator(".actions button").first).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/jobs/[0-9a-f-]{36}$"))
    page.keyboard.press("g")
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile("/jobs$"))
    page.keyboard.press("t")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.keyboard.press("/")
    search = page.get_by_role("searchbox", name="Search jobs by name")
    expect(search).to_be_focused()
    # Typed, not obeyed.
    page.keyboard.type("?gjt")
    expect(search).to_have_value("?gjt")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(search).not_to_be_focused()


def test_keys_can_be_switched_off(see):
    page = see().page("/jobs")
    page.keyboard.press("?")
    page.get_by_label("Keys do this").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search jobs by name")).not_to_be_focused()


@pytest.mark.parametrize("path", ["/jobs", "/jobs/{report}", "/runs/{dead}"])
def test_whoever_tabs_sees_where_they_are(see, scene, path):
    """Each stop has a ring, and none lies under the bar or the bottom of a phone."""
    page = see(viewport=PHONE).page(path.format(**scene.ids))
    seen = 0
    for _ in range(60):
        page.keyboard.press("Tab")
        stop = page.evaluate("""() => {
            const active = document.activeElement;
            if (active === document.body) return null;
            const { top, bottom, left, right } = active.getBoundingClientRect();
            const middle = document.elementFromPoint((left + right) / 2, (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2);
            const style = getComputedStyle(active);
            return {
              what: active.outerHTML.slice(0, 120), ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
              isCovered: !(active.contains(middle) || middle?.contains(active) || active.parentElement.contains(middle)),
            };
        }""")
        if stop is None:
            break
        seen += 1
        assert stop["ring"], f"no ring: {stop['what']}"
        assert not stop["isCovered"], f"covered: {stop['what']}"
    assert seen >= 8


def test_less_motion(see, scene):
    page = see(reduced_motion="reduce").page(f"/runs/{scene.ids['running']}")
    expect(page.locator("dl.facts .state")).to_have_text(re.compile("Running"))
    assert page.evaluate("document.getAnimations().length") == 0
    moving = see().page(f"/runs/{scene.ids['running']}")
    assert moving.evaluate("document.getAnimations().length") > 0


@pytest.mark.parametrize("name,path", [("jobs", "/jobs"), ("job", "/jobs/{report}"), ("run", "/runs/{dead}")])
def test_forced_colours_and_paper(see, scene, screenshots, name, path):
    page = see(forced_colors="active").page(path.format(**scene.ids))
    expect(page.locator(".state").first).to_be_visible()
    borders = page.eval_on_selector_all(".state:has(svg)", "all => all.map(one => getComputedStyle(one).borderTopStyle)")
    assert len(borders) == page.locator(".state").count()
    assert set(borders) <= {"solid", "dashed"}
    page.screenshot(path=f"{screenshots}/{name}-forced-colours.png", full_page=True)
    page = see(theme="dark").page(path.format(**scene.ids))
    page.emulate_media(media="print")
    for gone in (".bar", ".side", "main button:visible", ".filter"):
        expect(page.locator(gone).locator("visible=true")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    # Dark ink, whatever the theme: printers leave the ground out.
    ink = page.evaluate("getComputedStyle(document.querySelector('h1')).color.match(/\\d+/g).map(Number)")
    assert max(ink) < 100, ink
    page.screenshot(path=f"{screenshots}/{name}-print.png", full_page=True)
