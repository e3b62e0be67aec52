"""Servers that speak Redis and lie: every lock is always held by somebody else, or every answer is of a wrong kind."""
import asyncio
import random

WRONG = [b"+what\r\n", b":-1\r\n", b"*2\r\n$1\r\na\r\n:7\r\n", b"-ERR no\r\n", b"$3\r\nabc\r\n", b"hello\r\n", b"*-1\r\n"]


def held(words):
    """Truthful about everything but locks and counters."""
    name = words[0].upper() if words else b""
    if name == b"PING":
        return b"+PONG\r\n"
    if name in (b"AUTH", b"SELECT", b"CLIENT"):
        return b"+OK\r\n"
    if name == b"HELLO":
        return b"-ERR unknown command\r\n"
    if name in (b"SUBSCRIBE", b"UNSUBSCRIBE") and len(words) > 1:
        return b"*3\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n:1\r\n" % (len(name), name.lower(), len(words[1]), words[1])
    if name == b"SET":
        return b"$-1\r\n"
    if name == b"GET":
        return b"$5\r\nother\r\n"
    return b":0\r\n"


class Connection(asyncio.Protocol):
    def __init__(self, answers):
        self.answers, self.data = answers, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.data += data
        while (words := self.command()) is not None:
            self.transport.write(held(words) if self.answers == "held" else random.choice(WRONG))

    def command(self):
        """The next complete command's words, taken from the data."""
        lines = self.data.split(b"\r\n")
        if not lines[0].startswith(b"*") or len(lines) < 2:
            return None
        count = int(lines[0][1:])
        if len(lines) < 2 + 2 * count:
            return None
        self.data = b"\r\n".join(lines[1 + 2 * count:])
        return lines[2:2 + 2 * count:2]


async def serve(loop, answers):
    server = await loop.create_server(lambda: Connection(answers), "127.0.0.1", 0)
    return server.sockets[0].getsockname()[1]
