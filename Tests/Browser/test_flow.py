"""From the first start to a run that is tried again, with script and without."""
import re

import pytest
from people import PASSWORD
from playwright.sync_api import expect
from scene import HOSTILE

SCRIPTS = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


@SCRIPTS
def test_from_the_first_start_to_a_run(nodes, see, script):
    node = nodes(CRONPP_REGISTRATION="first")
    viewer = see(node=node, java_script_enabled=script)
    page = viewer.page("/")
    # Nobody has an account, so there is nothing to sign in with.
    expect(page).to_have_url(re.compile("/setup$"))
    viewer.expect_complaints(r"403 POST .*/setup|console: error: .* 403 ")
    page.get_by_label("Setup code").fill("not what was printed")
    fill(page, "ann@example.com", **{"Your name": "Ann"})
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("Email")).to_have_value("ann@example.com")
    expect(page.get_by_label("Your name")).to_have_value("Ann")
    expect(page.get_by_label("Password")).to_have_value("")
    page.get_by_label("Setup code").fill(setup_code(node))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Now")
    expect(page.get_by_role("heading", name="No jobs yet")).to_be_visible()

    sign_out(page)
    viewer.expect_complaints(r"422 POST .*/login|console: error: .* 422 ")
    fill(page, "ann@example.com", password="not it, not at all")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Email")).to_have_value("ann@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Now")


@SCRIPTS
def test_a_job_is_paused_resumed_and_run(see, scene, script):
    name = f"worked by hand, script {script}"
    job = scene.job(name)
    page = see(java_script_enabled=script).page("/jobs")
    page.get_by_role("searchbox", name="Name", exact=True).fill(name)
    page.get_by_role("button", name="Show").click()
    row = page.get_by_role("row").filter(has_text=name)
    expect(page.locator("tbody tr")).to_have_count(1)
    row.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("Paused")
    expect(page.get_by_role("status")).to_contain_text("is paused")
    row.get_by_role("link", name=name).click()
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("dl.facts")).to_contain_text("Active")
    assert scene.ann.call("GET", f"/api/v1/jobs/{job}")["state"] == "active"
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("status")).to_contain_text("A run was started")
    page.mouse.move(0, 0)
    if not script:
        scene.settled(job)
        page.reload()
    expect(page.locator("tbody tr")).to_contain_text("Success")
    page.locator("tbody tr th > a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Run of {name}")
    expect(page.locator("dl.facts").first).to_contain_text("Success")


@SCRIPTS
def test_undo_of_a_pause(see, scene, script):
    job = scene.job(f"taken back, script {script}")
    page = see(java_script_enabled=script).page(f"/jobs/{job}")
    page.get_by_role("button", name=re.compile("^Pause")).click()
    expect(page.locator("dl.facts")).to_contain_text("Paused")
    # Without a region to swap, the page comes anew and holds the button.
    if not script:
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("dl.facts")).to_contain_text("Active")


@SCRIPTS
def test_a_dead_run_is_tried_again_and_a_running_one_cancelled(see, scene, script):
    job = scene.job(f"dies, script {script}", "fails")
    dead = scene.ran(job, "DEAD")
    held = f"held-{script}"
    scene.ann.call("PATCH", f"/api/v1/jobs/{job}", {"action": scene.action(f"held/{held}")})
    page = see(java_script_enabled=script).page(f"/runs/{dead}")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("status")).to_contain_text("tried again")
    scene.answers.wait_for(held)
    page.reload()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("status")).to_contain_text(re.compile("asked to stop|cancelled"))
    scene.settled(job)
    if not script:
        page.reload()
    page.mouse.move(0, 0)
    expect(page.locator("dl.facts").first).to_contain_text("Cancelled")


@SCRIPTS
def test_a_job_is_deleted(see, scene, script):
    name = f"to be deleted, script {script}"
    job = scene.job(name)
    viewer = see(java_script_enabled=script)
    # The page that is left may hear of it and look.
    viewer.expect_complaints(f"404 GET .*/jobs/{job}|console: error: .* 404 ")
    page = viewer.page(f"/jobs/{job}")
    page.get_by_text("Delete this job…").click()
    page.get_by_role("button", name=f"Delete {name}").click()
    expect(page.get_by_role("status")).to_contain_text("is deleted")
    expect(page.get_by_role("link", name=name)).to_have_count(0)


def test_a_viewer_has_no_buttons(see, scene):
    page = see("viewer").page("/jobs")
    expect(page.locator("tbody tr").first).to_be_visible()
    for path in ("/jobs", f"/jobs/{scene.ids['report']}", f"/runs/{scene.ids['dead']}", f"/runs/{scene.ids['running']}"):
        page.goto(path)
        expect(page.locator("main form[method=post]:not([hidden])")).to_have_count(0)
        # But for what looks: it shows what is new, or less.
        assert page.locator("main button:not(.waiting *, .filter *)").all_inner_texts() == []


def test_hostile_names_are_text(see, scene):
    viewer = see()
    page = viewer.page("/jobs")
    shown = HOSTILE.replace("\u202e", "\ufffd")
    for path in ("/jobs", f"/jobs/{scene.ids['hostile']}", f"/runs/{scene.ids['dead']}"):
        page.goto(path)
        expect(page.get_by_text(shown, exact=True).first).to_be_visible()
        expect(page.locator("img, main script")).to_have_count(0)
    expect(page.get_by_text("<script>alert(1)</script>").first).to_be_visible()
    page.goto("/jobs")
    page.get_by_role("link", name=shown).first.click()
    # The tag leads to those that have it.
    page.locator("a.tag").first.click()
    expect(page.locator("tbody tr")).to_have_count(1)


def fill(page, email, password=PASSWORD, **others):
    for label, value in {"Email": email, "Password": password, **others}.items():
        page.get_by_label(label).fill(value)


def sign_out(page):
    page.get_by_label("Look and account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def setup_code(node):
    node.read_until(b"setup_code")
    return re.search(rb"setup code ([0-9a-f]+)", node.printed)[1].decode()
