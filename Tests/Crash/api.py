"""A node, a receiver and the REST API for tests that run real processes. Standard library only."""
import collections
import http.client
import json
import os
import re
import subprocess
import time

RECEIVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../examples/quickstart/receiver.py")
READY_LIMIT = 30


class Receiver:
    def __init__(self, work):
        self.log = f"{work}/deliveries"
        self.process = subprocess.Popen(
            ["python3", RECEIVER, "--log", self.log], stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}/ok"

    def entries(self):
        with open(self.log) as file:
            return [json.loads(line) for line in file]

    def next_arrival(self, after, node):
        """When the first delivery after a moment came; waits for it. None if the node was killed before."""
        limit = time.time() + 10
        with open(self.log) as file:
            while time.time() < limit:
                line, was_alive = file.readline(), node.is_alive()
                if line.endswith("\n"):
                    if json.loads(line)["at"] >= after:
                        return json.loads(line)["at"]
                elif not was_alive:
                    return None
                else:
                    time.sleep(0.005)
        raise SystemExit("nothing arrived within 10 s:\n" + open(node.log.name).read()[-3000:])

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Node:
    def __init__(self, binary, work):
        self.binary, self.work = binary, work
        self.process = self.url = self.ready_at = None

    def start(self, failpoints=""):
        environment = os.environ | {
            "CRONPP_DATA_DIR": f"{self.work}/data", "CRONPP_HTTP_PORT": "0", "CRONPP_REGISTRATION": "open",
            "CRONPP_ALLOW_NETWORKS": "127.0.0.0/8", "CRONPP_FAILPOINTS": failpoints,
            "CRONPP_FAILPOINT_LOG": f"{self.work}/failpoints",
        }
        self.log = open(f"{self.work}/node.log", "a")
        self.process = subprocess.Popen(
            [self.binary, "serve"], env=environment, stdout=subprocess.PIPE, stderr=self.log, text=True)
        limit = time.time() + READY_LIMIT
        while time.time() < limit:
            line = self.process.stdout.readline()
            found = re.search(r"http://[0-9.]+:(\d+)", line)
            if found:
                self.ready_at = time.time()
                self.port = int(found.group(1))
                return
            if not line and self.process.poll() is not None:
                break
        raise SystemExit("the node did not become ready:\n" + open(self.log.name).read()[-3000:])

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def wait(self, limit):
        try:
            self.process.wait(limit)
        except subprocess.TimeoutExpired:
            pass

    def kill(self, number):
        if self.is_alive():
            self.process.send_signal(number)
        self.process.wait()

    def stop(self):
        if self.is_alive():
            self.process.terminate()
            self.process.wait()

    def failpoint_hits(self):
        try:
            with open(f"{self.work}/failpoints") as file:
                return collections.Counter(line.strip() for line in file)
        except FileNotFoundError:
            return collections.Counter()


class API:
    def __init__(self, node):
        self.node, self.token = node, None

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.node.port, timeout=30)
        headers = {"content-type": "application/json"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        connection.request(method, "/api/v1" + path, json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        if response.status >= 400:
            raise SystemExit(f"{method} {path}: {response.status} {text.decode()}")
        return json.loads(text) if text else None

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, body=None):
        return self.call("POST", path, body if body is not None else {})

    def register(self):
        self.post("/auth/register", {"email": "crash@example.com", "password": "correct horse battery"})
        self.login()

    def login(self):
        self.token = None
        answer = self.post("/auth/login", {"email": "crash@example.com", "password": "correct horse battery"})
        self.token = answer["access_token"]

    def create_job(self, name, url, at_most_once=False):
        return self.post("/jobs", {
            "name": name, "schedule": "* * * * * *", "overlap": "allow",
            "delivery": "at_most_once" if at_most_once else "at_least_once",
            "action": {"type": "webhook", "url": url}})

    def runs(self, job):
        items, cursor = [], ""
        while True:
            page = self.get(f"/runs?job_id={job}&include=attempts&limit=1000{cursor}")
            items += page["items"]
            if not page["next_cursor"]:
                return items
            cursor = f"&cursor={page['next_cursor']}"

    def wait_until_ended(self):
        limit = time.time() + 60
        while time.time() < limit:
            live = [self.get(f"/runs?status={status}&limit=1")["items"]
                    for status in ("PENDING", "QUEUED", "RUNNING", "RETRYING")]
            if not any(live):
                return
            time.sleep(0.1)
        raise SystemExit("runs are still live 60 s after the pause")
