"""What an experiment comes to: figures with their limits, how often each window was hit, violations; as JSON and a table."""
import collections

from faults import HITS_WANTED
from history import SECOND, micros, text
from kinds import KINDS

# Kind of fault → the windows that it must hit; their sum counts, and each of them must be hit at all.
WINDOWS = {
    "kill": ["kills by failpoint"], "stop": ["stale outcomes refused"], "commits": [f"lost COMMIT {kind}" for kind in KINDS],
    "edits": ["changes within 50 ms of a slot"],
}
SEND_WINDOW_SECONDS = 0.5
FIRST_START_LIMIT = 10.0
# A start that is later than so many leases is told with what its run went through.
TOLD_LEASES = 3


def report(experiment, ledger, deliveries, found):
    rig, options = experiment.rig, experiment.options
    prompt = {job.id for job in experiment.history.jobs.values() if job.is_prompt}
    first = sorted((one["at"], micros(one["scheduled_for"]), one) for one in deliveries
                   if one["attempt"] == 1 and one["job"] in prompt)
    hits = collections.Counter(rig.hits)
    # The ledger's late outcomes are exact; a killed node takes its own count with it.
    late = sum(attempt.late_outcome is not None for run in ledger.runs for attempt in run.attempts)
    hits["stale outcomes refused"] = max(late, rig.counters["cronpp_stale_fence_total"])
    windows = dict(experiment.cluster.nodes[0].failpoint_hits())
    numbers = {
        "runs": len(ledger.runs), "occurrences": sum(run.count for run in ledger.runs), "deliveries": len(deliveries),
        "further attempts": sum(one["attempt"] > 1 for one in deliveries),
        "jobs": len(experiment.history.jobs), "operations": experiment.workload.operations,
        "operations turned away": experiment.workload.refused, "answers lost": experiment.workload.lost_answers,
        "at-most-once runs left unknown": sum(run.reason == "outcome_unknown" for run in ledger.runs),
        "reaped": rig.counters["cronpp_reaped_total"],
    }
    figures, stories = {}, []
    for name, begin, end in experiment.phases:
        figures[f"start delay in ms, {name}"] = delays(first, begin, end)
        stories += story_of_latest(experiment, first, name, begin, end)
    figures["request after its attempt's start, in ms"] = send_delays(experiment, ledger, deliveries)
    limits = judge_takeovers(experiment, ledger, deliveries, first, figures) + judge_outages(experiment, first, figures)
    for kind, names in WINDOWS.items():
        if kind in options.kinds:
            counts = [hits[name] for name in names]
            if sum(counts) < HITS_WANTED or not all(counts):
                limits.append(f"{kind}: only {counts} hits of {names}; {HITS_WANTED} in all are wanted")
    return {
        "seed": options.seed, "nodes": len(experiment.cluster.nodes), "lease": options.lease, "kinds": options.kinds,
        "pooling": options.pooling, "redis": options.redis, "embedded": options.embedded, "numbers": numbers,
        "hits": dict(sorted(hits.items())), "failpoints": windows, "figures": figures,
        "violations": [f"{one.rule} {one.text} {phase_of(experiment, one.at)}" for one in found], "limits": limits,
        "latest": stories,
    }


def delays(first, begin, end):
    """Milliseconds from the slot to the receiver, of first attempts whose slot lies in the phase."""
    late = sorted(at * 1000 - slot / 1000 for at, slot, _ in first if begin <= slot < end)
    if not late:
        return None
    return {"p50": round(late[len(late) // 2], 1), "p99": round(late[len(late) * 99 // 100], 1),
            "max": round(late[-1], 1), "count": len(late)}


def story_of_latest(experiment, first, name, begin, end):
    """What the latest start's run went through, and which faults there were meanwhile."""
    at, slot, one = max(((at, slot, one) for at, slot, one in first if begin <= slot < end),
                        key=lambda found: found[0] - found[1] / SECOND, default=(0, 0, None))
    late = at - slot / SECOND
    if not one or late < TOLD_LEASES * experiment.options.lease:
        return []
    lines = [f"{name}: {late:.1f} s late: run {one['run']} of slot {text(slot)}"]
    for event in experiment.api.get(f"/runs/{one['run']}/events")["items"]:
        lines.append("  " + "  ".join(f"{key} {value}" for key, value in event.items() if value is not None))
    for fault in experiment.history.faults:
        if fault.begin < at * SECOND and fault.end > slot:
            lines.append(f"  {fault.kind} of {fault.node} {text(fault.begin)} to {text(fault.end)} {fault.detail}")
    return lines


def send_delays(experiment, ledger, deliveries):
    """From a start's moment in the ledger to the receiver, where the node was not frozen: half a second is allowed until
    the byte leaves, the rest is this machine's."""
    attempts = {(run.id, attempt.number): attempt for run in ledger.runs for attempt in run.attempts}
    waits, late = [], collections.Counter()
    for one in deliveries:
        attempt, at = attempts.get((one["run"], one["attempt"])), int(one["at"] * SECOND)
        if attempt and not experiment.history.faults_of(attempt.node, attempt.started - SECOND, at, ("stop",)):
            waits.append((at - attempt.started) / 1000)
            if waits[-1] > 1000:
                late[phase_at(experiment, attempt.started)] += 1
    waits.sort()
    return {"p99": round(waits[len(waits) * 99 // 100], 1), "max": round(waits[-1], 1),
            "above 1,000": dict(late)} if waits else None


def judge_takeovers(experiment, ledger, deliveries, first, figures):
    """After each kill in peace: until the last of the runs that were due then had started elsewhere."""
    wanted, lease = [], experiment.options.lease
    limit = lease + max(2, lease / 5)
    times, extra, running = [], 0, 0
    arrived = {(one["run"], one["attempt"]) for one in deliveries}
    for fault in experiment.history.faults:
        if not fault.detail.get("in_peace"):
            continue
        killed, restarted = fault.begin, fault.begin + int((lease + 3) * SECOND)
        worst = max((at - max(killed, slot) / SECOND for at, slot, _ in first
                     if killed - SECOND <= slot < restarted and at > killed / SECOND), default=None)
        if worst is not None:
            times.append(worst)
        for run in ledger.runs:
            for attempt in run.attempts:
                if (attempt.outcome == "lease_lost" and attempt.started <= killed <= (attempt.finished or killed)
                        and experiment.history.incarnations.get(attempt.node) == fault.node):
                    running += 1
                    extra += (run.id, attempt.number) in arrived and (run.id, attempt.number + 1) in arrived
    if times:
        figures["takeover after kill -9 in s"] = {
            "max": round(max(times), 2), "median": round(sorted(times)[len(times) // 2], 2), "kills": len(times),
            "limit": limit, "RUNNING at the kills": running, "sent twice for it": extra}
        if max(times) > limit and len(experiment.cluster.nodes) > 1:
            wanted.append(f"takeover took {max(times):.2f} s, limit {limit} s")
        if extra > running:
            wanted.append(f"{extra} further attempts after kills, but only {running} runs were RUNNING")
    return wanted


def judge_outages(experiment, first, figures):
    """Nothing starts while the database is away, and soon after it is back something does."""
    wanted, during, waits = [], 0, []
    for fault in experiment.history.faults:
        if fault.kind != "database":
            continue
        down, up, back = (one / SECOND for one in (fault.detail["down"], fault.detail["up"], fault.end))
        # A start that was committed before may send its byte for half a second.
        during += sum(down + SEND_WINDOW_SECONDS + 0.1 <= at < up for at, _, _ in first)
        after = [at for at, _, _ in first if at >= up]
        waits += [max(0, min(after) - back)] if after else []
    if waits:
        figures["database outages"] = {
            "outages": len(waits), "starts while away": during, "first start after in s, max": round(max(waits), 2)}
        if during:
            wanted.append(f"{during} starts while the database was away")
        if max(waits) > FIRST_START_LIMIT:
            wanted.append(f"the first start came {max(waits):.1f} s after the database was back")
    return wanted


def phase_at(experiment, at):
    names = [name for name, begin, end in experiment.phases if begin <= at <= end]
    return names[-1] if names else "between phases"


def phase_of(experiment, at):
    return f"({phase_at(experiment, at)}, {text(at)})" if at is not None else ""


def print_table(result):
    print(f"\nseed {result['seed']}: {result['nodes']} nodes, lease {result['lease']} s, "
          f"pooling {result['pooling']}, redis {result['redis']}")
    for title in ("numbers", "hits", "failpoints", "figures"):
        print(f"  {title}")
        for name, value in result[title].items():
            shown = "  ".join(f"{key} {one}" for key, one in value.items()) if isinstance(value, dict) else value
            print(f"    {name:<36} {shown}")
    for line in result["latest"]:
        print(line)
    for line in result["limits"]:
        print("MISSED", line)
    for line in result["violations"][:40]:
        print("WRONG", line)
    by_rule = collections.Counter(line.split(" ", 1)[0] for line in result["violations"])
    print(f"{len(result['violations'])} violations {dict(by_rule) if by_rule else ''}")
