"""What a burst of sign-ins does to runs that are due."""
import concurrent.futures
import datetime
import threading
import time

from logins import address_of, login
from people import PASSWORD

SIGN_INS = 50
# What else runs on the machine may delay one round or another; sign-ins would delay all.
ROUNDS = 3
JOBS = 20
QUIET_SECONDS = 8
DELAY_GOAL, DELAY_LIMIT = 2, 5
# Below this it is the machine that is measured.
DELAY_FLOOR_MS = 100


def check(node, receiver, ann, names):
    for number in range(JOBS):
        ann.call("POST", "/api/v1/jobs", {
            "name": f"every second {number}", "schedule": "@every 1s",
            "action": {"type": "webhook", "url": receiver.url}})
    receiver.next_arrival(time.time(), node)
    problems = []
    for _ in range(ROUNDS):
        late, refused = burst(node, receiver, names)
        problems += refused
        if not late:
            break
    else:
        problems += late
    for job in ann.items("/api/v1/jobs"):
        ann.call("DELETE", f"/api/v1/jobs/{job['id']}")
    return problems


def burst(node, receiver, names):
    """Some quiet seconds, then sign-ins. What is too late, and which sign-ins failed."""
    quiet_from = time.time()
    time.sleep(QUIET_SECONDS)
    quiet_to = time.time()
    answers = at_once(node, [(names[number % len(names)], address_of(number)) for number in range(SIGN_INS)])
    busy_to = time.time()
    receiver.next_arrival(busy_to, node)
    quiet, busy = delays(receiver, quiet_from, quiet_to), delays(receiver, quiet_to, busy_to)
    print(f"sign-in: {SIGN_INS} at once took {busy_to - quiet_to:.1f} s; start delay in ms without them {quiet}, "
          f"with them {busy}: {busy['p99'] / quiet['p99']:.1f} times the p99 (goal {DELAY_GOAL})")
    limit = max(DELAY_FLOOR_MS, DELAY_LIMIT * quiet["p99"])
    late = [f"start delay beside sign-ins is {busy['p99']} ms, above {limit:.0f} ms"] if busy["p99"] > limit else []
    refused = [one for one in answers if one.status != 200]
    return late, [f"a sign-in among {SIGN_INS} at once: {one.status} {one.text}" for one in refused]


def at_once(node, pairs):
    gate = threading.Barrier(len(pairs))

    def sign_in(pair):
        gate.wait()
        return login(node, pair[0], PASSWORD, pair[1])[0]
    with concurrent.futures.ThreadPoolExecutor(len(pairs)) as pool:
        return list(pool.map(sign_in, pairs))


def delays(receiver, begin, end):
    """From the slot to the receiver, of the slots in between."""
    late = []
    for one in receiver.entries():
        slot = datetime.datetime.fromisoformat(one["scheduled_for"].replace("Z", "+00:00")).timestamp()
        if begin <= slot < end:
            late.append((one["at"] - slot) * 1_000)
    late.sort()
    return {"p50": round(late[len(late) // 2], 1), "p99": round(late[len(late) * 99 // 100], 1),
            "max": round(late[-1], 1), "count": len(late)}
