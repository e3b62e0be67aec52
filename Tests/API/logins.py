"""Sign-ins by which tests attack a node, from addresses of their own choice, by X-Forwarded-For."""
import http.client
import json
import time

from people import Answer

# The limit of requests is far away: only its headers matter here.
ENVIRONMENT = {"CRONPP_TRUSTED_PROXIES": "127.0.0.0/8", "CRONPP_RATE_LIMIT": "1000000"}
WRONG = "wrong horse battery"
# Of each account; one more would begin the waits.
FREE_TRIES = 4


def login(node, name, password, address):
    """The answer, and how long it took in ms, the connection not counted."""
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=120)
    connection.connect()
    body = json.dumps({"email": f"{name}@example.com", "password": password})
    begin = time.perf_counter()
    connection.request("POST", "/api/v1/auth/login", body, {
        "content-type": "application/json", "x-forwarded-for": address})
    response = connection.getresponse()
    answer = Answer(response.status, response.read().decode(), response.headers)
    took = (time.perf_counter() - begin) * 1_000
    connection.close()
    return answer, took


def address_of(number, net=10):
    return f"{net}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
