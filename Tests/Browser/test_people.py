"""Accounts and API keys: made, changed and ended, with script and without."""
import re

import pytest
from people import PASSWORD, Person
from playwright.sync_api import expect
from scene import HOSTILE

SCRIPTS = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
OTHER_PASSWORD = "another horse battery"


def test_somebody_is_added_chooses_a_password_and_is_disabled(see, scene):
    email = "gil@example.com"
    page = see().page("/")
    hears_keys(page)
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.get_by_role("link", name=re.compile("^Users")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Users")
    hears_keys(page)
    page.keyboard.press("n")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Role").select_option("operator")
    page.get_by_role("button", name="Add the user").click()
    link = page.get_by_label("Link for a password").input_value()
    page.get_by_role("link", name="I have it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(email)

    # Somebody else, who has the link alone.
    viewer = see("nobody")
    # Whose password it is, that page is not told.
    viewer.expect_complaints("Password forms should have .* username fields")
    other = viewer.page(link.removeprefix(page.url.split("/settings")[0]))
    other.get_by_label("New password").fill(PASSWORD)
    other.get_by_role("button", name="Set password").click()
    expect(other.get_by_role("status")).to_contain_text("Your password is set")
    sign_in(other, email, PASSWORD)
    other.goto("/settings")
    expect(other.get_by_role("link", name=re.compile("^Users"))).to_have_count(0)

    page.get_by_label("Role").select_option("viewer")
    page.get_by_role("button", name="Change the role").click()
    expect(page.get_by_role("status")).to_contain_text("is viewer now")
    page.get_by_role("link", name="Disable…").click()
    page.get_by_role("button", name=f"Disable {email}").click()
    expect(page.get_by_role("status")).to_contain_text("is disabled")
    other.reload()
    expect(other.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.get_by_role("button", name="Enable").click()
    expect(page.locator("dl.facts")).to_contain_text("Active")


@SCRIPTS
def test_the_last_admin_stays(see, scene, script):
    viewer = see(java_script_enabled=script)
    viewer.expect_complaints("409 POST .*/settings/users/|console: error: .* 409 ")
    page = viewer.page("/settings/users")
    page.get_by_role("link", name=scene.email("admin")).click()
    page.get_by_label("Role").select_option("viewer")
    page.get_by_role("button", name="Change the role").click()
    expect(page.get_by_role("alert")).to_contain_text("this is the last admin of its space")
    expect(page.get_by_label("Role")).to_have_value("viewer")


@SCRIPTS
def test_a_key_is_made_used_and_revoked(see, scene, script):
    name = f"for a program, script {script}"
    viewer = see(java_script_enabled=script)
    viewer.expect_complaints("422 POST .*/api-keys/new|console: error: .* 422 ")
    page = viewer.page("/settings/api-keys")
    page.get_by_role("link", name="New API key").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_role("alert")).to_contain_text("tick at least one thing")
    expect(page.get_by_label("Name", exact=True)).to_have_value(name)
    page.get_by_label("Jobs: see them").check()
    page.get_by_role("button", name="Make the key").click()
    key = page.get_by_label("API key", exact=True).input_value()
    assert key not in page.url
    program = Person(scene.node, f"program-{script}", signs_in=False)
    program.token = key
    assert program.ask("GET", "/api/v1/jobs").status == 200
    page.get_by_role("link", name="I have it").click()
    assert key not in page.content()
    page.get_by_role("row").filter(has_text=name).get_by_role("link", name="Revoke…").click()
    page.get_by_role("button", name=f"Revoke {name}").click()
    expect(page.get_by_role("status")).to_contain_text("is revoked")
    assert program.ask("GET", "/api/v1/jobs").status == 401


@SCRIPTS
def test_a_password_is_changed(see, scene, script):
    email = f"pat-{script}@example.com".lower()
    scene.member(email, "viewer")
    viewer = see("nobody", java_script_enabled=script)
    viewer.expect_complaints("422 POST .*/settings/account|console: error: .* 422 ")
    page = viewer.page()
    sign_in(page, email, PASSWORD)
    page.goto("/settings/account")
    page.get_by_label("Current password").fill("not it, not at all")
    page.get_by_label("New password").fill(OTHER_PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("alert")).to_contain_text("is wrong")
    expect(page.get_by_label("New password")).to_have_value("")
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password").fill(OTHER_PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("status")).to_contain_text("Your password is changed")
    sign_in(see("nobody").page(), email, OTHER_PASSWORD)


def test_the_log_is_narrowed_and_exported(see, scene):
    name = "looked for in the log"
    scene.ann.call("POST", "/api/v1/api-keys", {"name": name, "scopes": ["jobs:operate"]})
    page = see().page("/settings/audit")
    row = page.locator("tbody tr[data-row]").filter(has_text=name)
    row.get_by_role("link", name="All that was done to it").click()
    expect(page.locator("tbody tr[data-row]")).to_have_count(1)
    page.get_by_text("What changed").click()
    expect(page.locator("pre")).to_contain_text('"jobs:operate"')
    page.get_by_role("link", name="Clear").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export all of it").click()
    assert download.value.suggested_filename == "audit.ndjson"
    assert '"act":"account.register"' in open(download.value.path()).readline()


def test_hostile_names_of_users_and_keys_are_text(see, scene):
    page = see().page()
    shown = HOSTILE.replace("\u202e", "\ufffd")
    for path in ("/settings/users", "/settings/users/{colleague}", "/settings/api-keys"):
        page.goto(path.format(**scene.ids))
        expect(page.get_by_text(shown, exact=True).first).to_be_visible()
        expect(page.locator("img, main script")).to_have_count(0)


def sign_in(page, email, password):
    page.goto("/login")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Now")


def hears_keys(page):
    """Until a page's script has run, nothing listens."""
    expect(page.locator("button[data-live=on]")).to_be_visible()
