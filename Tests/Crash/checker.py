"""Compares what the receiver saw with what the ledger says."""
import copy
import datetime


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def check(jobs, runs, deliveries):
    """The violations of one experiment with jobs that fire every second.

    jobs: as the API shows them, paused, with `created` and `updated_at`; runs: job id → its runs with attempts;
    deliveries: the receiver's log.
    """
    problems = []
    by_slot = {}
    for delivery in deliveries:
        by_slot.setdefault((delivery["job"], delivery["scheduled_for"]), []).append(delivery)
        if delivery["at"] < seconds(delivery["scheduled_for"]):
            problems.append(f"early: {delivery['job']} {delivery['scheduled_for']} at {delivery['at']}")
    for job in jobs:
        problems += check_job(job, runs[job["id"]], by_slot)
    return problems


def check_job(job, runs, by_slot):
    problems = []
    first = int(seconds(job["created"])) + 1
    last = int(seconds(job["updated_at"]))
    slots = {}
    for run in runs:
        slot = seconds(run["scheduled_for"])
        if slot in slots:
            problems.append(f"doubled slot: {job['id']} {run['scheduled_for']}")
        slots[slot] = run
    for slot in range(first, last + 1):
        if slot not in slots:
            problems.append(f"lost slot: {job['id']} {slot}")
    for run in runs:
        problems += check_run(job, run, by_slot.get((job["id"], run["scheduled_for"]), []))
    return problems


def check_run(job, run, deliveries):
    where = f"{job['id']} {run['scheduled_for']}"
    problems = []
    if run["status"] == "SKIPPED" and run["reason"] == "paused":
        return [f"delivered although skipped: {where}"] if deliveries and not run["attempts"] else []
    if run["status"] != "SUCCESS":
        problems.append(f"ended {run['status']} ({run['reason']}): {where}")
    if not deliveries:
        problems.append(f"lost: {where} is {run['status']} but never arrived")
    numbers = [delivery["attempt"] for delivery in deliveries]
    if len(set(numbers)) != len(numbers):
        problems.append(f"doubled: {where} attempts {numbers}")
    known = {attempt["attempt"]: attempt for attempt in run["attempts"]}
    for number in numbers:
        if number not in known:
            problems.append(f"unrecorded attempt {number}: {where}")
        if number > 1 and known.get(number - 1, {}).get("outcome") != "lease_lost":
            problems.append(f"unexplained attempt {number}: {where}")
    return problems


def prove_itself():
    """Feeds the checker one planted loss, one doubled and one early firing; each must be found, and nothing else."""
    job = {"id": "j", "created": "2026-01-01T00:00:00.500000Z", "updated_at": "2026-01-01T00:00:03.500000Z"}
    runs, deliveries = [], []
    for second in (1, 2, 3):
        slot = f"2026-01-01T00:00:0{second}.000000Z"
        runs.append({"scheduled_for": slot, "status": "SUCCESS", "reason": "succeeded",
                     "attempts": [{"attempt": 1, "outcome": "success"}]})
        deliveries.append({"job": "j", "scheduled_for": slot, "attempt": 1, "at": seconds(slot) + 0.001})

    def problems(change):
        changed = copy.deepcopy((runs, deliveries))
        change(*changed)
        return check([job], {"j": changed[0]}, changed[1])

    def early(_, log):
        log[1]["at"] = seconds(log[1]["scheduled_for"]) - 0.05

    cases = {
        "sound": (lambda r, d: None, []),
        "lost delivery": (lambda r, d: d.pop(1), ["lost:"]),
        "lost slot": (lambda r, d: (r.pop(1), d.pop(1)), ["lost slot:"]),
        "doubled": (lambda r, d: d.append(copy.deepcopy(d[1])), ["doubled:"]),
        "early": (early, ["early:"]),
    }
    for name, (change, wanted) in cases.items():
        found = problems(change)
        matches = len(found) == len(wanted) and all(f.startswith(w) for f, w in zip(found, wanted))
        print(f"checker, planted {name}: {found or 'nothing found'}")
        if not matches:
            raise SystemExit(f"the checker is wrong about: {name}")
