"""Everything that can be done with secrets, by people of whom every answer is kept."""
import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import select
import threading
import time
import uuid

import canaries
import wrong
from people import Answer, Person

ENDED = ("SUCCESS", "DEAD", "CANCELLED")
RUN_SECONDS = 60
# Nothing runs by itself: what is triggered is known.
SELDOM = "0 0 1 1 *"
MARK = "********"


class Watched(Person):
    """A person of whom every answer is kept, with the names of the secrets that it shows on purpose."""

    def __init__(self, node, email, password):
        self.node, self.token, self.answers = node, None, []
        self.account = {"email": email, "password": password}

    def ask(self, method, path, body=None, headers=None, shows=()):
        return self.kept(f"{method} {path}", super().ask(method, path, body, headers), shows)

    def ask_raw(self, method, path, body, headers):
        """With exactly these bytes, and signed in unless the headers say how."""
        connection = http.client.HTTPConnection("127.0.0.1", self.node.port, timeout=20)
        connection.request(method, path, body, {
            "content-type": "application/json", "authorization": f"Bearer {self.token}"} | headers)
        response = connection.getresponse()
        answer = Answer(response.status, response.read().decode(), response.headers)
        connection.close()
        return self.kept(f"{method} {path}", answer, ())

    def kept(self, what, answer, shows):
        self.answers.append((what, f"{answer.headers}{answer.text}".encode(), set(shows)))
        return answer

    def call(self, method, path, body=None, shows=()):
        answer = self.ask(method, path, body, shows=shows)
        if answer.status >= 400:
            raise SystemExit(f"{method} {path}: {answer.status} {answer.text}")
        return answer.body


class Scene:
    def __init__(self, node, plain, secure, certificates, chance):
        self.node, self.plain, self.secure, self.certificates, self.chance = node, plain, secure, certificates, chance
        self.canaries, self.markers = canaries.Canaries(), canaries.Canaries()
        self.people, self.events, self.tokens = [], [], 0
        # Of channels: what their receivers must get.
        self.keys = {}
        self.job_marker = self.markers.add("a job's name", canaries.make(chance))
        self.payload_marker = self.markers.add("a payload", canaries.make(chance, "ü"))
        self.field_marker = self.markers.add("a field's name", "no_field_" + uuid.UUID(int=chance.getrandbits(128)).hex)
        self.path_marker = self.markers.add("a secret's name", "name_" + uuid.UUID(int=chance.getrandbits(128)).hex)

    def secret(self, name, more=""):
        return self.canaries.add(name, canaries.make(self.chance, more))

    def key_like(self, name):
        """Of letters and digits, as keys are that stand in URLs."""
        text = "".join(self.chance.choices(canaries.PLAIN, k=40))
        self.keys[name] = text
        return self.canaries.add(name, text)

    def signing_secret(self, name):
        key = self.chance.randbytes(32)
        self.canaries.add(f"{name}, its bytes", key.hex())
        text = base64.b64encode(key).decode()
        return self.canaries.add(name, f"whsec_{text}", [text])

    def asked(self):
        return [one for person in self.people for one in person.answers]

    def play(self):
        self.begin()
        self.watch()
        self.plant()
        self.run_jobs()
        self.change_jobs()
        wrong.try_all(self)
        self.end()

    # People

    def begin(self):
        code = self.canaries.add("setup code", setup_code(self.node))
        self.ann = Watched(self.node, "ann@example.com", self.secret("password", "é"))
        self.adam = Watched(self.node, "adam@example.com", self.secret("an admin's password"))
        self.people = [self.ann, self.adam]
        self.ann.ask("POST", "/api/v1/auth/register", self.ann.account | {"setup_code": code[:-1] + "x"})
        self.ann.call("POST", "/api/v1/auth/register", self.ann.account | {"setup_code": code})
        self.sign_in(self.ann)
        made = self.ann.call(
            "POST", "/api/v1/users", {"email": self.adam.account["email"], "role": "admin"}, {"reset token"})
        token = self.canaries.add("reset token", made["password_reset"]["token"])
        self.adam.call("POST", "/api/v1/auth/password-reset/confirm", {
            "token": token, "new_password": self.adam.account["password"]})
        self.sign_in(self.adam)

    def sign_in(self, person, path="login", body=None):
        self.tokens += 1
        names = [f"access token {self.tokens}", f"refresh token {self.tokens}"]
        session = person.call("POST", f"/api/v1/auth/{path}", body or person.account, names)
        person.token, person.refresh_token = session["access_token"], session["refresh_token"]
        # What a token says is no secret; its signature is what makes it one.
        self.canaries.add(names[0], person.token, [person.token.rpartition(".")[2]])
        self.canaries.add(names[1], person.refresh_token)

    def watch(self):
        """All events, as long as the scene lasts."""
        self.stream = http.client.HTTPConnection("127.0.0.1", self.node.port, timeout=60)
        self.stream.request("GET", "/api/v1/events", headers={"authorization": f"Bearer {self.ann.token}"})
        lines = self.stream.getresponse()

        def read():
            while line := lines.readline():
                self.events.append(line)
        self.watcher = threading.Thread(target=read, daemon=True)
        self.watcher.start()

    # Secrets

    def plant(self):
        ann = self.ann
        self.header, self.body = self.secret("secret in a header"), self.secret("secret in a body", "\n\té\"" * 3)
        self.long = self.canaries.add("long secret", "".join(canaries.make(self.chance) for _ in range(8)))
        old = self.secret("replaced secret")
        for name, value in (("header", old), ("header", self.header), ("body", self.body), ("long", self.long)):
            ann.call("PUT", f"/api/v1/secrets/{name}", {"value": value})
        ann.call("PUT", f"/api/v1/secrets/{self.path_marker}", {"value": self.secret("deleted secret")})
        ann.call("DELETE", f"/api/v1/secrets/{self.path_marker}")
        database = {"driver": "postgres", "host": "127.0.0.1", "port": 9, "database": "shop", "user": "cron"}
        for password in (self.secret("a database's password"), self.secret("its next password")):
            ann.call("PUT", "/api/v1/connections/shop", database | {"password": password})
        ann.call("PUT", "/api/v1/connections/shop", ann.call("GET", "/api/v1/connections/shop"))
        ann.call("POST", "/api/v1/connections/shop/test")
        ann.call("POST", "/api/v1/connections/shop/test", database | {"password": self.secret("a password tried out")})
        self.channels = self.plant_channels()
        made = ann.call("POST", "/api/v1/api-keys", {"name": "ci", "scopes": ["jobs:read"]}, {"API key"})
        self.key = self.canaries.add("API key", made["key"], [made["key"].removeprefix("cpk_")])
        self.first, self.second = self.signing_secret("signing secret"), self.signing_secret("next signing secret")
        self.changed = self.signing_secret("changed signing secret")
        self.client_key = self.certificates.text("client.key")
        # Of the PEM, the number that is the key: 32 bytes after 36 that all such keys have; the public one follows.
        body = "".join(self.client_key.split("\n")[1:-2])
        self.canaries.add("client key", self.client_key, [body[48:64], body[64:90]])
        self.canaries.add("client key, its bytes", base64.b64decode(body)[36:68].hex())
        ann.call("POST", "/api/v1/job-types", {"name": "mailed", "defaults": {
            "action": {"type": "webhook", "headers": {"authorization": "Bearer {{secrets.header}}"}}}})

    def plant_channels(self):
        """The names of channels, one of each type, whose receivers answer with all that they are sent."""
        base, key = self.plain.url + "/503", self.key_like
        sms = {"type": "sms", "account": "AC1", "from": "+14155550100", "recipients": ["+14155550199"], "url": base}
        channels = {
            "slack": {"type": "slack", "url": f"{base}/{key('a Slack URL')}"},
            "discord": {"type": "discord", "url": f"{base}/{key('a Discord URL')}"},
            "teams": {"type": "teams", "url": f"{base}/teams?sig={key('a Teams URL')}"},
            "telegram": {"type": "telegram", "url": base, "token": f"42:{key('a bot token')}", "chat_id": 7},
            "pagerduty": {"type": "pagerduty", "url": base, "routing_key": key("a routing key")},
            "ntfy": {"type": "ntfy", "url": f"{base}/{key('a topic')}", "token": key("a token of ntfy")},
            "webhook": {"type": "webhook", "url": f"{base}/{key('a hook URL')}", "token": key("a hook token"),
                        "signing_secret": self.signing_secret("a channel's signing secret")},
            "twilio": sms | {"gateway": "twilio", "token": key("an auth token")},
            "vonage": sms | {"gateway": "vonage", "token": key("an API secret")},
            "mail": {"type": "email", "host": "127.0.0.1", "port": 9, "from": "ann@example.com", "user": "ann",
                     "password": self.secret("a mail password"), "recipients": ["ann@example.com"]}}
        for name, fields in channels.items():
            self.ann.call("PUT", f"/api/v1/channels/{name}", fields)
            self.ann.call("PUT", f"/api/v1/channels/{name}", self.ann.call("GET", f"/api/v1/channels/{name}"))
            self.ann.call("POST", f"/api/v1/channels/{name}/test")
            self.ann.call("POST", f"/api/v1/channels/{name}/test", fields)
        return sorted(channels)

    def job(self, name, url, **fields):
        """The id of a job that sends a secret in a header, two in its body, and signs both."""
        action = {
            "type": "webhook", "url": url, "signing_secret": self.first,
            "headers": {"authorization": "Bearer {{secrets.header}}"},
            "body": {"token": "{{secrets.body}}", "long": ["{{secrets.long}}"], "payload": "{{payload}}"}}
        action |= fields.pop("action", {})
        return self.ann.call("POST", "/api/v1/jobs", {
            "name": f"{name} {self.job_marker}", "schedule": SELDOM, "payload": {"text": self.payload_marker},
            "max_retries": 1, "base_delay": "10ms", "action": action} | fields)["id"]

    def run_jobs(self):
        ann, plain, text = self.ann, self.plain.url, '{"token": "{{secrets.body}}", "long": "{{secrets.long}}"}'
        json_text = {"authorization": "Bearer {{secrets.header}}", "content-type": "application/json"}
        mutual = {
            "client_certificate": self.certificates.text("client.pem"), "client_key": self.client_key,
            "ca_certificate": self.certificates.text("root.pem")}
        self.jobs = {
            "fails and dies": self.job("dies", plain + "/503"),
            "JSON as text": self.job("text", plain + "/400", action={"body": text, "headers": json_text}),
            "plain text": self.job("plain", plain + "/200", action={"body": "{{secrets.body}} {{secrets.long}}"}),
            "two signatures": self.job("two", plain + "/200", action={
                "signing_secret": None, "signing_secrets": [self.first, self.second]}),
            "in the reason": self.job("reason", plain + "/503/line"),
            "in Location": self.job("location", plain + "/302/line"),
            "cut": self.job("cut", plain + "/503/cut"),
            "mTLS": self.job("mutual", self.secure.url + "/503", action=mutual),
            "nobody there": self.job("nobody", "http://127.0.0.1:9/"),
            "not a header": self.job("split", plain + "/200", action={"headers": {"x-token": "{{secrets.body}}"}}),
            "not TLS": self.job("cleartext", plain.replace("http:", "https:") + "/200", action=mutual),
            "SQL": ann.call("POST", "/api/v1/jobs", {
                "name": "sql", "schedule": SELDOM, "max_retries": 0, "action": {
                    "type": "sql", "connection": "shop", "sql": "SELECT $1", "params": ["{{secrets.body}}"]}})["id"],
            "alert": ann.call("POST", "/api/v1/jobs", {
                "name": "alert", "schedule": SELDOM, "max_retries": 1, "base_delay": "10ms", "action": {
                    "type": "alert", "channels": self.channels, "message": "{{secrets.body}} {{secrets.long}}"}})["id"],
            "by its type": self.job("typed", plain + "/500", type="mailed", action={"headers": {}}),
        }
        self.trigger(self.jobs.values())

    def trigger(self, jobs):
        self.wait([self.ann.call("POST", f"/api/v1/jobs/{job}/trigger")["id"] for job in jobs])

    def wait(self, runs):
        end = time.time() + RUN_SECONDS
        for run in runs:
            while Person.ask(self.ann, "GET", f"/api/v1/runs/{run}").body["status"] not in ENDED:
                if time.time() > end:
                    raise SystemExit(f"run {run} has not ended after {RUN_SECONDS} s")
                time.sleep(0.02)

    def change_jobs(self):
        ann, job = self.ann, self.jobs["fails and dies"]
        path = f"/api/v1/jobs/{job}"
        shown = ann.call("GET", path)
        ann.call("PATCH", path, {"priority": 1, "action": {"signing_secret": MARK}})
        ann.call("PATCH", path, {"action": {"signing_secret": self.changed}})
        ann.call("PUT", path, {"name": shown["name"], "schedule": SELDOM, "action": shown["action"], "tags": ["a"]})
        webhook = {"type": "webhook", "url": self.plain.url + "/200"}
        ann.call("PUT", "/api/v1/jobs/by-name/upserted", {
            "schedule": SELDOM, "action": webhook | {"signing_secret": self.first}})
        ann.call("POST", "/api/v1/jobs/bulk", {"jobs": [
            {"name": "bulk", "schedule": SELDOM, "action": webhook | {"signing_secrets": [self.second]}}]})
        for verb in ("pause", "resume", "cancel"):
            ann.call("POST", f"{path}/{verb}")
        ann.call("PATCH", f"/api/v1/jobs/{self.jobs['mTLS']}", {"action": {"url": self.secure.url + "/200"}})
        dead = {run["job_id"]: run["id"] for run in ann.items("/api/v1/dead-letters")}
        again = dead.pop(self.jobs["mTLS"])
        discarded = dead.pop(self.jobs["not a header"])
        self.wait([ann.call("POST", f"/api/v1/runs/{again}/redrive", {})["id"]])
        ann.call("POST", "/api/v1/dead-letters/redrive", {"ids": list(dead.values())})
        ann.call("POST", "/api/v1/dead-letters/discard", {"ids": [discarded]})
        self.wait([run["id"] for run in ann.items("/api/v1/runs")])
        ann.call("POST", "/api/v1/job-types", {"name": "other", "defaults": {"max_retries": 1}})
        ann.call("DELETE", f"/api/v1/jobs/{self.jobs['plain text']}")

    def end(self):
        """Other tokens and another password; the old ones stay what nobody may see."""
        self.sign_in(self.ann, "refresh", {"refresh_token": self.ann.refresh_token})
        before, self.ann.account = self.ann.account, self.ann.account | {"password": self.secret("changed password")}
        self.ann.call("POST", "/api/v1/me/password", {
            "current_password": before["password"], "new_password": self.ann.account["password"]})

    # What receivers got

    def not_received(self):
        """Where a secret did not come through as it is: then its absence elsewhere would say nothing."""
        plain, problems = self.plain.requests, []
        webhooks = [headers for _, headers, _, _ in plain if "cronpp-attempt" in headers]
        if {headers.get("authorization") for headers in webhooks} - {None} != {f"Bearer {self.header}"}:
            problems.append("the receiver did not get the secret in the header")
        if not any(json.loads(body) == {
                "token": self.body, "long": [self.long], "payload": json.dumps({"text": self.payload_marker},
                ensure_ascii=False, separators=(",", ":"))} for path, _, body, _ in plain if path == "/503"):
            problems.append("the receiver did not get the secrets in the body")
        sent = "\n".join(f"{path} {headers} {body}" for path, headers, body, _ in plain)
        missing = [name for name, key in self.keys.items()
                   if key not in sent and base64.b64encode(f"AC1:{key}".encode()).decode() not in sent]
        if missing:
            problems.append(f"the receiver did not get {', '.join(missing)}")
        signers = {secret for secret in (self.first, self.second, self.changed)
                   for one in plain + self.secure.requests if is_signed(one, secret)}
        if len(signers) != 3:
            problems.append(f"requests were signed by {len(signers)} of 3 secrets")
        names = {str(client and client["subject"]) for _, _, _, client in self.secure.requests}
        if len(self.secure.requests) < 3 or len(names) != 1 or "'client'" not in str(names):
            problems.append(f"the receiver with TLS has {len(self.secure.requests)} requests of {names}")
        return problems


def is_signed(request, secret):
    _, headers, body, _ = request
    text = f"{headers.get('webhook-id')}.{headers.get('webhook-timestamp')}.{body}".encode()
    mac = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), text, hashlib.sha256).digest()
    return "v1," + base64.b64encode(mac).decode() in headers.get("webhook-signature", "").split()


def setup_code(node):
    """As the operator reads it at the start: the one place where a secret is printed."""
    text, end = node.printed.decode(), time.time() + 10
    while not (found := re.search(r'"setup_code":"([0-9a-f]+)"', text)):
        if time.time() > end or not select.select([node.process.stdout], [], [], 1)[0]:
            raise SystemExit("the node has printed no setup code")
        text += os.read(node.process.stdout.fileno(), 4096).decode()
    return found.group(1)
