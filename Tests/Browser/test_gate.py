"""What a browser may not do, and what it is not asked to."""
import json
import re

import pytest
from people import PASSWORD
from playwright.sync_api import expect
from viewing import Viewer

# Bytes and requests: of a first visit, and of what all pages share.
MOST_VISIT, MOST_REQUESTS, MOST_CSS, MOST_SCRIPT = 140 * 1024, 8, 24 * 1024, 40 * 1024


def test_a_first_visit_is_small_and_asks_nobody_else(chromium, scene, sessions, tmp_path):
    archive = tmp_path / "visit.har"
    viewer = Viewer(chromium, scene.node, sessions("admin"), record_har_path=archive, record_har_content="embed")
    # Of a job of which nothing is heard meanwhile.
    page = viewer.page(f"/jobs/{scene.ids['report']}")
    expect(page.locator("[data-live-word]")).to_have_text("Live")
    viewer.close()
    assert viewer.complaints == []
    entries = json.loads(archive.read_text())["log"]["entries"]
    assert {entry["request"]["url"].split("/")[2] for entry in entries} == {f"127.0.0.1:{scene.node.port}"}
    sizes = {entry["request"]["url"].removeprefix(viewer.url): entry["response"]["content"]["size"] for entry in entries}
    print(sizes)
    assert len(entries) == len(sizes), "asked twice"
    assert len(entries) <= MOST_REQUESTS, sorted(sizes)
    assert sum(sizes.values()) <= MOST_VISIT
    assert 0 < sum(size for path, size in sizes.items() if path.endswith(".css")) <= MOST_CSS
    assert 0 < sum(size for path, size in sizes.items() if path.endswith(".js")) <= MOST_SCRIPT


def test_a_second_visit_asks_for_the_page_alone(see):
    viewer = see()
    page = viewer.page("/jobs")
    expect(page.locator("[data-live-word]")).to_have_text("Live")
    asked = []
    network = viewer.context.new_cdp_session(page)
    network.send("Network.enable")
    network.on("Network.responseReceived", lambda event: asked.append(event))
    kept = set()
    network.on("Network.requestServedFromCache", lambda event: kept.add(event["requestId"]))
    page.goto("/jobs?q=o")
    expect(page.locator("[data-live-word]")).to_have_text("Live")
    paths = {event["response"]["url"].removeprefix(viewer.url) for event in asked
             if event["requestId"] not in kept and not event["response"]["fromDiskCache"]}
    # The mark is fetched beside the page, when it pleases the browser: perhaps for the first visit only now.
    found = {re.sub(r"^/live\?after=.*", "/live", path) for path in paths if not path.endswith("/mark.svg")}
    assert found == {"/jobs?q=o", "/live"}


@pytest.mark.parametrize("role", ["admin", "viewer"])
def test_forms_of_others_do_nothing(see, scene, role):
    """A page of another site sends the form, cookie and all: its name differs, so it is another site to the browser."""
    job = scene.job(f"aimed at, {role}")
    viewer = see(role)
    viewer.expect_complaints("403")
    page = viewer.page()
    elsewhere = viewer.url.replace("127.0.0.1", "localhost")
    page.route("**/trap", lambda route: route.fulfill(
        content_type="text/html", body=f'<!doctype html><form method=post action="{viewer.url}/jobs/{job}/pause"><button>x</button></form>'))
    page.goto(f"{elsewhere}/trap")
    with page.expect_navigation() as navigation:
        page.get_by_role("button").click()
    assert navigation.value.status == 403
    # From a page of ours, but not of this session.
    page.goto("/jobs")
    answer = page.evaluate("""async path => {
        const answer = await fetch(path, { method: "POST", body: new URLSearchParams({ _csrf: "made up" }) });
        return answer.status;
    }""", f"/jobs/{job}/pause")
    assert answer == 403
    answer = page.evaluate("async path => (await fetch(path, { method: 'POST' })).status", f"/jobs/{job}/pause")
    assert answer == 403
    assert scene.ann.call("GET", f"/api/v1/jobs/{job}")["state"] == "active"


def test_a_viewer_who_replays_a_form_is_refused(see, scene):
    job = scene.job("replayed")
    viewer = see("viewer")
    viewer.expect_complaints("403")
    page = viewer.page("/jobs")
    token = page.locator("input[name=_csrf]").first.input_value()
    for what in ("pause", "run", "delete"):
        status = page.evaluate("""async ([path, token]) => {
            const answer = await fetch(path, { method: "POST", body: new URLSearchParams({ _csrf: token }) });
            return answer.status;
        }""", [f"/jobs/{job}/{what}", token])
        assert status == 403
    assert scene.ann.call("GET", f"/api/v1/jobs/{job}")["state"] == "active"


def test_a_session_that_ends_keeps_what_was_typed(see, scene):
    scene.job("clicked too late")
    viewer = see()
    page = viewer.page("/jobs?q=clicked+too+late")
    expect(page.locator("tbody tr")).to_have_count(1)
    name = page.get_by_role("searchbox", name="Name", exact=True)
    name.fill("typed for a long time")
    viewer.context.clear_cookies(name="cronpp_session")
    viewer.expect_complaints("401")
    page.get_by_role("button", name="Run now").click()
    status = page.get_by_role("status")
    expect(status).to_contain_text("You are signed out")
    expect(name).to_have_value("typed for a long time")
    # The way back is to the page that one was on.
    page.get_by_role("link", name="Sign in again").click()
    page.get_by_label("Email").fill(scene.email("admin"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(r"/jobs\?q=clicked\+too\+late$"))


def test_without_script_a_session_that_ends_comes_back_to_its_page(see, scene):
    scene.job("clicked too late, too")
    viewer = see(java_script_enabled=False)
    page = viewer.page("/jobs?q=clicked+too+late%2C+too")
    viewer.context.clear_cookies(name="cronpp_session")
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.get_by_label("Email").fill(scene.email("admin"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(r"/jobs\?q=clicked\+too\+late"))


def test_the_policy_holds(see):
    """Script that a page should not have would not run, were it there."""
    viewer = see()
    viewer.expect_complaints("(?i)content security policy|TrustedHTML|TrustedScript")
    page = viewer.page("/jobs")
    refused = page.evaluate("""() => {
        const tried = [];
        const attempt = (name, act) => { try { act(); tried.push(name); } catch {} };
        attempt("innerHTML", () => (document.createElement("p").innerHTML = "<b>x</b>"));
        attempt("policy", () => trustedTypes.createPolicy("another", { createHTML: text => text }));
        attempt("parser", () => new DOMParser().parseFromString("<b>x</b>", "text/html"));
        const script = document.createElement("script");
        script.append("globalThis.ran = true");
        document.body.append(script);
        return { tried, ran: globalThis.ran === true };
    }""")
    assert refused == {"tried": [], "ran": False}
