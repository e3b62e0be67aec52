"""Where a secret could have come to: all that a node has stored, logged or answered, each place with something that is
no secret and must be found there by the same search."""
import glob
import html
import re
import subprocess

import cluster
import pgwire
import tenancy
import webpages

# What an id or a name in a path means, by what stands before it: the list that tells all of them.
LISTS = {
    "jobs": "id", "runs": "id", "users": "id", "api-keys": "id", "job-types": "id", "secrets": "name",
    "connections": "name", "channels": "name", "by-name": "name"}
# One never ends; of the others the attempts show all that they have.
UNREAD = {"streamEvents", "streamRunOutput", "readAttemptTable"}
FEW = 3
INCLUDED = "?include=attempts,events"
# Told by nobody's words, so that known ones must be seen.
KNOWN = {
    "/metrics": 'cronpp_attempts_total{outcome="http_error"}', "/docs": "Set a secret", "/livez": "{",
    "/openapi.json": '"operationId":"putSecret"', "/readyz": '"store"'}


class Search:
    def __init__(self, scene, work, environment):
        self.scene, self.work, self.port = scene, work, database_port(environment)
        self.problems, self.sizes = [], []

    def look_everywhere(self):
        self.look_at_answers()
        self.look_at_pages()
        scene, events = self.scene, b"".join(self.scene.events)
        self.look("events", events, known=scene.jobs["fails and dies"])
        with open(scene.node.log_path, "rb") as file:
            self.look("log at trace", file.read(), "a secret's name")
        if not self.port:
            for path in glob.glob(f"{scene.node.work}/{scene.node.name}-data/cronpp.sqlite*"):
                self.look_at_file(path)
            return
        self.look("pg_dump", self.dump(), "a job's name", "a payload")
        with open(f"{self.work}/postgresql/log", "rb") as file:
            self.look("PostgreSQL's log", file.read(), "a job's name", "a payload")

    def look(self, place, data, *markers, known=None, shows=()):
        """Every canary in the data is a problem, and so is a marker that is not there."""
        self.sizes.append(f"{place} {len(data) / 1e6:.1f} MB")
        self.look_for_secrets(place, data, shows)
        found = {name.partition(" (")[0] for name in self.scene.markers.find(data)}
        self.problems += [f"{place}: the search does not see {one}" for one in markers if one not in found]
        if known and known.encode() not in data:
            self.problems.append(f"{place}: {known} is not there")

    def look_for_secrets(self, place, data, shows=()):
        for name, around in self.scene.canaries.find(data).items():
            if not any(name.startswith(one) for one in shows):
                self.problems.append(f"{place}: {name} in {around}")

    # The API

    def look_at_answers(self):
        scene = self.scene
        document = scene.ann.call("GET", "/openapi.json")
        operations = [
            one for path, methods in document["paths"].items() for method, text in methods.items() if method == "get"
            for one in [tenancy.Operation(document, path, method, text)] if one.id not in UNREAD]
        for person in scene.people:
            self.names = {kind: self.all_names(person, kind, field) for kind, field in LISTS.items()}
            for operation in operations:
                self.read(person, operation)
        seen = set()
        for what, data, shows in scene.asked():
            self.look_for_secrets(what, data, shows)
            seen |= {name.partition(" (")[0] for name in scene.markers.find(data)}
            known = KNOWN.get(what.partition(" ")[2])
            if known and known.encode() not in data:
                self.problems.append(f"{what}: {known} is not there")
        self.problems += [f"answers: the search does not see {one}" for one in scene.markers.texts.keys() - seen]
        for path in ("/api/v1/audit/export", "/api/v1/audit"):
            export = scene.ann.ask("GET", path).text.encode()
            self.look(path, export, "a job's name", "a payload", known='"secret.replace"')

    def look_at_pages(self):
        for person in self.scene.people:
            pages = dict(webpages.read(person))
            for path, text in pages.items():
                self.look_for_secrets(f"page {path}", html.unescape(text).encode())
            shown = "".join(pages.values()).encode()
            known = "a job's name" if person is self.scene.ann else None
            self.look(f"{len(pages)} pages of {person.account['email']}", shown, *filter(None, [known]))

    def all_names(self, person, kind, field):
        path = "jobs" if kind == "by-name" else kind
        names = [one[field] for one in person.items(f"/api/v1/{path}")]
        # What an admin may see depends on the route, not on the thing.
        return names if person is self.scene.ann else names[-FEW:]

    def read(self, person, operation):
        """Of each thing that there is, with all that a query can add."""
        kind = re.search(r"/([^/]+)/\{\w+\}", operation.path)
        names = self.names[kind.group(1)] if kind else [""]
        for name in names:
            path = re.sub(r"\{\w+\}", name, operation.path)
            for query in ["", INCLUDED][:2 if "include" in str(operation.parameters) else 1]:
                answer = person.ask("GET", path + query)
                if answer.status != 200:
                    self.problems.append(f"GET {path}{query}: {answer.status} {answer.text[:200]}")

    # What is stored

    def look_at_file(self, path):
        with open(path, "rb") as file:
            name = path.rpartition("/")[2]
            markers = {"cronpp.sqlite-wal": ["a job's name", "a payload"]}.get(name, [])
            self.look(name, file.read(), *markers)

    def dump(self):
        return subprocess.run(
            [max(glob.glob("/usr/lib/postgresql/*/bin/pg_dump")), "-h", "127.0.0.1", "-p", str(self.port), "-U",
             cluster.USER, cluster.DATABASE], stdout=subprocess.PIPE, check=True).stdout


def database_port(environment):
    """PostgreSQL's, or None for the embedded store."""
    url = environment.get("CRONPP_DATABASE_URL")
    return int(url.rpartition(":")[2].partition("/")[0]) if url else None


def log_statements(environment):
    """Lets PostgreSQL log each statement with its values."""
    if database_port(environment):
        client = pgwire.Client(database_port(environment), cluster.USER, cluster.DATABASE)
        client.query("ALTER SYSTEM SET log_statement = 'all'")
        client.query("SELECT pg_reload_conf()")
        client.close()
