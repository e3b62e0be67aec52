"""One of three nodes is killed, again and again, while each has runs RUNNING and QUEUED: when they start elsewhere, and how
many requests are sent twice for it."""
import random
import time

from history import SECOND, micros

KILLS = 5
# How long a request is answered, so that runs are RUNNING at any moment.
ANSWER_MS = 2_500
QUEUED, RUNNING = 1, 2
# After a node is back until the next is killed: it has its share of the runs again.
SETTLE_SECONDS = 8


def kill_nodes(cluster):
    """Kills and starts nodes; answers when each was killed and what it had taken."""
    kills = []
    for _ in range(KILLS):
        time.sleep(SETTLE_SECONDS + random.random())
        node = busiest(cluster)
        node.kill()
        killed = int(time.time() * SECOND)
        kills.append((killed, owned(cluster, node)))
        time.sleep(cluster.lease + SETTLE_SECONDS)
        if not node.start():
            raise SystemExit(f"{node.name} did not become ready:\n{node.log_tail()}")
    return kills


def busiest(cluster):
    """One that has runs of both states: a second's runs are claimed by one node, so that not every node does at any time."""
    while True:
        found = {node: list(owned(cluster, node).values()) for node in cluster.nodes}
        node = max(found, key=lambda one: min(found[one].count(QUEUED), found[one].count(RUNNING)))
        if QUEUED in found[node] and RUNNING in found[node]:
            return node
        time.sleep(0.05)


def owned(cluster, node):
    """The runs that nobody but the lease ends now, with their states."""
    client = cluster.postgres.client()
    rows = client.query(f"SELECT id, status FROM live_runs WHERE owner = '{node.id}' AND status IN ({QUEUED}, {RUNNING})")
    client.close()
    return {identity.replace("-", ""): int(status) for identity, status in rows}


def judge(kills, runs, deliveries, jobs, begin, end):
    by_id = {run["id"].replace("-", ""): run for run in runs}
    found = {"kills": len(kills), "queued_at_the_kills": 0, "running_at_the_kills": 0, "not_started_elsewhere": []}
    waits = {QUEUED: [], RUNNING: []}
    for killed, taken in kills:
        for identity, status in taken.items():
            found["queued_at_the_kills" if status == QUEUED else "running_at_the_kills"] += 1
            started = [micros(one["started_at"]) for one in by_id[identity]["attempts"]]
            later = [one for one in started if one > killed]
            if later:
                # One that was claimed ahead of its time is late from then on.
                waits[status].append((min(later) - max(killed, micros(by_id[identity]["scheduled_for"]))) / SECOND)
            else:
                found["not_started_elsewhere"].append(by_id[identity]["status"])
    asked = {}
    for one in deliveries:
        key = (one["job"], micros(one["scheduled_for"]))
        asked[key] = asked.get(key, 0) + 1
    slots = {}
    for run in runs:
        key = (run["job_id"], micros(run["scheduled_for"]))
        slots[key] = slots.get(key, 0) + 1
    wanted = {(job, slot) for job in jobs for slot in range(begin, end, SECOND)}
    return found | {
        "queued_start_elsewhere_s": spread(waits[QUEUED]), "running_start_elsewhere_s": spread(waits[RUNNING]),
        "further_requests": sum(count - 1 for count in asked.values()), "slots": len(wanted),
        "lost": len(wanted - slots.keys()) + len(wanted - asked.keys()),
        "doubled": sum(count > 1 for count in slots.values()),
        "not_success": sum(run["status"] != "SUCCESS" for run in runs if (run["job_id"], micros(run["scheduled_for"])) in wanted)}


def spread(values):
    values.sort()
    return {"min": round(values[0], 2), "median": round(values[len(values) // 2], 2), "max": round(values[-1], 2)} \
        if values else None
