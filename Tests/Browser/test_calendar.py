"""The calendar: from how often jobs fire to what fires, with script and without."""
import re

import pytest
from playwright.sync_api import expect

SCRIPTS = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


@SCRIPTS
def test_a_number_leads_to_its_jobs(see, scene, script):
    tag = f"calendar{int(script)}"
    scene.job(f"every five minutes, script {script}", schedule="*/5 * * * *", tags=[tag])
    nightly = scene.job(f"at night, script {script}", schedule="30 4 * * *", timezone="Europe/Berlin", tags=[tag])
    page = see(java_script_enabled=script).page("/calendar")
    page.get_by_label("Tag").fill(tag)
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".region > p").first).to_contain_text("2 active jobs fire")
    expect(page.locator(".region > p").first).to_contain_text("Europe/Berlin")
    page.locator("tbody tr").nth(2).locator("td[data-label='04:00']").get_by_role("link", name="13").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("04:00 to 05:00")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(13)
    night = rows.filter(has_text="at night")
    expect(night).to_have_count(1)
    expect(night).to_contain_text("04:30:00")
    night.get_by_role("link").click()
    expect(page).to_have_url(re.compile(f"/jobs/{nightly}$"))
    page.go_back()
    page.get_by_role("link", name="Calendar").last.click()
    expect(page.get_by_label("Tag")).to_have_value(tag)
    page.get_by_role("link", name="Next 24 hours").click()
    expect(page.get_by_role("columnheader", name=":45")).to_be_visible()
    page.get_by_role("link", name="Clear").click()
    expect(page).to_have_url(re.compile("range=24h$"))


def test_keys_go_there_and_from_day_to_day(see):
    page = see().page("/jobs")
    page.keyboard.press("g")
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile("/calendar$"))
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("tbody tr:focus-within")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile(r"^\w{3} \d+ \w{3}, "))


def test_the_zone_moves_the_hours(see, scene):
    scene.job("at noon in Berlin", schedule="0 12 * * *", timezone="Europe/Berlin", tags=["noon"])
    page = see().page("/calendar?tag=noon")
    day = page.locator("tbody tr").nth(3)
    noon = day.locator("td[data-label='12:00']")
    expect(noon).to_have_text("1")
    page.get_by_label("Look and account").click()
    page.get_by_role("button", name="UTC").click()
    # Berlin is one hour ahead of UTC, or two.
    expect(noon).to_have_count(0)
    expect(page.locator(".region > p").first).to_contain_text("UTC")


def test_a_new_job_is_counted_at_once(see, scene):
    scene.job("there before", schedule="0 * * * *", tags=["grows"])
    page = see().page("/calendar?tag=grows")
    expect(page.locator("[data-live-word]")).to_have_text("Live")
    summary = page.locator(".region > p").first
    expect(summary).to_contain_text("1 active job fires")
    scene.job("comes while somebody looks", schedule="0 * * * *", tags=["grows"])
    expect(summary).to_contain_text("2 active jobs fire")


def test_on_a_phone_it_is_a_list_of_hours(see, scene):
    scene.job("for phones", schedule="0 6,18 * * *", timezone="Europe/Berlin", tags=["phone"])
    page = see(viewport={"width": 390, "height": 844}).page("/calendar?tag=phone")
    shown = page.locator("tbody tr").nth(2).locator("td:visible")
    expect(shown).to_have_count(2)
    expect(page.locator("thead")).to_be_hidden()
    assert [shown.nth(index).get_attribute("data-label") for index in range(2)] == ["06:00", "18:00"]
