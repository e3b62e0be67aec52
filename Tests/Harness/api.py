"""The REST API as tests use it: every answer is one of happened, did not happen, nobody knows. Standard library only."""
import http.client
import json
import random
import socket
import time

EMAIL, PASSWORD = "test@example.com", "correct horse battery"
TIMEOUT = 10
LIVE = ("PENDING", "QUEUED", "RUNNING", "RETRYING")


class NotDone(Exception):
    """The request did not take effect."""


class Unknown(Exception):
    """The request may or may not have taken effect, now or later."""


class Answer:
    def __init__(self, status, text, headers):
        self.status, self.headers = status, headers
        self.body = json.loads(text) if text else None


class API:
    """Speaks to any of the nodes, to the first that answers."""

    def __init__(self, *nodes, email=EMAIL):
        self.nodes, self.token, self.email = list(nodes), None, email
        self.defects = []

    def ask_node(self, node, method, path, body=None, headers=None, timeout=TIMEOUT):
        if node.port is None or not node.is_alive():
            raise NotDone(f"{node.name} is not running")
        connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=timeout)
        try:
            try:
                connection.connect()
            except OSError as error:
                raise NotDone(f"{node.name}: {error}") from None
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            fields = {"content-type": "application/json"} | (headers or {})
            if self.token:
                fields["authorization"] = f"Bearer {self.token}"
            connection.request(method, path, json.dumps(body) if body is not None else None, fields)
            response = connection.getresponse()
            answer = Answer(response.status, response.read(), response.headers)
        except (OSError, http.client.HTTPException) as error:
            raise Unknown(f"{node.name} {method} {path}: {error!r}") from None
        finally:
            connection.close()
        if answer.status >= 500:
            if answer.status != 503:
                self.defects.append(f"{method} {path}: {answer.status} {answer.body}")
                raise Unknown(f"{answer.status}")
            if answer.headers.get("cronpp-outcome") == "unknown":
                raise Unknown("the store's answer was lost")
            raise NotDone("503")
        return answer

    def ask(self, method, path, body=None, headers=None, timeout=TIMEOUT):
        """The answer of the first node that did not turn the request away."""
        last = NotDone("no node")
        for node in random.sample(self.nodes, len(self.nodes)):
            try:
                answer = self.ask_node(node, method, "/api/v1" + path, body, headers, timeout)
            except NotDone as error:
                last = error
                continue
            if answer.status == 401 and self.token and path != "/auth/login":
                self.login()
                continue
            return answer
        raise last

    def insist(self, method, path, body=None, headers=None, limit=60):
        """For what may be repeated: again until a node answers."""
        end = time.time() + limit
        while True:
            try:
                return self.ask(method, path, body, headers)
            except (NotDone, Unknown) as error:
                if time.time() > end:
                    raise SystemExit(f"no answer within {limit} s: {method} {path}: {error}") from None
                time.sleep(0.1)

    def call(self, method, path, body=None):
        answer = self.insist(method, path, body)
        if answer.status >= 400:
            raise SystemExit(f"{method} {path}: {answer.status} {answer.body}")
        return answer.body

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, body=None):
        return self.call("POST", path, body if body is not None else {})

    def register(self):
        self.post("/auth/register", {"email": self.email, "password": PASSWORD})
        self.login()

    def login(self):
        self.token = None
        self.token = self.post("/auth/login", {"email": self.email, "password": PASSWORD})["access_token"]

    def signed_in(self):
        self.login()
        return self

    def pages(self, path):
        """All items of a list."""
        cursor = ""
        while True:
            page = self.get(path + cursor)
            yield from page["items"]
            if not page["next_cursor"]:
                return
            cursor = f"&cursor={page['next_cursor']}"

    def runs(self, query=""):
        return list(self.pages(f"/runs?include=attempts&limit=1000{query}"))

    def live_runs(self):
        # In one question: between several a run may move from one that is to come to one that has been asked.
        return self.get(f"/runs?status={','.join(LIVE)}&limit=10")["items"]

    def wait_until_ended(self, limit=60):
        """Seconds until no run is live, or None."""
        begin = time.time()
        while self.live_runs():
            if time.time() - begin > limit:
                return None
            time.sleep(0.1)
        return time.time() - begin
