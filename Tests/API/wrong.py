"""Requests that are wrong around a secret: what they are told must not repeat it."""
import canaries


def try_all(scene):
    ann, header = scene.ann, scene.secret("secret in a wrong place")
    password = ann.account["password"]
    bad = "whsec_" + header
    path = f"/api/v1/jobs/{scene.jobs['fails and dies']}"
    junk_key = scene.client_key.replace("PRIVATE", "SECRET")
    actions = [
        {"signing_secret": bad}, {"signing_secret": [scene.first]}, {"signing_secrets": [scene.first, bad]},
        {"signing_secrets": {scene.field_marker: scene.first}}, {"client_key": header}, {"client_key": junk_key},
        {"client_certificate": scene.client_key}, {"ca_certificate": scene.client_key},
        {"client_certificate": scene.certificates.text("root.pem"), "client_key": scene.client_key},
        {"url": f"https://user:{scene.first}@example.com/"}, {"headers": {"x-token": header + "\r\n"}},
        {"headers": {"webhook-signature": header}}, {"headers": {"content-length": header}}, {"headers": header},
        {"headers": {"x y": header}}, {"headers": [header]}, {"body": "{{" + "secrets." + header},
        {"success_statuses": {"a": header}}, {"method": [header]}, {scene.field_marker: header},
        {"type": 1, "a": header}]
    refused(scene, [("PATCH", path, {"action": action}) for action in actions])
    refused(scene, [("POST", "/api/v1/jobs", {
        "name": "wrong", "schedule": "0 0 1 1 *", "action": {"type": "webhook", "url": "https://example.com"} | action})
        for action in actions])
    value = {"value": header}
    refused(scene, [
        ("PUT", "/api/v1/secrets/a%20b", value), ("PUT", "/api/v1/secrets/ok", value | {scene.field_marker: 1}),
        ("PUT", "/api/v1/secrets/ok", {"value": [header]}), ("PUT", "/api/v1/secrets/ok", {"value": header * 2_000}),
        ("PUT", "/api/v1/secrets/ok", [header]), ("PUT", "/api/v1/secrets/ok", header),
        ("POST", "/api/v1/job-types", {
            "name": "t", "defaults": {"action": {"type": "webhook", "signing_secret": bad}}}),
        ("POST", "/api/v1/me/password", {"current_password": password, "new_password": header[:11]}),
        ("POST", "/api/v1/me/password", {"current_password": [header], "new_password": header}),
        ("POST", "/api/v1/auth/login", ann.account | {"email": "adam@example.com"}),
        ("POST", "/api/v1/auth/login", ann.account | {scene.field_marker: password}),
        ("POST", "/api/v1/auth/register", ann.account | {"setup_code": scene.canaries.texts["setup code"]}),
        ("POST", "/api/v1/auth/password-reset/confirm", {
            "token": scene.canaries.texts["reset token"], "new_password": header}),
        ("POST", "/api/v1/auth/refresh", {"refresh_token": scene.ann.refresh_token + "x"}),
        ("POST", "/api/v1/auth/refresh", {"refresh_token": [scene.ann.refresh_token]})])
    refused_texts(scene, header)
    used_twice(scene)


def refused(scene, requests):
    for method, path, body in requests:
        answer = scene.ann.ask(method, path, body)
        if not 400 <= answer.status < 500 or answer.status == 429:
            raise SystemExit(f"{method} {path} with {body} is not refused as wrong: {answer.status} {answer.text}")


def refused_texts(scene, header):
    """What is no JSON, and what is no sign-in."""
    ann = scene.ann
    part = header[:canaries.PART]
    for text in (f'{{"value": "{part}" "', f'{{"value": {part}', f'{{"{part}": 1, "{part}": 2}}',
                 f'{{"value": "\\q{part}"}}', part + "\udcff"):
        raw(ann, "PUT", "/api/v1/secrets/ok", text.encode("utf-8", "surrogateescape"), {})
    for authorization in (f"Bearer {scene.key}x", f"Bearer {scene.key[:-1]}", f"Basic {scene.key}", scene.key,
                          f"Bearer {ann.token}x", f"Bearer {ann.refresh_token}"):
        raw(ann, "GET", "/api/v1/jobs", None, {"authorization": authorization})
    raw(ann, "POST", "/api/v1/jobs", b"{}", {"authorization": f"Bearer {scene.key}"})
    raw(ann, "GET", f"/api/v1/jobs?access_token={ann.token}", None, {})
    raw(ann, "PUT", "/api/v1/secrets/ok", header.encode(), {"content-type": "text/plain"})


def raw(person, method, path, body, headers):
    """As it is, and refused."""
    answer = person.ask_raw(method, path, body, headers)
    if not 400 <= answer.status < 500:
        raise SystemExit(f"{method} {path} with {body} and {headers} is not refused: {answer.status} {answer.text}")


def used_twice(scene):
    """A refresh token ends its session when it comes again."""
    scene.sign_in(scene.adam)
    old = scene.adam.refresh_token
    scene.sign_in(scene.adam, "refresh", {"refresh_token": old})
    scene.adam.ask("POST", "/api/v1/auth/refresh", {"refresh_token": old})
    scene.sign_in(scene.adam)
