"""One who follows a run's output, in a thread of his own, and notes what he was told and when. Standard library only."""
import http.client
import json
import threading
import time


class Follower:
    def __init__(self, node, token, run, after=None, stop_after=None, reads=True):
        """`stop_after`: goes away after so many events; `reads` False: asks and never reads."""
        self.events, self.bytes, self.status, self.failure = [], 0, None, None
        self.stop_after = stop_after
        self.connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)
        headers = {"authorization": f"Bearer {token}"} | ({"last-event-id": after} if after else {})
        self.connection.request("GET", f"/api/v1/runs/{run}/output", headers=headers)
        self.thread = None
        if reads:
            self.thread = threading.Thread(target=self.read, daemon=True)
            self.thread.start()

    def read(self):
        try:
            answer = self.connection.getresponse()
            self.status = answer.status
            event = {}
            for line in answer:
                self.bytes += len(line)
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name in ("id", "event"):
                    event[name] = value
                elif name == "data":
                    event |= {"at": time.time()} | {"data": json.loads(value)}
                elif not line.strip() and "data" in event:
                    self.events.append(event)
                    event = {}
                    if self.stop_after and len(self.events) >= self.stop_after:
                        break
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.failure = repr(error)
        finally:
            self.connection.close()

    def close(self):
        self.connection.close()

    def wait(self, limit):
        """Whether the stream ended in time."""
        self.thread.join(limit)
        return not self.thread.is_alive()

    def wait_for(self, text, limit):
        end = time.time() + limit
        while time.time() < end:
            if text in self.text():
                return True
            time.sleep(0.02)
        return False

    def named(self, *names):
        return [event for event in self.events if event["event"] in names]

    def text(self, attempt=None):
        return "".join(
            event["data"]["text"] for event in list(self.events)
            if event["event"] == "output" and attempt in (None, event["data"]["attempt"]))

    def delay(self, text, written):
        """Seconds from a moment until a text had been told."""
        told = ""
        for event in self.named("output"):
            told += event["data"]["text"]
            if text in told:
                return event["at"] - written
        return None
