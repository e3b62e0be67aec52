"""The one list of pages. What is not in it and is served, or linked to, fails a test."""
import dataclasses
import re

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@dataclasses.dataclass(frozen=True)
class Page:
    name: str
    # `{name}` stands for an id of the scene.
    path: str
    heading: str
    # Those to whom it looks different: "nobody" is not signed in, "newcomer" has an empty space.
    roles: tuple = ("admin", "viewer")
    status: int = 200
    # A node with a setup code that nobody has used.
    is_first_start: bool = False

    def address(self, ids):
        return re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], self.path)


PAGES = [
    Page("setup", "/setup", "Set up Cron++", ("nobody",), is_first_start=True),
    Page("login", "/login", "Sign in", ("nobody",)),
    Page("login-next", "/login?next=/jobs", "Sign in", ("nobody",)),
    Page("now", "/", "Now"),
    Page("now-table", "/?lane=table", "Now"),
    Page("now-none", "/", "Now", ("newcomer",)),
    Page("cluster", "/cluster", "Cluster"),
    Page("jobs", "/jobs", "Jobs"),
    Page("jobs-filtered", "/jobs?q=o&state=active&sort=next_run_time", "Jobs"),
    Page("jobs-no-match", "/jobs?q=nothing+is+called+so", "Jobs"),
    Page("jobs-none", "/jobs", "Jobs", ("newcomer",)),
    Page("job", "/jobs/{report}", "nightly report"),
    Page("job-hostile", "/jobs/{hostile}", ""),
    Page("job-long", "/jobs/{long}", ""),
    Page("job-paused", "/jobs/{paused}", "weekly statistics"),
    Page("job-disabled", "/jobs/{gone}", "newsletter of a customer who left"),
    Page("job-new", "/jobs/new", "New job", ("admin",)),
    Page("job-new-sql", "/jobs/new?preset=sql", "New job", ("admin",)),
    Page("job-new-alert", "/jobs/new?preset=alert", "New job", ("admin",)),
    Page("job-edit", "/jobs/{report}/edit", "", ("admin",)),
    Page("job-preview", "/jobs/preview?schedule=30+2+*+*+*&timezone=Europe/Berlin", "When would it run?"),
    Page("runs", "/runs", "Runs"),
    Page("runs-of-job", "/runs?job_id={report}", "Runs"),
    Page("runs-no-match", "/runs?status=CANCELLED&tag=nobody", "Runs"),
    Page("calendar", "/calendar", "Calendar"),
    Page("calendar-day", "/calendar?range=24h", "Calendar"),
    Page("calendar-none", "/calendar", "Calendar", ("newcomer",)),
    Page("calendar-no-match", "/calendar?tag=nobody", "Calendar"),
    Page("calendar-slots", "/calendar?at={hour}", ""),
    Page("dead", "/dead", "Dead letters"),
    Page("dead-none", "/dead", "Dead letters", ("newcomer",)),
    Page("run-success", "/runs/{success}", "Run of nightly report"),
    Page("run-running", "/runs/{running}", "Run of import of orders"),
    Page("run-retrying", "/runs/{retrying}", "Run of sync with the warehouse"),
    Page("run-dead", "/runs/{dead}", ""),
    Page("settings", "/settings", "Settings"),
    Page("account", "/settings/account", "Your account"),
    Page("users", "/settings/users", "Users", ("admin",)),
    Page("user", "/settings/users/{colleague}", "bob@example.com", ("admin",)),
    Page("user-new", "/settings/users/new", "Add a user", ("admin",)),
    Page("user-disable", "/settings/users/{colleague}/disable", "Disable bob@example.com?", ("admin",)),
    Page("user-password", "/settings/users/{colleague}/password", "Make a link for bob@example.com?", ("admin",)),
    Page("api-keys", "/settings/api-keys", "API keys", ("admin",)),
    Page("api-keys-none", "/settings/api-keys", "API keys", ("newcomer", "viewer")),
    Page("api-key-new", "/settings/api-keys/new", "New API key"),
    Page("api-key-revoke", "/settings/api-keys/{key}/revoke", "", ("admin",)),
    Page("audit", "/settings/audit", "Audit log", ("admin",)),
    Page("audit-narrowed", "/settings/audit?target={report}", "Audit log", ("admin",)),
    Page("audit-no-match", "/settings/audit?to=2020-01-01", "Audit log", ("admin",)),
    Page("about", "/settings/about", "About this server"),
    Page("secrets", "/settings/secrets", "Secrets"),
    Page("secrets-none", "/settings/secrets", "Secrets", ("newcomer",)),
    Page("secrets-no-match", "/settings/secrets?q=nothing", "Secrets", ("admin",)),
    Page("secret-new", "/settings/secrets/new", "New secret", ("admin",)),
    Page("secret", "/settings/secrets/edit?name=warehouse_token", "Replace warehouse_token", ("admin",)),
    Page("connections", "/settings/connections", "Connections"),
    Page("connections-none", "/settings/connections", "Connections", ("newcomer",)),
    Page("connection-choice", "/settings/connections/new", "New connection", ("admin",)),
    Page("connection-new", "/settings/connections/new?type=postgres", "New PostgreSQL connection", ("admin",)),
    Page("connection-new-sqlite", "/settings/connections/new?type=sqlite", "New SQLite connection", ("admin",)),
    Page("connection", "/settings/connections/edit?name=shop", "Edit shop", ("admin",)),
    Page("channels", "/settings/channels", "Channels"),
    Page("channels-none", "/settings/channels", "Channels", ("newcomer",)),
    Page("channel-choice", "/settings/channels/new", "New channel", ("admin",)),
    Page("channel-new-email", "/settings/channels/new?type=email", "New Email channel", ("admin",)),
    Page("channel-new-sms", "/settings/channels/new?type=sms", "New SMS channel", ("admin",)),
    Page("channel", "/settings/channels/edit?name=on-call", "Edit on-call", ("admin",)),
    Page("job-types", "/settings/job-types", "Job types"),
    Page("job-types-none", "/settings/job-types", "Job types", ("newcomer",)),
    Page("job-type-new", "/settings/job-types/new", "New job type", ("admin",)),
    Page("job-type", "/settings/job-types/{type}", "report"),
    Page("job-type-hostile", "/settings/job-types/{hostile_type}", ""),
    Page("job-type-edit", "/settings/job-types/{type}/edit", "Edit report", ("admin",)),
    Page("problem-absent", "/jobs/00000000-0000-7000-8000-000000000000", "Not found", ("admin",), status=404),
    Page("problem-input", "/jobs?state=sideways", "", ("admin",), status=422),
]

# Served, but no page of the interface: why, each.
OTHERS = {
    "/live": "a stream",
    "/runs/{id}/output": "a stream",
    "/dead/redrive": "leads to the list",
    "/dead/discard": "leads to the list",
    "/settings/audit/export": "a file",
    "/docs": "the API's document, a page by itself",
    "/openapi.json": "the same, for programs",
    "/assets/{digest}/{name}": "a file",
    "/favicon.ico": "a file",
}


def pattern(address):
    """An address without what makes it one of many: as routes are written."""
    path = address.partition("#")[0].partition("?")[0]
    return re.sub(UUID, "{id}", re.sub(r"\{\w+\}", "{id}", path))


PATTERNS = {pattern(page.path) for page in PAGES}
