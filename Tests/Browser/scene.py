"""What stands on the pages that are looked at: people of every kind, jobs and runs in every state, names that want to be markup."""
import datetime
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../Harness"), os.path.join(HERE, "../API")]
from answers import Answers  # noqa: E402
from people import PASSWORD, Person  # noqa: E402
from waits import until  # noqa: E402

# Nothing runs by itself: what is started is known.
SELDOM = "0 0 1 1 *"
HOSTILE = "\"><img src=x onerror=alert(1)>'`{{name}}\u202egpj.exe"
LONG = "the job whose name nobody wanted to shorten " + "x" * 120


class Scene:
    """On a node with open registration: ann is an admin, vic a viewer of her space, and eve has an empty space of her own."""

    def __init__(self, node):
        self.node, self.answers = node, Answers()
        # What ids in addresses of pages stand for.
        self.ids = {}
        self.people = {"admin": Person(node, "ann"), "viewer": None, "newcomer": Person(node, "eve")}
        self.ann = self.people["admin"]
        self.people["viewer"] = self.member("vic@example.com", "viewer")

    def stop(self):
        self.answers.stop()

    def member(self, email, role):
        made = self.ann.call("POST", "/api/v1/users", {"email": email, "role": role})
        self.ann.call("POST", "/api/v1/auth/password-reset/confirm", {
            "token": made["password_reset"]["token"], "new_password": PASSWORD})
        return email

    def email(self, role):
        person = self.people[role]
        return person if isinstance(person, str) else person.account["email"]

    def fill_settings(self):
        ids = self.ids
        ids["colleague"] = self.ann.call(
            "POST", "/api/v1/users", {"email": "bob@example.com", "role": "operator", "name": HOSTILE})["id"]
        gone = self.ann.call("POST", "/api/v1/users", {"email": f"left-{'x' * 40}@example.com", "role": "editor"})["id"]
        self.ann.call("PATCH", f"/api/v1/users/{gone}", {"disabled": True})
        for name, more in [(HOSTILE, {}), ("nightly export", {"expires_at": "2030-01-01T00:00:00Z"})]:
            ids["key"] = self.ann.call(
                "POST", "/api/v1/api-keys", {"name": name, "scopes": ["jobs:operate", "settings:read"]} | more)["id"]

    # Jobs

    def job(self, name, path="ok", **fields):
        return self.ann.call("POST", "/api/v1/jobs", {
            "name": name, "schedule": SELDOM, "max_retries": 0, "timeout": "1h", "action": self.action(path)} | fields)["id"]

    def action(self, path):
        return {"type": "webhook", "url": f"{self.answers.base}/{path}", "timeout": "10m"}

    def trigger(self, job):
        return self.ann.call("POST", f"/api/v1/jobs/{job}/trigger")["id"]

    def status(self, run):
        return self.ann.call("GET", f"/api/v1/runs/{run}")["status"]

    def settled(self, job):
        """Until nothing of a job is under way."""
        live = f"/api/v1/runs?job_id={job}&status=PENDING,QUEUED,RUNNING,RETRYING"
        until(lambda: not self.ann.call("GET", live)["items"], f"all runs of {job} ended")

    def ran(self, job, status="SUCCESS"):
        """A run that has come to a status."""
        run = self.trigger(job)
        until(lambda: self.status(run) == status, f"{status} of a run of {job}")
        return run

    def settings(self):
        """What jobs use."""
        for name in ("warehouse_token", "mail_password", "signing-key-of-the-shop-of-a-customer-with-a-long-name"):
            self.ann.call("PUT", f"/api/v1/secrets/{name}", {"value": "canary-value"})
        self.ann.call("PUT", "/api/v1/secrets/mail_password", {"value": "canary-value-2"})
        self.ann.call("PUT", "/api/v1/connections/shop", {
            "driver": "postgres", "host": "127.0.0.1", "port": 1, "database": "shop", "user": "cronpp",
            "password": "canary-value", "tls": "disable"})
        hook = {"type": "webhook", "url": f"{self.answers.base}/ok"}
        self.ann.call("PUT", "/api/v1/channels/operations", hook | {"token": "canary-value"})
        self.ann.call("PUT", "/api/v1/channels/on-call", {
            "type": "email", "host": "mail.example.com", "user": "cronpp", "password": "canary-value",
            "from": "Cron++ <cron@example.com>", "recipients": ["ann@example.com", "bob@example.com"]})
        for key, name in (("type", "report"), ("hostile_type", HOSTILE)):
            self.ids[key] = self.ann.call("POST", "/api/v1/job-types", {
                "name": name, "about": f"For customers who read {name}", "defaults": {
                    "max_retries": 5, "timeout": "10m", "retry": {"strategy": "fixed"}, "priority": 10}})["id"]

    def fill(self):
        self.settings()
        ids = self.ids
        ids["report"] = self.job(
            "nightly report", schedule="30 2 * * *", timezone="Europe/Berlin", tags=["finance", "nightly"])
        ids["success"] = self.ran(ids["report"])
        ids["hostile"] = self.job(HOSTILE, "fails", tags=[HOSTILE, "<b>bold</b>"])
        self.answers.text = f"<script>alert(1)</script>{HOSTILE}\x1b[31mred\x1b[0m\n" + "long" * 100
        ids["dead"] = self.ran(ids["hostile"], "DEAD")
        ids["gone"] = self.job("newsletter of a customer who left", "gone", tags=["mail"])
        self.ran(ids["gone"], "DEAD")
        ids["waiting"] = self.job("sync with the warehouse", "fails", max_retries=5, base_delay="1h", tags=["stock"])
        ids["retrying"] = self.ran(ids["waiting"], "RETRYING")
        self.answers.text = "ok"
        ids["held"] = self.job("import of orders", "held/scene", tags=["stock", "orders"])
        ids["running"] = self.ran(ids["held"], "RUNNING")
        self.answers.wait_for("scene")
        ids["queued"] = self.job("one at a time", "held/scene", overlap="queue(5)")
        self.ran(ids["queued"], "RUNNING")
        self.trigger(ids["queued"])
        ids["cancelled"] = self.job("invoices", "held/scene", schedule="0 6 1 * *", tags=["finance"])
        ids["stopped"] = self.ran(ids["cancelled"], "RUNNING")
        self.ann.call("POST", f"/api/v1/runs/{ids['stopped']}/cancel")
        ids["paused"] = self.job("weekly statistics", schedule="0 7 * * MON")
        self.ann.call("POST", f"/api/v1/jobs/{ids['paused']}/pause")
        ids["finished"] = self.job("reminder", schedule="in 1ms")
        until(lambda: self.ann.call("GET", f"/api/v1/jobs/{ids['finished']}")["state"] == "finished", "a finished job")
        ids["long"] = self.job(LONG, schedule="*/5 8-18 * * MON-FRI", tags=[f"tag{number}" for number in range(12)])
        self.fill_settings()
        ids["fresh"] = self.job("has not run yet", schedule="15 4 * * *", timezone="Australia/Lord_Howe")
        # An hour of the calendar in which something fires.
        ids["hour"] = self.hour_of(ids["report"])
        return self

    def hour_of(self, job):
        at = datetime.datetime.fromisoformat(self.ann.call("GET", f"/api/v1/jobs/{job}")["next_run_time"])
        return at.replace(minute=0, second=0, microsecond=0).strftime("%Y-%m-%dT%H:%M:%SZ")
