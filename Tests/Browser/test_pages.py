"""Every page as everybody sees it: in both themes, at four widths, without a complaint of the browser or of axe."""
import os
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages import OTHERS, PAGES, PATTERNS, pattern
from playwright.sync_api import expect
from scene import HERE
from viewing import DESK, PHONE

# The last but one is where tables of a list have just room.
WIDTHS = (320, 390, 768, 1220, 1280)
THEMES = ("light", "dark")
# Bytes, of any page.
MOST_HTML = 70 * 1024
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types cronpp")
HEADERS = {
    "content-security-policy": POLICY, "x-content-type-options": "nosniff", "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin", "cache-control": "no-store",
}
AXE = Axe()
LOOKS = [(page, role, theme) for page in PAGES for role in page.roles for theme in THEMES]


@pytest.mark.parametrize("page,role,theme", LOOKS, ids=lambda value: getattr(value, "name", value))
def test_page(see, scene, first_start, screenshots, page, role, theme):
    viewer = see(role, first_start if page.is_first_start else None, theme=theme)
    if page.status != 200:
        viewer.expect_complaints(rf"status: {page.status} GET|console: error: .* {page.status} ")
    tab = viewer.page()
    answer = tab.goto(page.address(scene.ids))
    assert answer.status == page.status
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert len(answer.body()) <= MOST_HTML
    expect(tab.locator("html")).to_have_attribute("data-theme", theme)
    expect(tab.get_by_role("heading", level=1)).to_have_count(1)
    if page.heading:
        expect(tab.get_by_role("heading", level=1)).to_have_text(page.heading)
    if role != "nobody":
        expect(tab.locator("[data-live-word]")).to_have_text("Live")
    links = tab.eval_on_selector_all("a[href], form[action]", "all => all.map(one => one.href ?? one.action)")
    unknown = {link for link in links if link.startswith(viewer.url) and not is_known(link.removeprefix(viewer.url))}
    assert not unknown - form_targets(tab, viewer), "add them to pages.py"
    if role != "viewer":
        for look, size in (("desk", DESK), ("phone", PHONE)):
            tab.set_viewport_size(size)
            # As tall as the page: what keeps to the bottom of a screen would else lie across its middle.
            height = tab.evaluate("document.documentElement.scrollHeight")
            tab.set_viewport_size(size | {"height": height})
            tab.screenshot(path=f"{screenshots}/{page.name}-{look}-{theme}.png")
    for width in WIDTHS:
        tab.set_viewport_size({"width": width, "height": 800})
        assert tab.evaluate("document.documentElement.scrollWidth") == width, f"scrolls sideways at {width} px"
    assert viewer.hosts() == {viewer.url.removeprefix("http://")}
    wanted = (320, 1280) if role != "viewer" else (1280,)
    for width in wanted:
        tab.set_viewport_size({"width": width, "height": 800})
        found = AXE.run(tab, options=RULES)
        assert not found.response["violations"], f"at {width} px: {found.generate_report()}"


def is_known(link):
    return pattern(link) in PATTERNS or pattern(link) in OTHERS


def form_targets(tab, viewer):
    """Where forms are sent is no page."""
    return set(tab.eval_on_selector_all("form[method=post]", "all => all.map(one => one.action)"))


def test_every_route_is_in_the_list():
    folder = os.path.join(HERE, "../../Sources/CronHTTP/Web")
    texts = [open(os.path.join(path, name)).read() for path, _, names in os.walk(folder) for name in names]
    served = set(re.findall(r'(?:WebRoute\(|\.file\()\.get, "([^"]+)"', "".join(texts)))
    assert "/jobs/{id}" in served
    assert served - PATTERNS - set(OTHERS) == set(), "add them to pages.py"
    assert PATTERNS - served == set(), "not served any more"
