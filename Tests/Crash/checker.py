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
    # Under at-most-once a kill while RUNNING leaves the outcome unknown, and nobody asks again.
    unknown = job.get("delivery") == "at_most_once" and run["reason"] == "outcome_unknown"
    if unknown and [attempt["outcome"] for attempt in run["attempts"]] != ["lease_lost"]:
        problems.append(f"unexplained unknown outcome: {where}")
    if run["status"] != "SUCCESS" and not unknown:
        problems.append(f"ended {run['status']} ({run['reason']}): {where}")
    if not deliveries and not unknown:
        problems.append(f"lost: {where} is {run['status']} but never arrived")
    if job.get("delivery") == "at_most_once" and len(deliveries) > 1:
        problems.append(f"sent twice under at-most-once: {where}")
    numbers = [delivery["attempt"] for delivery in deliveries]
    if len(set(numbers)) != len(numbers):
        problems.append(f"doubled: {where} attempts {numbers}")
    known = {attempt["attempt"]: attempt for attempt in run["attempts"]}
    for number in numbers:
        if number not in known:
            problems.append(f"unrecorded attempt {number}: {where}")
        # `not_sent` explains the next attempt as long as the receiver never saw the one before.
        before = known.get(number - 1, {}).get("outcome")
        explained = before == "lease_lost" or (before == "not_sent" and number - 1 not in numbers)
        if number > 1 and not explained:
            problems.append(f"attempt {number} after {before}: {where}")
    return problems


def prove_itself():
    """Feeds the checker one planted defect of each kind; each must be found, and nothing else."""
    job = {"id": "j", "created": "2026-01-01T00:00:00.500000Z", "updated_at": "2026-01-01T00:00:03.500000Z"}
    runs, deliveries = [], []
    for second in (1, 2, 3):
        slot = f"2026-01-01T00:00:0{second}.000000Z"
        runs.append({"scheduled_for": slot, "status": "SUCCESS", "reason": "succeeded",
                     "attempts": [{"attempt": 1, "outcome": "success"}]})
        deliveries.append({"job": "j", "scheduled_for": slot, "attempt": 1, "at": seconds(slot) + 0.001})

    def problems(change):
        changed = copy.deepcopy((runs, deliveries))
        tried = job | {"delivery": "at_most_once"} if change is twice else job
        change(*changed)
        return check([tried], {"j": changed[0]}, changed[1])

    def early(_, log):
        log[1]["at"] = seconds(log[1]["scheduled_for"]) - 0.05

    def twice(ended, log):
        ended[1]["attempts"] = [{"attempt": 1, "outcome": "lease_lost"}, {"attempt": 2, "outcome": "success"}]
        log.append(log[1] | {"attempt": 2})

    cases = {
        "sound": (lambda r, d: None, []),
        "lost delivery": (lambda r, d: d.pop(1), ["lost:"]),
        "lost slot": (lambda r, d: (r.pop(1), d.pop(1)), ["lost slot:"]),
        "doubled": (lambda r, d: d.append(copy.deepcopy(d[1])), ["doubled:"]),
        "early": (early, ["early:"]),
        "second send": (twice, ["sent twice"]),
    }
    for name, (change, wanted) in cases.items():
        found = problems(change)
        matches = len(found) == len(wanted) and all(f.startswith(w) for f, w in zip(found, wanted))
        print(f"checker, planted {name}: {found or 'nothing found'}")
        if not matches:
            raise SystemExit(f"the checker is wrong about: {name}")
