"""What schemathesis must be told besides the document: who asks, and what texts are right where no pattern can say it."""
import json
import os
import time
import urllib.request

import schemathesis
from hypothesis import strategies

# Refresh tokens instead of signing in: the attempts that schemathesis makes at signing in are throttled by address.
REFRESH_SECONDS = 600
SECRET_MARK = "********"

SCHEDULES = [
    "0 3 * * *", "*/5 * * * *", "0 0 9 * * MON-FRI", "@hourly", "@every 90s", "in 30m", "PT30M", "2099-02-01 10:00:00",
    "TZ=Asia/Kolkata 30 6 L * *"]
# What means another moment in each time zone.
ZONED = ["0 3 * * *", "*/5 * * * *", "0 0 9 * * MON-FRI", "@hourly", "2099-02-01 10:00:00", "0 0 3 ? * *"]
TEXTS = {
    "schedule": SCHEDULES,
    "timezone": ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"],
    # Inside the limits of every field.
    "duration": ["1s", "2s", "PT5S", "1500ms", "PT1.5S", "10S", "1s500ms"],
    "webhook-url": ["https://example.com/hook", "http://example.com:8080/a?b=c", "HTTPS://[2606:2800::1]/"],
    "rate": ["1/1s", "100/1m", "1000000/24h", "5/PT1M"],
    "statuses": ["200", "200-299", "201-204"],
    "signing-secret": ["whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"],
}
# Their limits have no keyword in JSON Schema.
DURATIONS = {
    "jitter", "expires_after", "timeout", "misfire_after", "catchup_window", "base_delay", "max_delay", "max_elapsed",
    "delays", "start_within", "finish_by", "max_silence", "connect_timeout", "read_timeout", "statement_timeout", "lock_timeout"}
SQL_ONLY = {
    "connection", "sql", "params", "expect_rows", "statements", "statement_timeout", "lock_timeout", "max_rows", "ledger",
    "transaction"}
ALERT_ONLY = {
    "channel", "channels", "title", "message", "html", "severity", "recipients", "attach", "problem", "resolve"}
# There is one of this name in each space that is asked about.
CONNECTION = "shop"
CHANNEL = "ops"
# What each type needs. Nobody is there who could get a message.
CHANNELS = {
    "email": {"host": "mail.invalid", "from": "ops@example.com"},
    "sms": {"gateway": "twilio", "account": "AC1", "token": "t", "from": "+14155550100", "url": "http://sms.invalid/"},
    "slack": {"url": "http://slack.invalid/a"},
    "discord": {"url": "http://discord.invalid/a"},
    "teams": {"url": "http://teams.invalid/a"},
    "telegram": {"url": "http://telegram.invalid/", "token": "42:a", "chat_id": 7},
    "pagerduty": {"url": "http://pagerduty.invalid/", "routing_key": "r"},
    "ntfy": {"url": "http://ntfy.invalid/a"},
    "webhook": {"url": "http://hook.invalid/a"},
}
DATABASE = {"driver": "postgres", "host": "db.example.com", "database": "shop", "user": "cronpp"}
for name, texts in TEXTS.items():
    schemathesis.openapi.format(f"cronpp-{name}", strategies.sampled_from(texts))
schemathesis.openapi.format("cronpp-email", strategies.uuids().map(lambda one: f"{one}@example.com"))


@schemathesis.auth(refresh_interval=REFRESH_SECONDS)
class Session:
    refresh_token = os.environ["CRONPP_REFRESH_TOKEN"]

    def get(self, case, context):
        request = urllib.request.Request(
            os.environ["CRONPP_URL"] + "/api/v1/auth/refresh", json.dumps({"refresh_token": Session.refresh_token}).encode(),
            {"content-type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            session = json.load(answer)
        Session.refresh_token = session["refresh_token"]
        return session["access_token"]

    def set(self, case, token, context):
        case.headers["Authorization"] = f"Bearer {token}"


@schemathesis.hook
def before_call(context, case, **_):
    """Makes right what is right by the document but not by what no schema can say. Wrong requests stay as they are."""
    keep_named(case)
    keep_quiet(case)
    if case.meta and case.meta.generation.mode.is_negative:
        return
    for job in jobs(case.body):
        if case.operation.definition.raw.get("operationId") == "patchJob" and isinstance(job.get("action"), dict):
            complete(job["action"])
        mend(job)
    keep_quiet(case)
    mend_account(case)
    mend_connection(case)
    mend_channel(case)
    mend_list(case)
    if "{name}" in case.operation.path and isinstance(case.body, dict):
        # It may only repeat the path's.
        case.body.pop("name", None)


def complete(action):
    """A patch may make another action of what is stored, which nobody knows here: it has all that its type needs."""
    action.setdefault(
        "type", "sql" if SQL_ONLY & action.keys() else "alert" if ALERT_ONLY & action.keys() else "webhook")
    if action["type"] == "sql":
        action.setdefault("connection", CONNECTION)
    elif action["type"] == "alert":
        action.setdefault("channel", CHANNEL)
        action.setdefault("message", "hello")
    elif action["type"] == "webhook":
        action.setdefault("url", TEXTS["webhook-url"][0])


def keep_named(case):
    """What the jobs of others name is not deleted, by a request that is wrong elsewhere no more than by a right one."""
    named = {"deleteConnection": CONNECTION, "deleteChannel": CHANNEL}
    name = named.get(case.operation.definition.raw.get("operationId"))
    if name and (case.path_parameters or {}).get("name") == name:
        case.path_parameters["name"] = "another"


def keep_quiet(case):
    """What is tested is called: nobody who is there, not even by a request that is wrong elsewhere."""
    if case.operation.definition.raw.get("operationId") != "testAction" or not isinstance(case.body, dict):
        return
    action = case.body.get("action")
    if isinstance(action, dict) and action.get("url") in TEXTS["webhook-url"]:
        action["url"] = CHANNELS["webhook"]["url"]
    if not case.meta or not case.meta.generation.mode.is_negative:
        # Whose it is, no schema knows.
        case.body.pop("job_id", None)


def mend_connection(case):
    """Which fields a driver needs, and what hosts and PEM are like, no schema says."""
    what = case.operation.definition.raw.get("operationId")
    if what == "putConnection" or (what == "testConnection" and case.body and isinstance(case.body, dict)):
        case.body |= DATABASE
        for name in ("file", "ca_certificate"):
            case.body.pop(name, None)


def mend_channel(case):
    """Which fields a type has and needs, and what is right in them, no schema says."""
    what = case.operation.definition.raw.get("operationId")
    if what == "putChannel" or (what == "testChannel" and case.body and isinstance(case.body, dict)):
        case.body = {"type": case.body["type"]} | CHANNELS[case.body["type"]]


def mend_list(case):
    # A cursor goes on with the list that answered it; what it says of its order, no pattern can.
    if case.operation.definition.raw.get("operationId") == "listJobs" and case.query:
        case.query.pop("cursor", None)


def jobs(body):
    if not isinstance(body, dict):
        return []
    inner = [one for one in body.get("jobs") or [] if isinstance(one, dict)]
    # What a job type gives is a part of a job.
    return [body] + inner + ([body["defaults"]] if isinstance(body.get("defaults"), dict) else [])


def mend_account(case):
    body, what = case.body, case.operation.definition.raw.get("operationId")
    if not isinstance(body, dict):
        return
    if what == "changePassword":
        # What the present one is, no schema knows; a changed one would be unknown to the next request.
        body["current_password"] = body["new_password"] = os.environ["CRONPP_PASSWORD"]
    if what == "createAPIKey" and body.get("expires_at") is not None:
        body["expires_at"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86_400))
    if what == "patchUser" and (case.path_parameters or {}).get("id") == os.environ["CRONPP_USER_ID"]:
        # Who asks goes on asking.
        case.body = {}


def mend(job):
    # Where there are lengths, their bounds are tried with texts that are of the pattern but not of the format.
    if job.get("timezone") is not None and job["timezone"] not in TEXTS["timezone"]:
        job["timezone"] = "UTC"
    # Each once, and only where a schedule means another moment in each.
    if job.get("timezones") is not None:
        job["timezones"] = [zone for zone in TEXTS["timezone"] if zone in job["timezones"]] or ["UTC"]
    # Both together: a patch of one of them is judged with the other as it is stored.
    if "schedule" in job or "dialect" in job:
        job["dialect"] = job.get("dialect") or "cronpp"
        if job["dialect"] == "quartz":
            job["schedule"] = "0 0 3 ? * *"
        elif job.get("schedule") not in SCHEDULES:
            job["schedule"] = SCHEDULES[0]
    if job.get("timezones") is not None and job.get("schedule") not in ZONED:
        job["timezones"] = None
    alerts = job.get("alerts")
    if isinstance(alerts, dict):
        # One that there is, and something to tell.
        alerts |= {"channels": [CHANNEL], "on": alerts.get("on") or ["dead"]}
    for one in (job, job.get("retry"), job.get("action"), alerts):
        if isinstance(one, dict):
            mend_durations(one)
    if job.get("rate_limit") is not None and job["rate_limit"] not in TEXTS["rate"]:
        job["rate_limit"] = TEXTS["rate"][0]
    retry = job.get("retry")
    if isinstance(retry, dict) and retry.get("strategy") == "list" and not retry.get("delays"):
        retry["delays"] = ["2s"]
    # JSON Schema compares no members: the job's window must hold a time of its schedule.
    for name, instant in {"start_at": "2020-01-01T00:00:00Z", "end_at": "2190-01-01T00:00:00+01:00"}.items():
        if job.get(name) is not None:
            job[name] = instant
    action = job.get("action")
    if isinstance(action, dict):
        mend_action(action)


def mend_action(action):
    if action.get("type") == "sql":
        mend_sql(action)
    if action.get("type") == "alert":
        # One or the other, and one that there is.
        action |= {"channel": CHANNEL, "channels": None}
        mend_attachment(action)
    if "url" in action and action["url"] not in TEXTS["webhook-url"]:
        action["url"] = TEXTS["webhook-url"][0]
    if action.get("success_statuses") is not None:
        # A range must not end before it begins.
        action["success_statuses"] = in_order(action["success_statuses"])
    # Whether there is something stored for the mark to stand for, no schema knows.
    for name in ("signing_secret", "signing_secrets", "client_key"):
        if action.get(name) == SECRET_MARK:
            del action[name]
    # One or the other; and what PEM says, no pattern can.
    given = [name for name in ("signing_secret", "signing_secrets") if action.get(name) is not None]
    if given:
        action |= {"signing_secret": None, "signing_secrets": None, given[-1]: action[given[-1]]}
    for name in ("client_certificate", "client_key", "ca_certificate"):
        action.pop(name, None)


def mend_sql(action):
    if "connection" in action:
        action["connection"] = CONNECTION
    # One or the other, whatever is stored.
    if action.get("statements") is not None:
        action |= {"sql": None, "params": None, "expect_rows": None}
    elif "connection" in action:
        action |= {"sql": action.get("sql") or "SELECT 1", "statements": None}
    for statement in [action] + (action.get("statements") or []):
        if statement.get("sql") is not None:
            statement["sql"] = "SELECT 1"
        # No template, and a range that does not end before it begins.
        if statement.get("params") is not None:
            statement["params"] = [1]
        if statement.get("expect_rows") is not None:
            statement["expect_rows"] = "1-10"
    if action.get("transaction") is False:
        action["ledger"] = None


def mend_attachment(action):
    attach = action.get("attach")
    if not isinstance(attach, dict):
        return
    # Of a name's templates no pattern can say which values there are.
    if attach.get("name") is not None:
        attach["name"] = "a.csv"
    # One or the other, whatever is stored.
    query = {"connection": CONNECTION, "sql": "SELECT 1", "params": None, "expect_rows": None, "skip_empty": None}
    if attach.get("csv") is None and query.keys() & {name for name, value in attach.items() if value is not None}:
        for name, value in (("params", [1]), ("expect_rows", "1-10"), ("skip_empty", attach.get("skip_empty"))):
            query[name] = value if attach.get(name) is not None else None
        attach |= query | {"csv": None}
    else:
        attach |= {name: None for name in query} | {"csv": attach.get("csv") or "a"}


def in_order(statuses):
    if isinstance(statuses, list):
        return [in_order(one) for one in statuses]
    return "-".join(sorted(statuses.split("-"))) if isinstance(statuses, str) else statuses


def mend_durations(members):
    for name, value in members.items():
        if name in DURATIONS and value is not None and value not in TEXTS["duration"]:
            members[name] = ["2s"] if isinstance(value, list) else "2s"
