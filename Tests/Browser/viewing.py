"""A context of the browser that notes what it complains of, and what was asked of whom."""
import re
import urllib.parse

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
LIMIT_MS = 10_000


def node_url(node):
    return f"http://127.0.0.1:{node.port}"


class Viewer:
    def __init__(self, chromium, node, cookies=None, theme=None, **options):
        self.url = node_url(node)
        self.complaints, self.requests, self.expected = [], [], []
        options.setdefault("viewport", DESK)
        # Without a zone of its own a first visit would fetch what it shows again.
        self.context = chromium.new_context(base_url=self.url, timezone_id="Europe/Berlin", **options)
        self.context.set_default_timeout(LIMIT_MS)
        self.context.add_cookies([*(cookies or []), *self.choices(theme)])
        self.context.on("request", lambda request: self.requests.append(request))
        self.context.on("requestfailed", self.note_failure)
        self.context.on("response", self.note_answer)
        self.context.on("console", lambda message: self.complain(f"console: {message.type}: {message.text}"))
        self.context.on("weberror", lambda error: self.complain(f"error: {error.error}"))

    def choices(self, theme):
        chosen = {"cronpp_theme": theme, "cronpp_browser_zone": "Europe/Berlin"}
        return [{"name": name, "value": value, "url": self.url} for name, value in chosen.items() if value]

    def page(self, path=None):
        page = self.context.new_page()
        if path:
            page.goto(path)
        return page

    def expect_complaints(self, pattern):
        """What a test brings about itself."""
        self.expected.append(re.compile(pattern))

    def complain(self, text):
        if not any(pattern.search(text) for pattern in self.expected):
            self.complaints.append(text)

    def note_failure(self, request):
        # A page that is left ends its stream, and what else it was about to fetch.
        if request.failure != "net::ERR_ABORTED":
            self.complain(f"failed: {request.method} {request.url}: {request.failure}")

    def note_answer(self, response):
        if response.status >= 400:
            self.complain(f"status: {response.status} {response.request.method} {response.url}")

    def hosts(self):
        return {urllib.parse.urlsplit(request.url).netloc for request in self.requests}

    def close(self):
        self.context.close()
