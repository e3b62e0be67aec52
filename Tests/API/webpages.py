"""What the web interface shows somebody who is signed in: every page that a link leads to."""
import html
import http.client
import re
import urllib.parse

# More than all pages of a scene; of lists that lead on and on, the first.
MOST = 600
# Streams, files that everybody gets, and what the API's own search reads.
UNREAD = re.compile(r"/(assets|docs|openapi\.json|live|favicon\.ico)|/runs/[^/]+/output")


def read(person):
    """Each page's address and what it shows."""
    cookie = sign_in(person)
    waiting, seen = ["/"], {"/"}
    while waiting and len(seen) < MOST:
        path = waiting.pop(0)
        status, _, text = ask(person, "GET", path, {"cookie": cookie})
        if status >= 500:
            raise SystemExit(f"GET {path}: {status}")
        yield path, text
        for link in re.findall(r'(?:href|action)="(/[^"#]*)', text):
            link = html.unescape(link)
            if link not in seen and not UNREAD.match(link):
                seen.add(link)
                waiting.append(link)


def sign_in(person):
    form = urllib.parse.urlencode(person.account | {"_next": "/"})
    status, headers, _ = ask(person, "POST", "/login", {"content-type": "application/x-www-form-urlencoded"}, form)
    if status != 303:
        raise SystemExit(f"POST /login: {status}")
    return "; ".join(value.partition(";")[0] for name, value in headers if name.lower() == "set-cookie")


def ask(person, method, path, headers, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", person.node.port, timeout=20)
    try:
        fields = {"accept": "text/html", "sec-fetch-site": "same-origin"} | headers
        connection.request(method, urllib.parse.quote(path, safe="/?=&%+:,"), body, fields)
        response = connection.getresponse()
        return response.status, response.getheaders(), response.read().decode()
    finally:
        connection.close()
