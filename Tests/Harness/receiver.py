#!/usr/bin/env python3
"""A webhook receiver on loopback for tests with many requests: one event loop, about 5,000 requests/s on a core.

/ok answers 200; /slow/MS answers 200 after so many milliseconds; /flaky/N answers 503 to the first N requests of each
run, then 200. Each request is a JSON line in the log, written on arrival, with the number of those without an answer ("open").
Usage: receiver.py --log FILE [--host ADDRESS]; prints its port.
"""
import argparse
import asyncio
import collections
import json
import time

FLUSH_SECONDS = 0.02


class Log:
    def __init__(self, path):
        self.file = open(path, "a", buffering=1 << 16)
        self.seen, self.open = collections.Counter(), 0

    def flush_again(self, loop):
        self.file.flush()
        loop.call_later(FLUSH_SECONDS, self.flush_again, loop)

    def entry(self, path, headers, body):
        """Writes a request down and decides: (status, seconds until the answer)."""
        received = time.time()
        run = headers.get("webhook-id")
        self.seen[run] += 1
        self.open += 1
        kind, _, argument = path[1:].partition("/")
        status = 503 if kind == "flaky" and self.seen[run] <= int(argument) else 200
        self.file.write(json.dumps({
            "at": received, "path": path, "run": run, "job": headers.get("cronpp-job-id"),
            "scheduled_for": headers.get("cronpp-scheduled-for"), "attempt": int(headers.get("cronpp-attempt") or 0),
            "fence": int(headers.get("cronpp-fence") or 0), "status": status, "open": self.open, "body": body,
        }) + "\n")
        return status, int(argument) / 1000 if kind == "slow" else 0


class Connection(asyncio.Protocol):
    def __init__(self, log, loop):
        self.log, self.loop, self.data = log, loop, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.data += data
        while True:
            head, mark, rest = self.data.partition(b"\r\n\r\n")
            if not mark:
                return
            lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            length = int(headers.get("content-length") or 0)
            if len(rest) < length:
                return
            body, self.data = rest[:length].decode("utf-8", "replace"), rest[length:]
            status, wait = self.log.entry(lines[0].split(" ")[1], headers, body)
            if wait:
                self.loop.call_later(wait, self.answer, status)
            else:
                self.answer(status)

    def answer(self, status):
        self.log.open -= 1
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 %d x\r\ncontent-length: 2\r\n\r\nok" % status)


async def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--log", required=True)
    arguments.add_argument("--host", default="127.0.0.1")
    options = arguments.parse_args()
    loop = asyncio.get_running_loop()
    log = Log(options.log)
    log.flush_again(loop)
    server = await loop.create_server(lambda: Connection(log, loop), options.host, 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
