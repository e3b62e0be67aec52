"""Waiting for what a server will say in its own time."""
import time

LIMIT = 20
PAUSE = 0.02


def until(is_so, what, limit=LIMIT):
    end = time.monotonic() + limit
    while not is_so():
        assert time.monotonic() < end, f"not within {limit} s: {what}"
        time.sleep(PAUSE)
