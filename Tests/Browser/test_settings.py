"""What jobs use is made, tried out, changed and deleted, with script and without; what is secret is never seen again."""
import pytest
from playwright.sync_api import expect

SCRIPTS = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
CANARY = "canary-of-a-secret-4711"


@SCRIPTS
def test_a_secret_is_set_replaced_and_deleted(see, scene, script):
    name = f"token_{script}"
    viewer = see(java_script_enabled=script)
    page = viewer.page("/settings/secrets")
    page.get_by_role("link", name="New secret").click()
    viewer.expect_complaints(r"4\d\d POST .*/secrets/new|console: error: .* 4\d\d ")
    page.get_by_label("Name", exact=True).fill("not a name")
    page.get_by_label("Value", exact=True).fill(CANARY)
    page.get_by_role("button", name="Set").click()
    alert = page.get_by_role("alert")
    expect(alert).to_be_focused()
    alert.get_by_role("link", name="Name").click()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    expect(page.get_by_label("Name", exact=True)).to_have_value("not a name")
    expect(page.get_by_label("Value", exact=True)).to_have_value("")
    assert CANARY not in page.content()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Value", exact=True).fill(CANARY)
    page.get_by_role("button", name="Set").click()
    expect(page.get_by_role("status")).to_contain_text(f"{name} is set.")
    row = page.get_by_role("row").filter(has_text=name)
    row.get_by_role("link", name="Replace").click()
    page.get_by_label("or several lines").fill(f"{CANARY}\n{CANARY}\n")
    page.get_by_role("button", name="Replace").click()
    expect(page.get_by_role("status")).to_contain_text(f"{name} is replaced.")
    assert scene.ann.call("GET", f"/api/v1/secrets/{name}")["version"] == 2
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_text("Delete this secret…").click()
    page.get_by_role("button", name=f"Delete {name}").click()
    expect(page.get_by_role("status")).to_contain_text(f"{name} is deleted.")
    expect(page.get_by_role("link", name=name)).to_have_count(0)


@SCRIPTS
def test_a_channel_is_tried_out_before_it_is_saved(see, scene, script):
    name = f"hook_{script}"
    page = see(java_script_enabled=script).page("/settings/channels")
    page.get_by_role("link", name="New channel").click()
    page.get_by_role("link", name="Webhook Any URL").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("URL", exact=True).fill(f"{scene.answers.base}/gone")
    page.get_by_role("button", name="Test").click()
    result = page.get_by_role("status").filter(has_text="It does not work.")
    expect(result).to_contain_text("410")
    expect(result).to_be_focused()
    expect(page.get_by_label("Name", exact=True)).to_have_value(name)
    page.get_by_label("URL", exact=True).fill(f"{scene.answers.base}/ok")
    page.get_by_label("Token", exact=True).fill(CANARY)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-status]")).to_contain_text(f"{name} is saved.")
    page.get_by_role("button", name=f"Test {name}").click()
    expect(page.get_by_role("status").filter(has_text="It works.")).to_contain_text("a message was accepted")
    # What is left empty stays.
    expect(page.get_by_label("Token", exact=True)).to_have_value("")
    page.get_by_role("button", name="Save").click()
    shown = scene.ann.call("GET", f"/api/v1/channels/{name}")
    assert shown["version"] == 2 and shown["token"] == shown["url"] == "********"
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_text("Delete this channel…").click()
    page.get_by_role("button", name=f"Delete {name}").click()
    expect(page.locator("[data-status]")).to_contain_text(f"{name} is deleted.")


@SCRIPTS
def test_a_connection_says_what_is_wrong(see, scene, script):
    viewer = see(java_script_enabled=script)
    page = viewer.page("/settings/connections")
    page.get_by_role("button", name="Test shop").click()
    expect(page.get_by_role("status").filter(has_text="It does not work.")).to_be_visible()
    expect(page.get_by_label("Database", exact=True)).to_have_value("shop")
    viewer.expect_complaints(r"422 POST .*/connections/edit|console: error: .* 422 ")
    # Its password was given for another place.
    page.get_by_label("Host", exact=True).fill("127.0.0.2")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Password is kept only for where this led before")
    expect(page.get_by_label("Host", exact=True)).to_have_value("127.0.0.2")
    assert scene.ann.call("GET", "/api/v1/connections/shop")["host"] == "127.0.0.1"


@SCRIPTS
def test_a_job_type_is_changed_with_its_jobs(see, scene, script):
    name = f"type, script {script}"
    page = see(java_script_enabled=script).page("/settings/job-types")
    page.get_by_role("link", name="New job type").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Retries", exact=True).fill("2")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    jobs = [
        scene.ann.call("POST", "/api/v1/jobs", {
            "name": f"{number} of {name}", "type": name, "schedule": "0 0 1 1 *", "action": scene.action("ok")})["id"]
        for number in range(12)]
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Retries", exact=True).fill("7")
    page.get_by_role("button", name="Save").click()
    seen = page.get_by_role("status").filter(has_text="12 jobs would change with it")
    expect(seen).to_be_focused()
    expect(seen.get_by_role("listitem")).to_have_count(11)
    assert scene.ann.call("GET", f"/api/v1/jobs/{jobs[0]}")["max_retries"] == 2
    page.get_by_role("button", name="Save, and change 12 jobs").click()
    expect(page.locator("[data-status]")).to_contain_text("12 jobs have changed with it.")
    assert {scene.ann.call("GET", f"/api/v1/jobs/{job}")["max_retries"] for job in jobs} == {7}
    page.get_by_text("Delete this job type…").click()
    button = page.get_by_role("button", name=f"Delete {name}")
    expect(button).to_be_visible()
    for job in jobs:
        scene.ann.call("DELETE", f"/api/v1/jobs/{job}")
    button.click()
    expect(page.locator("[data-status]")).to_contain_text("is deleted.")
