"""What happens shows without anybody asking for it, and survives servers that go away."""
import re
import time

import pytest
from playwright.sync_api import expect
from scene import Scene

SOON = 1  # s, from the start of a run to the page that shows it
TRIES = 5


def test_a_run_shows_within_a_second(see, scene):
    job = scene.job("watched")
    page = see().page(f"/jobs/{job}")
    expect(page.locator("[data-live-word]")).to_have_text("Live")
    rows = page.locator("tbody tr")
    taken = []
    for number in range(1, TRIES + 1):
        begin = time.monotonic()
        scene.trigger(job)
        expect(rows).to_have_count(number)
        taken.append(time.monotonic() - begin)
        expect(rows.first).to_contain_text("Success")
    # The best of several: a busy machine may hold up any of them, and what does not come by the stream takes 5 s.
    assert min(taken) <= SOON, taken


def test_a_run_page_follows_its_run(see, scene):
    job = scene.job("followed", "held/followed")
    run = scene.ran(job, "RUNNING")
    page = see().page(f"/runs/{run}")
    status = page.locator("dl.facts .state")
    expect(status).to_have_text(re.compile("Running"))
    scene.answers.release("followed")
    expect(status).to_have_text(re.compile("Success"))
    expect(page.locator(".attempt")).to_contain_text("success")


def test_nothing_moves_under_a_hand(see, scene):
    job = scene.job("touched")
    page = see().page(f"/jobs/{job}")
    expect(page.locator("[data-live-word]")).to_have_text("Live")
    scene.ran(job)
    row = page.locator("tbody tr")
    expect(row).to_contain_text("Success")
    row.hover()
    scene.ran(job)
    waiting = page.locator(".waiting button")
    expect(waiting).to_have_text(re.compile("new$"))
    expect(row).to_have_count(1)
    waiting.click()
    expect(row).to_have_count(2)
    # And by itself once the hand has gone.
    row.first.hover()
    scene.ran(job)
    expect(waiting).to_be_visible()
    page.mouse.move(0, 0)
    expect(row).to_have_count(3)


def test_a_region_stays_while_the_sheet_of_keys_is_open(see, scene):
    job = scene.job("beneath")
    scene.ran(job)
    page = see().page(f"/jobs/{job}")
    expect(page.locator("[data-live-word]")).to_have_text("Live")
    link = page.locator("tbody th > a")
    link.focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    scene.ran(job)
    expect(page.locator(".waiting button")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(link).to_be_focused()


def test_a_job_that_somebody_deletes_is_not_called_out_of_reach(see, scene):
    job = scene.job("deleted by somebody else")
    viewer = see()
    viewer.expect_complaints(f"404 GET .*/jobs/{job}|console: error: .* 404 ")
    page = viewer.page(f"/jobs/{job}")
    expect(page.locator("[data-live-word]")).to_have_text("Live")
    scene.ann.call("DELETE", f"/api/v1/jobs/{job}")
    expect(page.locator(".stale")).to_contain_text("there is nothing with this address")


def test_the_switch_stops_and_goes_on(see, scene):
    job = scene.job("switched")
    page = see().page(f"/jobs/{job}")
    word = page.locator("[data-live-word]")
    expect(word).to_have_text("Live")
    page.keyboard.press("l")
    expect(word).to_have_text("Paused")
    scene.ran(job)
    page.reload()
    expect(word).to_have_text("Paused")
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    scene.ran(job)
    page.locator("button[data-live]").click()
    expect(word).to_have_text("Live")
    page.mouse.move(0, 0)
    expect(row).to_have_count(2)


@pytest.mark.parametrize("is_killed", [False, True], ids=["stopped", "killed"])
def test_a_server_that_comes_back(nodes, see, is_killed):
    node = nodes()
    scene = Scene(node)
    job = scene.job("survivor")
    scene.ran(job)
    viewer = see(node=node)
    viewer.expect_complaints("ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE")
    page = viewer.page("/login")
    page.get_by_label("Email").fill(scene.email("admin"))
    page.get_by_label("Password").fill(scene.ann.account["password"])
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"/jobs/{job}")
    page.evaluate("globalThis.isSamePage = true")
    word, row = page.locator("[data-live-word]"), page.locator("tbody tr")
    expect(word).to_have_text("Live")
    expect(row).to_have_count(1)
    node.kill() if is_killed else node.stop()
    expect(word).to_have_text("Reconnecting")
    assert node.start(extra={"CRONPP_HTTP_PORT": str(node.port)}), node.log_tail()
    # While nobody looked: it comes with the stream.
    scene.ran(job)
    expect(word).to_have_text("Live")
    expect(row).to_have_count(2)
    scene.ran(job)
    expect(row).to_have_count(3)
    ids = page.eval_on_selector_all("tbody tr", "all => all.map(one => one.dataset.row)")
    assert len(set(ids)) == 3
    assert page.evaluate("globalThis.isSamePage")
    scene.stop()


def test_eight_tabs(see, scene):
    """A browser has six connections to a host, and a stream takes one as long as it is open."""
    viewer = see()
    tabs = []
    for _ in range(8):
        for tab in tabs:
            hide(tab)
        tabs.append(viewer.page("/jobs"))
        expect(tabs[-1].locator("tbody tr").first).to_be_visible()
        expect(tabs[-1].locator("[data-live-word]")).to_have_text("Live")
    expect(tabs[0].locator("[data-live-word]")).to_have_text("Paused")


def hide(tab):
    """As browsers do with a tab behind another; this one shows all of them."""
    tab.evaluate("""() => {
        Object.defineProperty(document, "hidden", { value: true, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }""")
