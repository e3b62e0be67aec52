"""The PostgreSQL wire protocol, as much as a proxy and a test need of it."""
import socket
import struct

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
VERSION_3 = 196608


def message(kind, payload=b""):
    return kind + struct.pack("!I", len(payload) + 4) + payload


def startup(user, database):
    fields = b"".join(part.encode() + b"\0" for part in ("user", user, "database", database)) + b"\0"
    return struct.pack("!II", len(fields) + 8, VERSION_3) + fields


class Framing:
    """Cuts one direction of a connection into messages, however the bytes arrive."""

    def __init__(self):
        self.rest = b""

    def feed(self, data):
        """The messages that are complete now, as (kind, payload)."""
        data = self.rest + data if self.rest else data
        at, end, found = 0, len(data), []
        while end - at >= 5:
            length = int.from_bytes(data[at + 1:at + 5], "big") + 1
            if at + length > end:
                break
            found.append((data[at:at + 1], data[at + 5:at + length]))
            at += length
        self.rest = data[at:]
        return found


class ServerError(Exception):
    pass


class Client:
    """A connection for simple queries without a password (`trust`)."""

    def __init__(self, port, user, database, timeout=5):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.framing, self.waiting = Framing(), []
        try:
            self.socket.sendall(startup(user, database))
            self.answer()
        except Exception:
            self.socket.close()
            raise

    def query(self, sql):
        """The rows of the last statement, as lists of text or None."""
        self.socket.sendall(message(b"Q", sql.encode() + b"\0"))
        return self.answer()

    def answer(self):
        rows, error = [], None
        while True:
            kind, payload = self.next_message()
            if kind == b"D":
                rows.append(row(payload))
            elif kind == b"E":
                error = ServerError(b" ".join(payload.split(b"\0")).decode("utf-8", "replace"))
                if b"FATAL" in payload:
                    raise error
            elif kind == b"Z":
                if error:
                    raise error
                return rows

    def next_message(self):
        while not self.waiting:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("closed by the server")
            self.waiting = self.framing.feed(data)
        return self.waiting.pop(0)

    def close(self):
        self.socket.close()


def row(payload):
    values, at = [], 2
    for _ in range(int.from_bytes(payload[:2], "big")):
        length = int.from_bytes(payload[at:at + 4], "big", signed=True)
        at += 4
        values.append(None if length < 0 else payload[at:at + length].decode())
        at += max(length, 0)
    return values
