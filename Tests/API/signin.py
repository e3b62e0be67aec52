"""Signing in under attack, against real nodes: how many guesses are tried (guesses.py), what answers tell of who has an
account, and what a burst of sign-ins does to runs that are due (bursts.py). Prints its figures.

The hour of the guesses passes on the node's clock, which libfaketime lets run faster; all else is in real time.
"""
import json
import random
import statistics
import tempfile
import time
import uuid

import bursts
import faults
import guesses
import ranks
from logins import ENVIRONMENT, FREE_TRIES, WRONG, address_of, login
from people import Person
from processes import Node, Receiver

ACCOUNTS = 13
# Of each account as many as are free of a wait, and not one more.
PAIRS = min(40, ACCOUNTS * FREE_TRIES)
# Two samples of one distribution fail once in so many runs.
P_LIMIT = 0.001


def check(binary, seed):
    """Everything that is wrong, in words."""
    begin = time.time()
    seen, alarms = ranks.prove_itself(P_LIMIT)
    print(f"sign-in: the rank test sees {seen} of 1,000 planted differences, and {alarms} where there are none")
    with tempfile.TemporaryDirectory() as work:
        node = started(Node(binary, work, environment=ENVIRONMENT))
        receiver = Receiver(work)
        try:
            ann, names = Person(node, "ann"), [f"user{number}" for number in range(ACCOUNTS)]
            for name in names:
                Person(node, name, signs_in=False)
            problems = bursts.check(node, receiver, ann, names) + alike(node, names, random.Random(seed))
        finally:
            node.stop()
            receiver.stop()
    with tempfile.TemporaryDirectory() as work:
        node = started(
            Node(binary, work, environment=ENVIRONMENT), wrapper=("env",), extra={
                "LD_PRELOAD": faults.FAKETIME, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME": f"+0 x{guesses.FASTER}"})
        try:
            problems += guesses.check(node)
        finally:
            node.stop()
    print(f"sign-in: {len(problems)} problems, {time.time() - begin:.0f} s")
    return problems


def started(node, **more):
    if not node.start(**more):
        raise SystemExit("the node did not become ready:\n" + node.log_tail())
    return node


def alike(node, names, chance):
    """A wrong password and an unknown account in turn, which of the two first by lot."""
    times, told, problems = {"known": [], "unknown": []}, {"known": set(), "unknown": set()}, []
    for pair in range(PAIRS):
        askings = [("known", names[pair % ACCOUNTS]), ("unknown", str(uuid.UUID(int=chance.getrandbits(128))))]
        chance.shuffle(askings)
        for number, (kind, name) in enumerate(askings):
            answer, took = login(node, name, WRONG, address_of(2 * pair + number, 11))
            if answer.status != 401:
                raise SystemExit(f"a wrong password of {name} is answered {answer.status} {answer.text}")
            times[kind].append(took)
            told[kind].add(what_is_told(answer))
    p = ranks.p_value(times["known"], times["unknown"])
    medians = {kind: round(statistics.median(values), 1) for kind, values in times.items()}
    print(f"sign-in: {PAIRS} pairs of a wrong password and an unknown account: medians in ms {medians}, "
          f"p = {p:.3f} that times differ by chance (limit {P_LIMIT})")
    if len(told["known"] | told["unknown"]) != 1:
        problems.append(f"answers tell who has an account: {told}")
    if p <= P_LIMIT:
        problems.append(f"times tell who has an account: {medians}, p = {p}")
    return problems


def what_is_told(answer):
    """All of an answer but the request's id and the time of day."""
    body = {name: value for name, value in answer.body.items() if name != "request_id"}
    headers = [(name, value) for name, value in answer.headers.items()
               if name.lower() not in ("x-request-id", "date", "ratelimit")]
    return json.dumps([answer.status, body, headers])
