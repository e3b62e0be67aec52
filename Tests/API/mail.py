"""A new password by mail: a real node, a real mail server with TLS and a password, and what a person does with both."""
import base64
import re

from people import PASSWORD, Person

NEW = "another horse battery"
ASK, CONFIRM = "/api/v1/auth/password-reset", "/api/v1/auth/password-reset/confirm"
PUBLIC_URL = "https://cron.example.com"


def environment(server):
    return {
        "CRONPP_MAIL_URL": server.url, "CRONPP_MAIL_FROM": "Cron++ <cron@example.org>", "CRONPP_PUBLIC_URL": PUBLIC_URL}


def check(node, server, place):
    """Everything that is wrong, in words."""
    problems = []

    def expect(what, is_so):
        if not is_so:
            problems.append(what)

    ann = Person(node, "mail-ann")
    address = "mail-ann@example.com"
    asked = ann.ask("POST", ASK, {"email": address})
    expect(f"asking: {asked.status} {asked.text}", asked.status == 202)
    unknown = ann.ask("POST", ASK, {"email": "nobody@example.com"})
    expect(f"asking for nobody is answered otherwise: {unknown.status} {unknown.text}",
           (unknown.status, unknown.text) == (asked.status, asked.text))

    mail = server.next_mail()
    if not mail:
        return problems + ["no mail has come"]
    expect(f"the mail is not as it should be: {mail}", mail["recipients"] == [address] and mail["tls"]
           and mail["user"] == "cron" and not mail["defects"] and mail["headers"]["subject"].startswith("Choose a new"))
    text = base64.b64decode(mail["parts"][0]["content"]).decode()
    found = re.search(re.escape(PUBLIC_URL) + r"(/password-reset)#token=([A-Za-z0-9_-]{43})\r\n", text)
    if not found:
        return problems + ["there is no link in " + text]
    page, token = found.groups()
    expect("the link leads nowhere", ann.ask("GET", page).status == 200)

    choice = {"token": token, "new_password": NEW}
    wrong = ann.ask("POST", CONFIRM, choice | {"token": token[::-1]})
    expect(f"another token: {wrong.status}", wrong.status == 401)
    chosen = ann.ask("POST", CONFIRM, choice)
    expect(f"choosing: {chosen.status} {chosen.text}", chosen.status == 204)
    expect("the token is good twice", ann.ask("POST", CONFIRM, choice).status == 401)

    expect("the old session goes on", ann.ask("GET", "/api/v1/me").status == 401)
    refreshed = ann.ask("POST", "/api/v1/auth/refresh", {"refresh_token": ann.refresh_token})
    expect("the old refresh token is good", refreshed.status == 401)
    for password, status in ((PASSWORD, 401), (NEW, 200)):
        answer = ann.ask("POST", "/api/v1/auth/login", {"email": address, "password": password})
        expect(f"signing in with {password}: {answer.status}", answer.status == status)
    ann.token = answer.body["access_token"]
    acts = [line["act"] for line in ann.items("/api/v1/audit")]
    expect(f"the audit log says {acts}", [act for act in acts if act.startswith("account.")] == [
        "account.register", "account.password_reset", "account.password_chosen"])
    expect("the mail is not counted", 'cronpp_mails_total{outcome="accepted"} 1\n' in ann.ask("GET", "/metrics").text)
    with open(node.log_path) as log:
        text = log.read()
    expect("the log holds the token or the mail server's password", token not in text and "word/" not in text)
    print(f"password by mail over {place}: asked, mailed, chosen, {len(problems)} problems")
    return problems
