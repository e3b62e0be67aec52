"""What people do in the editor besides saving: they look when it would fire, test what it does, and lose nothing of it."""
import re

from playwright.sync_api import expect
from scene import SELDOM
from test_flow import SCRIPTS

EDITOR = "/jobs/new?preset=webhook"


@SCRIPTS
def test_an_unsaved_action_is_tested(see, scene, script):
    name = f"tested before it is saved, script {script}"
    before = len(scene.ann.items("/api/v1/jobs"))
    page = see(java_script_enabled=script).page(EDITOR)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("URL", exact=True).fill(f"{scene.answers.base}/fails")
    page.get_by_label("Signing secret").fill("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3")
    page.get_by_role("button", name="Test action").click()
    test = page.get_by_role("region", name="Test", exact=True)
    expect(test).to_contain_text("It fails.")
    for part in ("TEST", "HTTP 500", "took", "Look-up of the name", "Wait for the answer"):
        expect(test).to_contain_text(part)
    expect(page.get_by_label("Name", exact=True)).to_have_value(name)
    page.get_by_label("URL", exact=True).fill(f"{scene.answers.base}/ok")
    page.get_by_role("button", name="Test action").click()
    expect(test).to_contain_text("It works.")
    expect(test).to_contain_text(scene.answers.text)
    # A script leaves the page as it is; without one no secret comes back.
    expect(page.get_by_label("Signing secret")).to_have_value(re.compile("^whsec_") if script else "")
    assert scene.ann.call("GET", "/api/v1/audit?order=desc&limit=1")["items"][0]["act"] == "action.test"
    assert len(scene.ann.items("/api/v1/jobs")) == before


@SCRIPTS
def test_private_addresses_are_refused_at_their_field(see, script):
    viewer = see(java_script_enabled=script)
    viewer.expect_complaints(r"422 POST .*/jobs/new|console: error: .* 422 ")
    page = viewer.page(EDITOR)
    page.get_by_label("URL", exact=True).fill("http://10.0.0.1/")
    page.get_by_role("button", name="Test action").click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_role("alert").get_by_role("link", name="URL").click()
    expect(page.get_by_label("URL", exact=True)).to_be_focused()
    expect(page.get_by_label("URL", exact=True)).to_have_value("http://10.0.0.1/")


def test_the_week_is_drawn_and_told(see):
    page = see().page(EDITOR)
    preview = page.get_by_role("region", name="Preview")
    page.get_by_label("Schedule").fill("0 9 * * *")
    expect(preview.get_by_role("img", name="7 firings in the next 7 days, at most 1 a day.")).to_be_visible()
    page.get_by_label("Schedule").fill("* * * * *")
    expect(preview).to_contain_text("10,080 firings in the next 7 days")


def test_what_was_typed_comes_back_after_a_reload(see):
    page = see().page(EDITOR)
    page.get_by_label("Name", exact=True).fill("half written")
    page.get_by_label("Headers").fill("Authorization: Bearer abcdef")
    page.get_by_label("Signing secret").fill("whsec_1")
    page.get_by_label("Schedule").fill("0 4 * * *")
    page.reload()
    kept = page.evaluate("JSON.stringify(sessionStorage)")
    assert "half written" in kept and "abcdef" not in kept and "whsec_1" not in kept
    expect(page.get_by_label("Name", exact=True)).to_have_value("hello")
    page.get_by_role("button", name=re.compile("Restore what you typed . min ago")).click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("half written")
    expect(page.get_by_label("Schedule")).to_have_value("0 4 * * *")
    # What the server shows is what was sent: nothing is offered.
    expect(page.get_by_role("button", name=re.compile("Restore"))).to_have_count(0)
    page.get_by_role("button", name="SQL").click()
    expect(page.get_by_label("SQL", exact=True)).to_be_visible()
    page.get_by_label("SQL", exact=True).fill("SELECT 1")
    page.goto("/jobs/new")
    page.get_by_role("button", name=re.compile("Restore")).click()
    expect(page.get_by_label("SQL", exact=True)).to_have_value("SELECT 1")
    page.get_by_role("link", name="Cancel").click()
    page.goto("/jobs/new")
    expect(page.get_by_label("Name", exact=True)).to_have_value("")
    expect(page.get_by_role("button", name=re.compile("Restore"))).to_have_count(0)


def test_a_session_that_ends_loses_nothing_and_saving_forgets(see, scene):
    viewer = see()
    page = viewer.page(EDITOR)
    page.get_by_label("Name", exact=True).fill("written over lunch")
    page.get_by_label("URL", exact=True).fill(f"{scene.answers.base}/ok")
    page.get_by_label("Schedule").fill(SELDOM)
    # The preview that typing asks for still has its session.
    expect(page.get_by_role("region", name="Preview")).to_contain_text("No firing")
    cookies = [one for one in viewer.context.cookies() if one["name"] == "cronpp_session"]
    viewer.context.clear_cookies(name="cronpp_session")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    viewer.context.add_cookies(cookies)
    page.goto(EDITOR)
    page.get_by_role("button", name=re.compile("Restore")).click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("written over lunch")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("written over lunch")
    page.goto("/jobs/new")
    expect(page.get_by_role("button", name=re.compile("Restore"))).to_have_count(0)
    assert page.evaluate("JSON.stringify(sessionStorage)") == "{}"
