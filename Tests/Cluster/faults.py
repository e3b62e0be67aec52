"""The kinds of fault, each a function of the rig and the seconds it may take. What is broken is whole again at its end."""
import collections
import itertools
import os
import threading
import time

import pgwire
from cluster import DATABASE, USER
from rig import now
from workload import EDIT_PAUSE

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
# A phase must hit its window so often, and may take so much longer for it: how much happens depends on the machine.
HITS_WANTED = 20
EXTRA_SECONDS = 90
# Per attempt. At 100 attempts/s on three nodes a failpoint strikes after about half a second.
FAILPOINT_CHANCE = 0.06
# Of each transaction of a kind; heartbeats are few and a lease must survive.
LOSS_CHANCES = {"T1": 0.3, "T2": 0.3, "T3": 0.1, "T4": 0.25, "T5": 0.1, "T6": 0.9, "T7": 0.3, "other": 0.1}


def kill(rig, seconds):
    """kill -9: first some in peace, to see how long others take to take over; then again and again, many inside the
    windows between start and send and between answer and finish."""
    end = time.time() + seconds
    while time.time() < end - seconds / 2:
        victim = rig.chance.choice(rig.nodes)
        fault = rig.kill(victim)
        fault.detail["in_peace"] = True
        time.sleep(rig.lease + 3)
        rig.restart(victim)
    rig.failpoints = itertools.cycle([f"before_send={FAILPOINT_CHANCE}", f"after_answer={FAILPOINT_CHANCE}"])
    for_each(rig.nodes, lambda node: restart_when_free(rig, node))
    while goes_on(end, rig.hits["kills by failpoint"]):
        time.sleep(0.1)
    without_failpoints(rig)


def stop(rig, seconds):
    """SIGSTOP beyond the lease, then SIGCONT: one node, two, all at once, and by a failpoint just before a byte leaves or
    just before an outcome is stored."""
    end = time.time() + seconds
    for number in itertools.count():
        if time.time() >= end - seconds / 2:
            break
        count = len(rig.nodes) if number % 4 == 3 else rig.chance.randint(1, max(1, len(rig.nodes) - 1))
        rig.freeze_nodes(rig.chance.sample(rig.nodes, count), rig.freeze)
        time.sleep(1)
    # One node only: were all frozen at once, nobody could take over what they hold.
    rig.failpoints = iter([f"before_send={FAILPOINT_CHANCE}:stop,after_answer={FAILPOINT_CHANCE}:stop"])
    restart_when_free(rig, rig.nodes[0])
    while goes_on(end - rig.freeze, rig.counters["cronpp_stale_fence_total"]):
        time.sleep(0.1)
    without_failpoints(rig)


def goes_on(end, hits):
    """Until a phase's time is over, and a little longer while its window was hit too rarely."""
    return time.time() < end or hits < HITS_WANTED and time.time() < end + EXTRA_SECONDS


def without_failpoints(rig):
    rig.failpoints = itertools.repeat("")
    for_each(rig.nodes, lambda node: restart_when_free(rig, node))


def restart_when_free(rig, node):
    while node.name in rig.held:
        time.sleep(0.1)
    rig.kill(node)
    rig.restart(node)


def for_each(nodes, action):
    threads = [threading.Thread(target=action, args=(node,)) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def database(rig, seconds):
    """Immediate shutdown of PostgreSQL, back after 2 s or after three leases."""
    end = time.time() + seconds
    for number in itertools.count():
        fault = rig.history.fault("database", None, now())
        rig.cluster.postgres.stop("immediate")
        fault.detail["down"] = now()
        time.sleep(2 if number % 2 == 0 else 3 * rig.lease)
        fault.detail["up"] = now()
        rig.cluster.postgres.start()
        fault.end = now()
        rig.hits["database outages"] += 1
        time.sleep(rig.lease + 4)
        if time.time() + 3 * rig.lease > end:
            return


def partition(rig, seconds):
    """Between a node and the database: cut, held in one or both directions (what is held arrives when it ends, or never),
    delayed by 2 s."""
    end, proxy = time.time() + seconds, rig.cluster.proxy
    shapes = [{"mode": "hold"}, {"mode": "hold_down"}, {"mode": "hold_up"}, {"delay": 2.0}, None]
    for shape in itertools.cycle(rig.chance.sample(shapes, len(shapes))):
        victims = rig.chance.sample(rig.nodes, rig.chance.choice([1, 1, max(1, len(rig.nodes) - 1)]))
        faults = [rig.history.fault("partition", node.name, now(), shape=str(shape)) for node in victims]
        lasting = time.time() + rig.chance.choice([0.5, 2]) * rig.lease
        while time.time() < lasting:
            for node in victims:
                if shape:
                    proxy.do("set", name=node.name, **shape)
                else:
                    proxy.do("cut", name=node.name)
            time.sleep(0.2)
        for node in victims:
            if shape and "delay" not in shape and rig.chance.random() < 0.5:
                proxy.do("cut", name=node.name)
            proxy.do("set", name=node.name)
            rig.hits[f"partitions: {name_of(shape)}"] += 1
        time.sleep(3)
        for fault in faults:
            fault.end = now()
        if time.time() > end:
            return


def name_of(shape):
    return (shape.get("mode") or "delay") if shape else "cut"


def lost_commits(rig, seconds):
    """COMMITs of every kind whose answer never comes. Now and then a node is killed, so that there is something to reap."""
    end, proxy = time.time() + seconds, rig.cluster.proxy
    before = lost_answers(proxy)
    fault = rig.history.fault("commits", None, now())
    # Each kind of transaction must be among them; T6 is the rarest.
    while goes_on(end, lost_answers(proxy)["T6"] - before["T6"] and HITS_WANTED):
        ways = rig.chance.choice([["swallow"], ["swallow", "late"], ["swallow", "late", "before"]])
        proxy.do("lose", chances=LOSS_CHANCES, ways=ways)
        time.sleep(min(2, max(0.5, end - time.time())))
        victim = rig.chance.choice(rig.nodes)
        rig.kill(victim)
        time.sleep(rig.lease + 1)
        rig.restart(victim)
    proxy.do("lose", chances={})
    fault.end = now()
    for kind, count in lost_answers(proxy).items():
        rig.hits[f"lost COMMIT {kind}"] += count - before[kind]


def lost_answers(proxy):
    """COMMITs of each kind that have lost their answers so far, in whatever way."""
    return collections.Counter({kind: sum(ways.values()) for kind, ways in proxy.do("counts")["lost"].items()})


def skew(rig, seconds):
    """One node's clock an hour ahead, another's an hour behind, the last one too fast, with jumps of ten minutes."""
    if not os.path.exists(FAKETIME):
        raise SystemExit("libfaketime is not installed (package faketime)")
    path = f"{rig.cluster.work}/faketime"
    with open(path, "w") as file:
        file.write("+0")
    fakes = [{"FAKETIME": "+3600s"}, {"FAKETIME": "-3600s x0.9"},
             {"FAKETIME_TIMESTAMP_FILE": path, "FAKETIME_NO_CACHE": "1"}]
    end, begin = time.time() + seconds, now()
    for node, fake in zip(rig.nodes, itertools.cycle(fakes)):
        rig.kill(node)
        # Loaded into the process that Python starts, the library hides its arguments; one exec later it does not.
        rig.restart(
            node, wrapper=("env",), extra={"LD_PRELOAD": FAKETIME, "FAKETIME_DONT_FAKE_MONOTONIC": "1"} | fake)
        rig.hits["skewed nodes"] += 1
    while time.time() < end:
        jump = rig.chance.choice(["+600s", "-600s", "+0 x1.1", "+0 x0.9", "+0"])
        with open(path + ".new", "w") as file:
            file.write(jump)
        os.replace(path + ".new", path)
        rig.hits["clock jumps"] += 1
        time.sleep(3)
    rig.history.fault("skew", None, begin).end = now()
    without_failpoints(rig)


def pool(rig, seconds):
    """A stranger takes every connection that is left; no live node may lose its lease."""
    rig.read_nodes()
    before = set(rig.history.incarnations)
    fault, end, taken = rig.history.fault("pool", None, now()), time.time() + seconds, []
    refused = 0
    try:
        while time.time() < end:
            try:
                taken.append(pgwire.Client(rig.cluster.postgres.port, USER, DATABASE))
            except (pgwire.ServerError, OSError):
                refused += 1
                time.sleep(0.05)
    finally:
        for client in taken:
            client.close()
    fault.end = now()
    rig.read_nodes()
    for lost in set(rig.history.incarnations) - before:
        rig.problems.append(f"{rig.history.incarnations[lost]} lost its lease for want of a connection")
    rig.hits["connections taken"] += len(taken)
    rig.hits["refusals of a connection"] += refused


def redis(rig, seconds):
    """Emptied, killed and back empty, 5 s slow, silent, wrong answers, every lock always held."""
    proxy, server, end = rig.cluster.proxy, rig.cluster.redis, time.time() + seconds
    fault = rig.history.fault("redis", None, now())
    fakes = [proxy.do("fake_redis", answers=answers)["port"] for answers in ("held", "wrong")]
    while time.time() < end:
        for _ in range(3):
            server.ask("FLUSHALL")
            rig.hits["redis: FLUSHALL"] += 1
            time.sleep(1)
        server.kill()
        time.sleep(1)
        server.start()
        rig.hits["redis: killed, back empty"] += 1
        for shape in ({"delay": 5.0}, {"mode": "hold"}):
            proxy.do("set", name="redis", **shape)
            rig.hits[f"redis: {name_of(shape)}"] += 1
            time.sleep(3)
            proxy.do("set", name="redis")
        for port in fakes:
            proxy.do("upstream", name="redis", to=["127.0.0.1", port])
            proxy.do("cut", name="redis")
            rig.hits["redis: lies"] += 1
            time.sleep(3)
        proxy.do("upstream", name="redis", to=["127.0.0.1", server.port])
        proxy.do("cut", name="redis")
    fault.end = now()


def edits(rig, seconds):
    """Edits, pauses, resumes and deletes within 50 ms of slots, as many as go."""
    before, rig.workload.edit_pause, end = rig.workload.edits_near_slot, 0, time.time() + seconds
    while goes_on(end, rig.workload.edits_near_slot - before):
        time.sleep(0.1)
    rig.workload.edit_pause = EDIT_PAUSE
    rig.hits["changes within 50 ms of a slot"] += rig.workload.edits_near_slot - before


KINDS = {
    "kill": kill, "stop": stop, "database": database, "partition": partition, "commits": lost_commits, "skew": skew,
    "pool": pool, "redis": redis, "edits": edits,
}
# How the time is divided: what needs leases to run out needs more of it.
SHARES = {"kill": 6, "stop": 4, "database": 4, "partition": 3, "commits": 4, "skew": 2, "pool": 1.5, "redis": 3, "edits": 2}
# What makes sense on one node with the embedded store.
EMBEDDED = ("kill", "stop", "edits")
