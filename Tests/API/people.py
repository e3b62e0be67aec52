"""Users of one node, each with a token. Standard library only."""
import http.client
import json

PASSWORD = "correct horse battery"


class Answer:
    def __init__(self, status, text, headers):
        self.status, self.text, self.headers = status, text, headers

    @property
    def body(self):
        return json.loads(self.text) if self.text else None


class Person:
    """Registered, and signed in unless told otherwise."""

    def __init__(self, node, name, signs_in=True):
        self.node, self.token = node, None
        self.account = {"email": f"{name}@example.com", "password": PASSWORD}
        self.call("POST", "/api/v1/auth/register", self.account)
        if signs_in:
            self.sign_in()

    def sign_in(self):
        session = self.call("POST", "/api/v1/auth/login", self.account)
        self.token, self.refresh_token = session["access_token"], session["refresh_token"]

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.node.port, timeout=20)
        fields = {"content-type": "application/json"} | (headers or {})
        if self.token:
            fields["authorization"] = f"Bearer {self.token}"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), fields)
            response = connection.getresponse()
            return Answer(response.status, response.read().decode(), response.headers)
        finally:
            connection.close()

    def call(self, method, path, body=None):
        answer = self.ask(method, path, body)
        if answer.status >= 400:
            raise SystemExit(f"{method} {path}: {answer.status} {answer.text}")
        return answer.body

    def items(self, path):
        """All pages of a list."""
        items, cursor = [], ""
        while True:
            page = self.call("GET", f"{path}?limit=1000{cursor}")
            items += page["items"]
            if not page["next_cursor"]:
                return items
            cursor = f"&cursor={page['next_cursor']}"
