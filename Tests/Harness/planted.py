"""Shows that the checker sees: a sound story without a finding, then one planted defect at a time, each found alone."""
import copy

import checker
from history import SECOND, History, JobHistory, Ledger, State, text

BEGIN = 1_767_225_600 * SECOND
RUNS = 1_000
KILL = BEGIN + 400 * SECOND + 100_000


class Story:
    """Two jobs that fire every second, one of them at most once, a killed node, a pause, an edit and a trigger."""

    def __init__(self):
        self.history, self.items, self.deliveries = History(), [], []
        self.history.incarnations = {"a": "node-0", "b": "node-1"}
        self.history.fault("kill", "node-0", KILL).end = KILL
        self.often = self.history.job(JobHistory("often"))
        self.once = self.history.job(JobHistory("once", at_most_once=True))
        self.edited = self.history.job(JobHistory("edited"))
        for job in (self.often, self.once, self.edited):
            job.happened(State(1, SECOND), BEGIN + 500_000)
        for number in range(1, RUNS + 1):
            self.run("often", BEGIN + number * SECOND, killed=number == 400)
            self.run("once", BEGIN + number * SECOND)
        self.pause_and_edit()
        for job in (self.often, self.once):
            job.happened(State(1, SECOND, is_paused=True), BEGIN + RUNS * SECOND + 500_000)
        self.history.until = BEGIN + RUNS * SECOND + SECOND

    def pause_and_edit(self):
        """Fires at 1 to 3, is paused from 3.5 to 6.5, becomes definition 2 at 7.5, is triggered and paused at 9.5."""
        at = [BEGIN + number * SECOND + 500_000 for number in range(10)]
        for number in (1, 2, 3, 7):
            self.run("edited", BEGIN + number * SECOND)
        self.skip("edited", BEGIN + 4 * SECOND, BEGIN + 6 * SECOND, 3, "paused", at[6])
        self.edited.happened(State(1, SECOND, is_paused=True), at[3])
        self.edited.happened(State(1, SECOND), at[6])
        self.edited.happened(State(2, SECOND), at[7])
        self.run("edited", BEGIN + 8 * SECOND, definition=2)
        self.run("edited", BEGIN + 9 * SECOND, definition=2)
        self.run("edited", at[8] + 1, definition=2, origin="trigger")
        self.edited.asked_runs[self.items[-1]["id"]] = at[8] + 10_000
        self.edited.happened(State(2, SECOND, is_paused=True), at[9])

    def run(self, job, slot, definition=1, origin="schedule", killed=False):
        attempts = [self.attempt(1, slot, "a", "lease_lost" if killed else "success")]
        if killed:
            attempts.append(self.attempt(2, slot + 4 * SECOND, "b", "success"))
        identity = f"{job}-{slot}"
        self.items.append({
            "id": identity, "job_id": job, "origin": origin, "scheduled_for": text(slot), "status": "SUCCESS",
            "reason": "succeeded", "finished_at": attempts[-1]["finished_at"], "attempts": attempts})
        for attempt in attempts:
            self.deliveries.append({
                "run": identity, "job": job, "attempt": attempt["attempt"], "fence": attempt["fence"], "status": 200,
                "at": slot / SECOND + (0.002 if attempt["attempt"] == 1 else 4.001), "definition": definition})

    def attempt(self, number, started, node, outcome):
        took = 3 * SECOND if outcome == "lease_lost" else 5_000
        return {"attempt": number, "fence": number, "node": node, "started_at": text(started),
                "finished_at": text(started + took), "outcome": outcome,
                "http_status": 200 if outcome == "success" else None}

    def skip(self, job, first, last, count, reason, at):
        self.items.append({
            "id": f"{job}-{first}", "job_id": job, "origin": "schedule", "scheduled_for": text(first),
            "last_scheduled_for": text(last), "skipped_count": count, "status": "SKIPPED", "reason": reason,
            "finished_at": text(at), "attempts": []})

    def of(self, job, number):
        identity = f"{job}-{BEGIN + number * SECOND}"
        return next(item for item in self.items if item["id"] == identity)

    def sent(self, job, number):
        return next(one for one in self.deliveries if one["run"] == f"{job}-{BEGIN + number * SECOND}")

    def check(self, earlier=()):
        return checker.check(self.history, self.deliveries, Ledger(self.items), earlier)


def lose(story):
    story.items.remove(story.of("often", 777))
    story.deliveries.remove(story.sent("often", 777))


def double_slot(story):
    twin = copy.deepcopy(story.of("often", 5)) | {"id": "twin"}
    story.items.append(twin)
    story.deliveries.append(story.sent("often", 5) | {"run": "twin"})


def send_again(story):
    run = story.of("once", 400)
    run["attempts"] = [story.attempt(1, BEGIN + 400 * SECOND, "a", "lease_lost"),
                       story.attempt(2, BEGIN + 404 * SECOND, "b", "success")]
    story.deliveries.append(story.sent("once", 400) | {"attempt": 2, "fence": 2, "at": BEGIN / SECOND + 404.001})


def retry_for_nothing(story):
    run = story.of("often", 9)
    run["attempts"] = [story.attempt(1, BEGIN + 9 * SECOND, "b", "lease_lost"),
                       story.attempt(2, BEGIN + 13 * SECOND, "b", "success")]
    story.deliveries.append(story.sent("often", 9) | {"attempt": 2, "fence": 2, "at": BEGIN / SECOND + 13.001})


def share_a_key(story):
    """Both fire at 1 to 3 and 7 to 9."""
    for job in (story.once, story.edited):
        job.overlap, job.key = "skip", "warehouse"


PLANTED = {
    "nothing": (lambda story: None, []),
    "1 of 1,000 lost": (lose, ["I1 lost slot"]),
    "a slot twice": (double_slot, ["I2 doubled slot"]),
    "an at-most-once run sent again": (send_again, ["I5 at-most-once"]),
    "an attempt delivered twice": (
        lambda story: story.deliveries.append(dict(story.sent("often", 3))), ["I4 attempt 1"]),
    "50 ms early": (lambda story: story.sent("often", 3).update(at=BEGIN / SECOND + 2.95), ["I8 delivered"]),
    "a forged success": (lambda story: story.deliveries.remove(story.sent("often", 3)), ["forged attempt"]),
    "a delivery without a row": (lambda story: story.deliveries.append(
        story.sent("often", 3) | {"run": "nobody's"}), ["forged delivered"]),
    "a missing skip row": (lambda story: story.items.remove(story.of("edited", 4)), ["I1 lost slot"] * 3),
    "a skip row that counts wrongly": (
        lambda story: story.of("edited", 4).update(skipped_count=2), ["I1 skip range"]),
    "a further attempt without a reason": (retry_for_nothing, ["I6 attempt 1 ended as lease_lost"]),
    "the old definition after an edit": (
        lambda story: story.sent("edited", 9).update(definition=1), ["I9 attempt 1 started"]),
    "the old definition's byte long after an edit": (
        lambda story: story.sent("edited", 7).update(at=BEGIN / SECOND + 11.002), ["I9 attempt 1 (started"]),
    "a start while paused": (lambda story: story.run("edited", BEGIN + 5 * SECOND) or story.of("edited", 4).update(
        skipped_count=1, last_scheduled_for=text(BEGIN + 4 * SECOND)) or story.skip(
        "edited", BEGIN + 6 * SECOND, BEGIN + 6 * SECOND, 1, "paused", BEGIN + 6_500_000),
        ["I9 attempt 1 started"]),
    "a lost trigger": (lambda story: story.edited.asked_runs.update({"gone": BEGIN}), ["I1 lost run"]),
    "two jobs of one key side by side": (share_a_key, ["overlap started"] * 6),
    "a run left alive": (lambda story: story.of("often", 3).update(
        status="RUNNING", attempts=[story.attempt(1, BEGIN + 3 * SECOND, "a", None)]), ["I10 still RUNNING"]),
}


def prove_itself():
    """Feeds the checker each planted defect; it must find that one and nothing else."""
    for name, (plant, wanted) in PLANTED.items():
        story = Story()
        plant(story)
        judge(name, story.check(), wanted)
    story = Story()
    before = Ledger(story.items)
    story.of("often", 400)["attempts"][1]["outcome"] = "http_error"
    story.of("often", 400)["status"] = "DEAD"
    found = [one for one in story.check([before]) if "was (" in one.text]
    judge("an end that changed", found, ["I3 was"])


def judge(name, found, wanted):
    lines = [f"{one.rule} {one.text}" for one in found]
    print(f"checker, planted {name}: {lines[:3] or 'nothing found'}")
    if len(lines) != len(wanted) or not all(line.startswith(want) for line, want in zip(sorted(lines), sorted(wanted))):
        raise SystemExit(f"the checker is wrong about: {name}: {lines}")


if __name__ == "__main__":
    prove_itself()
