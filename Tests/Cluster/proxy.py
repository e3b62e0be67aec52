#!/usr/bin/env python3
"""A TCP proxy that misbehaves on command and knows PostgreSQL's protocol. One process, one event loop.

Commands are JSON lines on stdin, each answered by one on stdout:
  {"do": "listen", "name", "to": [host, port], "postgres": bool}    → {"port"}
  {"do": "set", "name", "mode": "pass|hold|hold_up|hold_down", "delay": seconds}   hold_up keeps what goes to the server
  {"do": "cut", "name"}        closes its connections; what is held is lost
  {"do": "upstream", "name", "to": [host, port]}
  {"do": "lose", "chances": {"T3": 0.1, …}, "ways": ["swallow", "before", "late"], "limit": N per kind}
  {"do": "counts"} | {"do": "samples"} | {"do": "fake_redis", "answers": "held|wrong"}  → {"port"}

Ways to lose a COMMIT: `swallow` passes it on, keeps its answer back and then closes both sides; `late` closes the
client's side at once and passes it on up to 2 s later; `before` closes both without passing it on. A change outside a
transaction is its own COMMIT. Lost ones are counted by kind when the server has confirmed them.
"""
import asyncio
import collections
import json
import random
import sys

import fakeredis
import kinds
import pgwire

LATE_SECONDS = 2.0
SAMPLES = 3


class Losses:
    """Which COMMITs are lost, and how many have been."""

    def __init__(self):
        self.chances, self.ways, self.limit = {}, ["swallow"], 0
        self.seen = collections.Counter()
        self.lost = collections.defaultdict(collections.Counter)
        self.samples = collections.defaultdict(list)

    def way(self, kind, statements):
        self.seen[kind] += 1
        kept = self.samples[kind]
        if len(kept) < SAMPLES and statements not in kept:
            kept.append(statements)
        if sum(self.lost[kind].values()) >= self.limit or random.random() >= self.chances.get(kind, 0):
            return None
        return random.choice(self.ways)


class Tracker:
    """Follows one client's messages: which statements a COMMIT ends."""

    def __init__(self):
        self.named, self.portals = {}, {}
        self.statements, self.is_open, self.committed = [], False, None

    def message(self, kind, payload):
        """The statements of the transaction that this message commits, or None."""
        if kind == b"P":
            name, _, rest = payload.partition(b"\0")
            self.named[name] = rest.partition(b"\0")[0].decode("utf-8", "replace")
        elif kind == b"B":
            portal, name, _ = payload.split(b"\0", 2)
            self.portals[portal] = self.named.get(name, "")
        elif kind == b"E":
            self.run(self.portals.get(payload.partition(b"\0")[0], ""))
        elif kind == b"Q":
            for part in payload[:-1].decode("utf-8", "replace").split(";"):
                self.run(part)
            return self.end()
        elif kind == b"S":
            return self.end()
        return None

    def run(self, sql):
        word = kinds.facts(sql)[1]
        if word in ("begin", "start"):
            self.is_open, self.statements = True, []
        elif word in ("commit", "end"):
            self.committed, self.is_open, self.statements = tuple(self.statements), False, []
        elif word in ("rollback", "abort"):
            self.is_open, self.statements = False, []
        elif word:
            self.statements.append(sql)

    def end(self):
        committed, self.committed = self.committed, None
        if committed is None and not self.is_open and self.statements:
            committed, self.statements = tuple(self.statements), []
        return committed


class Valve:
    """One direction of a connection: passes, delays or holds what comes, in order."""

    def __init__(self, link, held_by, write):
        self.link, self.held_by, self.write = link, held_by, write
        self.waiting, self.last = collections.deque(), 0

    def push(self, data):
        listener = self.link.listener
        if not listener.delay and not self.is_closed():
            return self.write(data)
        now = self.link.loop.time()
        self.last = max(now + listener.delay, self.last + 1e-6)
        self.waiting.append((self.last, data))
        self.link.loop.call_at(self.last, self.release)

    def is_closed(self):
        return bool(self.waiting) or self.link.listener.mode in self.held_by

    def release(self):
        if self.link.listener.mode in self.held_by:
            return
        now = self.link.loop.time() + 1e-4
        while self.waiting and self.waiting[0][0] <= now:
            self.write(self.waiting.popleft()[1])


class Link:
    """A client's connection and the one to the server that belongs to it."""

    def __init__(self, listener):
        self.listener, self.loop = listener, listener.loop
        self.client = self.server = None
        self.early = []
        self.up = Valve(self, ("hold", "hold_up"), self.to_server)
        self.down = Valve(self, ("hold", "hold_down"), self.to_client)
        self.asks, self.answers, self.tracker = pgwire.Framing(), pgwire.Framing(), Tracker()
        self.head = b"" if listener.postgres else None
        self.lost_kind = self.lost_way = None
        listener.links.add(self)

    async def connect(self):
        try:
            await self.loop.create_connection(lambda: Side(self, is_client=False), *self.listener.to)
        except OSError:
            self.close()

    def from_client(self, data):
        if self.head is not None:
            data = self.greeting(data)
        if not data or self.lost_way:
            return
        if self.listener.postgres:
            for kind, payload in self.asks.feed(data):
                statements = self.tracker.message(kind, payload)
                if statements is not None and not self.lost_way:
                    self.commit(statements, data)
            if self.lost_way in ("before", "late"):
                return
        self.up.push(data)

    def greeting(self, data):
        """Refuses encryption and passes the startup message on; answers what follows it."""
        self.head += data
        while self.head is not None and len(self.head) >= 8:
            length, code = int.from_bytes(self.head[:4], "big"), int.from_bytes(self.head[4:8], "big")
            if len(self.head) < length:
                break
            packet, self.head = self.head[:length], self.head[length:]
            if code in (pgwire.SSL_REQUEST, pgwire.GSS_REQUEST):
                self.down.push(b"N")
            else:
                self.up.push(packet)
                rest, self.head = self.head, None
                return rest
        return b""

    def commit(self, statements, data):
        kind = kinds.kind(statements)
        if kind == "read":
            return
        self.lost_way = self.listener.losses.way(kind, statements)
        self.lost_kind = kind
        if self.lost_way == "before":
            self.listener.losses.lost[kind]["before"] += 1
            self.close()
        elif self.lost_way == "late":
            self.client.abort()
            self.loop.call_later(random.uniform(0, LATE_SECONDS), self.up.push, data)

    def from_server(self, data):
        if not self.listener.postgres:
            return self.down.push(data)
        found = self.answers.feed(data) if self.head is None else []
        if not self.lost_way:
            return self.down.push(data)
        for kind, payload in found:
            if kind == b"Z" and payload == b"I":
                self.listener.losses.lost[self.lost_kind][self.lost_way] += 1
                return self.close()
            if kind == b"E":
                return self.close()
        return None

    def to_server(self, data):
        if self.server:
            if not self.server.is_closing():
                self.server.write(data)
        else:
            self.early.append(data)

    def to_client(self, data):
        if not self.client.is_closing():
            self.client.write(data)

    def opened(self, server):
        self.server = server
        for data in self.early:
            server.write(data)

    def ended(self, is_client):
        """One side has gone. What is held by a partition still arrives when it ends, as on a network."""
        if is_client and self.lost_way == "late" and self.server:
            return
        if (self.up if is_client else self.down).is_closed():
            self.loop.call_later(0.05, self.ended, is_client)
            return
        self.close()

    def close(self):
        self.up.waiting.clear()
        self.down.waiting.clear()
        for side in (self.client, self.server):
            if side:
                side.abort()
        self.listener.links.discard(self)


class Side(asyncio.Protocol):
    def __init__(self, link, is_client):
        self.link, self.is_client = link, is_client

    def connection_made(self, transport):
        if self.is_client:
            self.link.client = transport
            self.link.loop.create_task(self.link.connect())
        elif self.link.client.is_closing():
            transport.abort()
        else:
            self.link.opened(transport)

    def data_received(self, data):
        (self.link.from_client if self.is_client else self.link.from_server)(data)

    def connection_lost(self, _):
        self.link.ended(self.is_client)


class Listener:
    def __init__(self, loop, losses, to, postgres):
        self.loop, self.losses, self.to, self.postgres = loop, losses, to, postgres
        self.mode, self.delay, self.links = "pass", 0, set()

    async def open(self):
        server = await self.loop.create_server(lambda: Side(Link(self), True), "127.0.0.1", 0, backlog=256)
        return server.sockets[0].getsockname()[1]

    def set(self, mode, delay):
        self.mode, self.delay = mode, delay
        for link in list(self.links):
            link.up.release()
            link.down.release()


class Proxy:
    def __init__(self, loop):
        self.loop, self.losses, self.listeners = loop, Losses(), {}

    async def do(self, command):
        what = command["do"]
        listener = self.listeners.get(command.get("name"))
        if what == "listen":
            made = Listener(self.loop, self.losses, command["to"], command["postgres"])
            self.listeners[command["name"]] = made
            return {"port": await made.open()}
        if what == "fake_redis":
            return {"port": await fakeredis.serve(self.loop, command["answers"])}
        if what == "set":
            listener.set(command.get("mode", "pass"), command.get("delay", 0))
        elif what == "upstream":
            listener.to = command["to"]
        elif what == "cut":
            for link in list(listener.links):
                link.close()
        elif what == "lose":
            self.losses.chances, self.losses.ways = command["chances"], command.get("ways", ["swallow"])
            self.losses.limit = command.get("limit", 1 << 30)
        elif what == "samples":
            return self.losses.samples
        return {"seen": self.losses.seen, "lost": self.losses.lost,
                "links": {name: len(one.links) for name, one in self.listeners.items()}}


async def main():
    loop = asyncio.get_running_loop()
    proxy = Proxy(loop)
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        print(json.dumps(await proxy.do(json.loads(line))), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
