"""What is one user's is nobody else's: derived from the document, so that a new operation cannot be forgotten.

Bob asks every operation that takes an id for what is Ann's. He is told that there is nothing, in the very words that he
hears about what does not exist; nothing of hers changes; no list shows any of it.
"""
import json
import re
import time
import uuid

from people import Person

# What an id in a path means, by what stands before it.
PATHS = {"jobs": "job", "runs": "run", "users": "user", "api-keys": "key", "job-types": "type"}
# What an id in the query or in a body means.
NAMES = {"job_id": "job", "ids": "run", "filter.ids": "job", "redrive_of": "run"}
# A path that names one's own thing by a word of one's own choice: Bob's is another one.
BY_NAME = {"upsertJob": "name", "putSecret": "name", "putConnection": "name", "putChannel": "name"}
# By a name that only Ann has given to something there is nothing for Bob.
FOREIGN_NAME = {
    "readSecret", "deleteSecret", "readConnection", "deleteConnection", "testConnection", "readChannel", "deleteChannel",
    "testChannel"}
# With a body these are about what stands in it; without, about what is stored.
BODILESS = {"testConnection", "testChannel"}
# Parts of a path that number what belongs to an id before them.
NUMBERS = {"attempt": "1"}
SECRET = "secret_of_Ann"
# No JSON, or no end.
UNLISTED = {"streamEvents", "streamRunOutput", "exportAudit", "readAttemptTable"}
# Ids in a body that are the client's own choice for something new.
OWN = {("createJob", "id"), ("createJobs", "id"), ("upsertJob", "id"), ("previewSchedule", "id")}
# Lists that are everybody's.
SHARED = {"listNodes"}
DEAD_SECONDS = 30
METHODS = ("get", "put", "post", "patch", "delete")
DATABASE = {"driver": "postgres", "host": "127.0.0.1", "port": 9, "database": "shop", "user": "cron", "password": "canary"}
CHANNEL = {"type": "slack", "url": "http://127.0.0.1:9/canary"}
WEBHOOK = {"type": "webhook", "url": "http://127.0.0.1:9/", "signing_secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"}


def check(node, place):
    """Everything that is wrong, in words."""
    prove_itself()
    ann, bob = Person(node, "ann"), Person(node, "bob")
    document = ann.call("GET", "/openapi.json")
    case = Case(document, ann, bob)
    case.populate()
    before = case.listing()
    # Last those by which Bob makes something of Ann's name his own.
    for operation in sorted(case.operations(), key=lambda one: one.id in BY_NAME):
        case.try_foreign(operation)
    if case.listing() != before:
        case.problems.append("something of Ann's has changed")
    case.try_lists()
    print(f"tenancy over {place}: {len(case.tried)} operations with ids in {case.asked} requests, "
          f"{case.lists} lists, {len(case.problems)} problems")
    return case.problems


def prove_itself():
    """Operations with ids of which nothing is known here must be found."""
    new = {"operationId": "new", "security": [{}], "responses": {}}
    uuids = {"type": "string", "format": "uuid"}
    body = {"anyOf": [{"type": "null"}, {"properties": {"thing_ids": {"type": "array", "items": uuids}}}]}
    planted = {
        "path": ("/api/v1/things/{id}", new | {"parameters": [{"name": "id", "in": "path", "schema": uuids}]}),
        "query": ("/api/v1/things", new | {"parameters": [{"name": "thing_id", "in": "query", "schema": uuids}]}),
        "body": ("/api/v1/things", new | {"requestBody": {"content": {"application/json": {"schema": body}}}}),
    }
    for name, (path, text) in planted.items():
        case = Case({"paths": {path: {"post": text}}}, None, None)
        case.ids = {"job": "", "run": ""}
        for operation in case.operations():
            case.require_known(operation)
        if len(case.problems) != 1:
            raise SystemExit(f"tenancy does not see a new operation with an id in its {name}: {case.problems}")


def own_things(person, name):
    """Ids of a job and its dead letter. Nothing runs by itself, so that any change is somebody's doing."""
    job = person.call("POST", "/api/v1/jobs", {
        "name": name, "schedule": "0 0 1 1 *", "max_retries": 0, "tags": ["tenancy"], "action": WEBHOOK})
    run = person.call("POST", f"/api/v1/jobs/{job['id']}/trigger")
    end = time.time() + DEAD_SECONDS
    while person.call("GET", f"/api/v1/runs/{run['id']}")["status"] != "DEAD":
        if time.time() > end:
            raise SystemExit(f"{name}: the run is not dead after {DEAD_SECONDS} s")
        time.sleep(0.02)
    return {"job": job["id"], "run": run["id"]}


def settings(person, name):
    """Ids of an account, an API key and a job type of the person's space; a secret and settings of that name."""
    person.call("PUT", f"/api/v1/secrets/{name}", {"value": "canary"})
    person.call("PUT", f"/api/v1/connections/{name}", DATABASE)
    person.call("PUT", f"/api/v1/channels/{name}", CHANNEL)
    made = {
        "user": ("users", {"email": f"{uuid.uuid4()}@example.com", "role": "viewer"}),
        "key": ("api-keys", {"name": "ci", "scopes": ["jobs:read"]}),
        "type": ("job-types", {"name": f"type {name}", "defaults": {"max_retries": 1}}),
    }
    return {kind: person.call("POST", f"/api/v1/{path}", body)["id"] for kind, (path, body) in made.items()}


class Operation:
    def __init__(self, document, path, method, text):
        self.path, self.method, self.id = path, method.upper(), text["operationId"]
        self.parameters = text.get("parameters", [])
        content = text.get("requestBody", {}).get("content", {})
        media = next(iter(content.values()), {})
        self.schema, self.example = media.get("schema"), media.get("example")
        self.type = next(iter(content), "application/json")
        self.is_open = not text["security"]
        answers = text["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
        self.is_list = "next_cursor" in answers.get("properties", {})
        self.ids = sorted(find_ids(document, self.schema, set())) if self.schema else []

    def named(self, place):
        return [one["name"] for one in self.parameters if one["in"] == place and is_id(one["schema"])]


def is_id(schema):
    return schema.get("format") == "uuid" or is_id_list(schema)


def is_id_list(schema):
    return schema.get("items", {}).get("format") == "uuid"


def find_ids(document, schema, seen):
    """The members of a body, at any depth, that hold ids of things that exist: a name, or names with dots between."""
    if not isinstance(schema, dict):
        return
    reference = schema.get("$ref")
    if reference and reference not in seen:
        target = document
        for word in reference[2:].split("/"):
            target = target[word]
        yield from find_ids(document, target, seen | {reference})
    for name, member in schema.get("properties", {}).items():
        if is_id(member) and not member.get("readOnly"):
            yield name
        # What lies in an array is one of many of its kind, and named by itself.
        inside = "" if "array" in member.get("type", []) else name + "."
        yield from (inside + one for one in find_ids(document, member, seen))
    for keyword in ("anyOf", "oneOf", "allOf"):
        for choice in schema.get(keyword, []):
            yield from find_ids(document, choice, seen)
    yield from find_ids(document, schema.get("items"), seen)


class Case:
    def __init__(self, document, ann, bob):
        self.document, self.ann, self.bob = document, ann, bob
        self.problems, self.tried, self.asked, self.lists = [], set(), 0, 0
        self.ids = {}

    def operations(self):
        for path, methods in self.document["paths"].items():
            for method, text in methods.items():
                if method in METHODS:
                    yield Operation(self.document, path, method, text)

    # Ann's things

    def populate(self):
        self.ids = own_things(self.ann, "secret of Ann") | settings(self.ann, SECRET)
        # So that Bob's lists are not empty for want of anything.
        own_things(self.bob, "Bob's own")
        settings(self.bob, "of_Bob")

    def listing(self):
        """All that Ann can see of her things."""
        return {
            operation.id: [
                self.ann.call("GET", self.filled(operation, self.ids) + query)
                for query in ["", "?include=attempts,events"][:2 if "include" in str(operation.parameters) else 1]]
            for operation in self.operations()
            if operation.method == "GET" and not operation.is_open and operation.id not in SHARED | UNLISTED}

    # Bob's attempts

    def try_foreign(self, operation):
        in_path, in_query = operation.named("path"), operation.named("query")
        others = set(re.findall(r"\{(\w+)\}", operation.path)) - {"id"} - NUMBERS.keys()
        if others and operation.id not in BY_NAME.keys() | FOREIGN_NAME:
            self.problems.append(f"{operation.id}: it is not known here what is meant by a part of {operation.path}")
        self.require_known(operation)
        if in_path:
            self.expect_nothing(operation, "path")
        for name in in_query:
            self.expect_nothing(operation, "query", name)
        for name in operation.ids:
            if (operation.id, name) not in OWN and NAMES.get(name):
                self.expect_nothing(operation, "body", name)
        if operation.id in FOREIGN_NAME:
            self.expect_nothing(operation, "path")
        if operation.id in BY_NAME:
            self.expect_own(operation)

    def require_known(self, operation):
        """An id of which nobody has said what it is of fails, so that a new operation is not passed over."""
        if operation.named("path") and self.kind(operation) not in self.ids:
            self.problems.append(f"{operation.id}: there is nothing of Ann's for {operation.path}; add it to tenancy.py")
        for name in operation.named("query") + operation.ids:
            if (operation.id, name) not in OWN and NAMES.get(name) not in self.ids:
                self.problems.append(f"{operation.id}: there is nothing of Ann's for \"{name}\"; add it to tenancy.py")

    def kind(self, operation):
        before = re.search(r"/([^/]+)/\{id\}", operation.path)
        return PATHS.get(before.group(1)) if before else None

    def filled(self, operation, ids):
        path = operation.path.replace("{id}", str(ids.get(self.kind(operation))))
        for name, number in NUMBERS.items():
            path = path.replace(f"{{{name}}}", number)
        return re.sub(r"\{\w+\}", "secret%20of%20Ann" if "/by-name/" in path else SECRET, path)

    def request(self, operation, place, name, ids):
        """One request with ids of these kinds in that place."""
        path, body = self.filled(operation, ids), None if operation.id in BODILESS else operation.example
        if place == "query":
            path += f"?{name}={ids[NAMES[name]]}"
        if place == "body":
            one = ids[NAMES[name]]
            *outer, last = name.split(".")
            body = {last: [one] if last == "ids" else one}
            for word in reversed(outer):
                body = {word: body}
        if operation.method in ("PUT", "PATCH") and "{id}" in operation.path:
            body = {"name": "taken over"} | body
        self.asked += 1
        return self.bob.ask(operation.method, path, body, {"content-type": operation.type} if body else None)

    def expect_nothing(self, operation, place, name=None):
        self.tried.add(operation.id)
        foreign = self.request(operation, place, name, self.ids)
        absent = self.request(operation, place, name, {kind: str(uuid.uuid4()) for kind in self.ids})
        what = f"{operation.method} {operation.path} with Ann's id in {name or place}"
        if self.told(foreign, self.ids) != self.told(absent, {}):
            self.problems.append(f"{what} is answered otherwise than with an id that does not exist: "
                                 f"{foreign.status} {foreign.text[:200]}, {absent.status} {absent.text[:200]}")
        if not self.is_nothing(foreign):
            self.problems.append(f"{what}: {foreign.status} {foreign.text[:200]}")

    def is_nothing(self, answer):
        """404, an empty list, or a result of 404 for each."""
        if answer.status == 404:
            return True
        body = answer.body or {}
        if answer.status == 200 and "results" in body:
            return all(one["status"] == 404 for one in body["results"])
        return answer.status == 200 and (body.get("items") == [] or body.get("count") == 0)

    def told(self, answer, ids):
        """An answer without what differs from request to request."""
        text = re.sub(r'"request_id":"[^"]*"', "", answer.text)
        return answer.status, re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)

    def expect_own(self, operation):
        """Under Ann's name Bob makes or finds a thing of his own."""
        self.tried.add(operation.id)
        answer = self.request(operation, "path", BY_NAME[operation.id], self.ids)
        if answer.status not in (200, 201) or answer.body["id"] in self.ids.values():
            self.problems.append(f"{operation.id} by Ann's name: {answer.status} {answer.text[:200]}")

    # Lists

    def try_lists(self):
        hers = set(self.ids.values()) | {self.ann.call("GET", "/api/v1/me")["id"]}
        for operation in self.operations():
            if not operation.is_list or operation.id in SHARED or "{" in operation.path:
                continue
            self.lists += 1
            # What Bob asked to be done with many runs is kept in his own words, Ann's ids among them.
            text = json.dumps([
                one for one in self.bob.items(operation.path)
                if not str(one.get("act")).startswith("dead_letters.")])
            for one in hers:
                if one in text:
                    self.problems.append(f"{operation.id} shows Bob what is Ann's")
            if not self.ann.items(operation.path):
                self.problems.append(f"{operation.id}: Ann's list is empty, so Bob's proves nothing; add to tenancy.py")
