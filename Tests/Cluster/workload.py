"""What people do to the cluster: about `rate` runs a second of every kind of job, one-shots, triggers, redrives, and edits
within 50 ms of slots. Every request and its answer go into the history."""
import dataclasses
import random
import threading
import time
import uuid

from api import NotDone, Unknown
from history import SECOND, JobHistory, State, micros, text

NEAR_SLOT = 0.05
# How long before its slot a one-shot is made, at most.
ONE_SHOT_LEAD = 2.0
# Between two edits of one job, on average; during the fault kind `edits` there is no pause.
EDIT_PAUSE = 5.0

# Per 100 runs/s: name, how many jobs, path of the receiver, fields of the job, what the checker must know.
EACH_SECOND = {"schedule": "* * * * * *", "overlap": "allow", "max_retries": 8, "base_delay": "200ms"}
MIX = [
    ("plain", 34, "/ok", {}, {"is_prompt": True}),
    ("once", 20, "/ok", {"delivery": "at_most_once"}, {"is_prompt": True}),
    ("flaky", 10, "/flaky/1", {}, {}),
    ("slow", 8, "/slow/1200", {}, {}),
    ("slow-once", 2, "/slow/400", {"delivery": "at_most_once"}, {}),
    ("skip", 3, "/slow/1500", {"overlap": "skip"}, {}),
    ("queue", 3, "/slow/700", {"overlap": "queue(2)"}, {}),
    ("cancel", 2, "/slow/1500", {"overlap": "cancel_other"}, {}),
    ("keyed", 3, "/slow/400", {"overlap": "skip", "concurrency_key": "warehouse"}, {"key": "warehouse"}),
    ("rated", 2, "/ok", {"concurrency_key": "partner", "rate_limit": "6/2s"}, {}),
    ("late-skip", 2, "/ok", {"misfire": "skip", "misfire_after": "2s"}, {}),
    ("late-last", 2, "/ok", {"misfire": "fire_last", "misfire_after": "2s"}, {}),
    ("late-all", 2, "/ok", {"misfire": "fire_all", "misfire_after": "2s", "catchup_limit": 3}, {}),
    ("dying", 2, "/flaky/3", {"schedule": "*/5 * * * * *", "max_retries": 1}, {"receiver_recovers": False}),
    ("asked", 3, "/ok", {}, {}),
    ("edited", 8, "/ok", {}, {}),
]


class Workload:
    def __init__(self, api, history, receiver, rate, chance):
        self.api, self.history, self.receiver, self.rate = api, history, receiver, rate
        self.chance = chance
        self.jobs, self.versions, self.definitions = {}, {}, {}
        self.edit_pause = EDIT_PAUSE
        # From sending a change to the instant at which it is carried out, in seconds; measured.
        self.latency = 0.02
        self.edits_near_slot, self.operations, self.lost_answers, self.refused = 0, 0, 0, 0
        self.halt, self.threads, self.errors = threading.Event(), [], []

    # Making jobs

    def create_jobs(self):
        for name, count, path, fields, traits in MIX:
            share = count * self.rate / 100
            for number in range(max(1, round(share))):
                self.jobs.setdefault(name, []).append(self.create(f"{name}-{number}", path, fields, traits))

    def create(self, name, path, fields, traits, once=None):
        """A new job; its id is ours, so that it can be found when the answer is lost."""
        body = EACH_SECOND | fields | {
            "id": str(uuid.UUID(int=self.chance.getrandbits(128), version=4)), "name": f"{name}-{self.chance.getrandbits(32):08x}",
            "action": {"type": "webhook", "url": self.receiver.base + path}, "payload": {"v": 1}}
        if once is not None:
            body["schedule"] = text(once)
        job = JobHistory(
            body["id"], at_most_once=body.get("delivery") == "at_most_once", overlap=body["overlap"],
            max_retries=body["max_retries"], misfire_after=2 * SECOND if "misfire" in body else 60 * SECOND, **traits)
        sent = now()
        state = State(1, period=5 * SECOND if body["schedule"].startswith("*/5") else SECOND, once=once)
        try:
            answer = self.api.ask("POST", "/jobs", body)
        except NotDone:
            self.refused += 1
            return None
        except Unknown:
            self.lost_answers += 1
            job.may_have_happened(state, sent)
            return self.history.job(job)
        if answer.status == 422 and once is not None:
            return None  # Its moment has passed while a node was looked for.
        self.operations += 1
        if answer.status != 201:
            raise SystemExit(f"POST /jobs: {answer.status} {answer.body}")
        job.happened(state, micros(answer.body["created_at"]))
        self.versions[job.id] = answer.body["version"]
        return self.history.job(job)

    # Running beside the faults

    def start(self):
        edited = [job for job in self.jobs["edited"] if job]
        for target, *arguments in [(self.ask,)] + [(self.edit, job) for job in edited]:
            self.threads.append(threading.Thread(target=self.guarded, args=(target, *arguments), daemon=True))
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.halt.set()
        for thread in self.threads:
            thread.join(60)

    def guarded(self, target, *arguments):
        """A thread that fails must fail the test."""
        try:
            target(*arguments)
        except BaseException as error:
            self.errors.append(repr(error))

    def ask(self):
        """One-shots, triggers, redrives and cancels, one after the other."""
        chance = random.Random(self.chance.random())
        while not self.halt.wait(0.25):
            what = chance.random()
            if what < 0.4:
                once = now() // 1000 * 1000 + int(chance.uniform(500, ONE_SHOT_LEAD * 1000)) * 1000
                fields = {"delivery": chance.choice(["at_least_once", "at_most_once"])}
                self.create("one-shot", "/ok", fields, {}, once=once)
            elif what < 0.7:
                self.trigger(chance.choice(self.jobs["asked"]))
            elif what < 0.9:
                self.redrive(chance)
            else:
                self.cancel(chance.choice(self.jobs["slow"]))

    def trigger(self, job):
        if job:
            self.new_run(job, f"/jobs/{job.id}/trigger")

    def redrive(self, chance):
        dead = self.answered("GET", "/dead-letters?limit=50")
        if not dead or not dead.body["items"]:
            return
        run = chance.choice(dead.body["items"])
        job = self.history.jobs.get(run["job_id"])
        if job:
            # Before it is sent: from here on the run may go on.
            job.redriven[run["id"]] += 1
            self.new_run(job, f"/runs/{run['id']}/redrive", same=run["id"])

    def new_run(self, job, path, same=None):
        try:
            answer = self.api.ask("POST", path, {})
        except NotDone:
            self.refused += 1
        except Unknown:
            self.lost_answers += 1
            job.unknown_asks += 1
        else:
            self.operations += 1
            if answer.status == 202 and answer.body["id"] != same:
                job.asked_runs[answer.body["id"]] = now()

    def cancel(self, job):
        if job:
            job.cancels.append(now())
            self.answered("POST", f"/jobs/{job.id}/cancel")

    def answered(self, method, path, body=None):
        try:
            return self.api.ask(method, path, body)
        except NotDone:
            self.refused += 1
        except Unknown:
            self.lost_answers += 1
        return None

    # Edits

    def edit(self, job):
        """Changes a job, each time aiming at a slot. Nobody else changes it, so its changes lie in the order in which they
        happened."""
        chance = random.Random(self.chance.random())
        while not self.wait_near_slot(chance):
            if chance.random() < 0.05:
                job = self.delete(job)
            else:
                self.change(job, job.changes[-1].state, chance)
            if self.halt.wait(chance.uniform(0, 2 * self.edit_pause)):
                return

    def wait_near_slot(self, chance):
        """Until a request, if it takes as long as usual, is carried out within 50 ms of the next whole second."""
        slot = int(time.time() + self.latency + NEAR_SLOT) + 1
        return self.halt.wait(max(0, slot + chance.uniform(-NEAR_SLOT, NEAR_SLOT) - self.latency - time.time()))

    def delete(self, job):
        """Deletes a job and makes another in its place. Without an answer it is repeated, so that it has happened."""
        for state, since in job.doubts:
            job.may_have_happened(state, since)
        sent = now()
        self.api.insist("DELETE", f"/jobs/{job.id}")
        job.happened(dataclasses.replace(job.changes[-1].state, is_deleted=True), sent, now())
        self.operations += 1
        while True:
            made = self.create("edited", "/ok", {}, {})
            if made and made.changes[0].is_certain:
                return made
            self.halt.wait(0.1)

    def change(self, job, state, chance):
        if state.is_paused:
            after = State(state.definition, state.period)
            policy = chance.choice(["none", "last", "all"])
            return self.carry_out(job, after, "POST", f"/jobs/{job.id}/resume", {"policy": policy})
        what = chance.random()
        if what < 0.3:
            after = State(state.definition, state.period, is_paused=True)
            return self.carry_out(job, after, "POST", f"/jobs/{job.id}/pause", {})
        self.definitions[job.id] = number = self.definitions.get(job.id, 1) + 1
        if what < 0.7:
            return self.carry_out(job, State(number, state.period), "PATCH", f"/jobs/{job.id}", {"payload": {"v": number}})
        period = 2 if state.period == SECOND else 1
        schedule = "* * * * * *" if period == 1 else "*/2 * * * * *"
        return self.carry_out(job, State(number, period * SECOND), "PATCH", f"/jobs/{job.id}",
                              {"payload": {"v": number}, "schedule": schedule})

    def carry_out(self, job, after, method, path, body):
        """One change, depending on the version before it, so that a lost one cannot happen after a later one. What became
        of a lost one is asked until it is known."""
        version, sent = self.versions.get(job.id), now()
        headers = {"if-match": f'"{version}"'}
        try:
            answer = self.api.ask(method, path, body, headers)
        except NotDone:
            self.refused += 1
            return
        except Unknown:
            self.lost_answers += 1
            job.doubts.append((after, sent))
            self.resolve(job, version)
            return
        if answer.status == 412:
            # An earlier one of ours came through after all.
            self.resolve(job, version)
            return
        if answer.status >= 400:
            raise SystemExit(f"{method} {path}: {answer.status} {answer.body}")
        self.operations += 1
        self.accept(job, after, answer.body)
        took = (micros(answer.body["updated_at"]) - sent) / SECOND
        self.latency += 0.2 * (min(max(took, 0), 0.2) - self.latency)

    def accept(self, job, state, shown):
        at = micros(shown["updated_at"])
        job.happened(state, at)
        self.versions[job.id] = shown["version"]
        job.doubts = []
        distance = at % state.period if state.period else 0
        if min(distance, state.period - distance) <= NEAR_SLOT * SECOND:
            self.edits_near_slot += 1

    def resolve(self, job, version):
        """Looks which change in doubt happened. If none, one may still: the next change then finds another version."""
        shown = self.api.call("GET", f"/jobs/{job.id}")
        if shown["version"] == version:
            return
        happened = [state for state, _ in job.doubts if is_shown(state, shown)]
        if shown["version"] != version + 1 or not happened:
            raise SystemExit(f"job {job.id} went from version {version} to {shown} with {job.doubts} in doubt")
        self.accept(job, happened[0], shown)

    # The end

    def pause_all(self):
        """Pauses everything that still fires; the answers tell from when on nothing more is due."""
        for job in list(self.history.jobs.values()):
            if not job.changes[0].is_certain and not self.find(job):
                del self.history.jobs[job.id]
            elif job.changes[-1].state.once is None and not job.changes[-1].state.is_deleted:
                answer = self.api.insist("POST", f"/jobs/{job.id}/pause", {})
                if answer.status != 200:
                    raise SystemExit(f"pause {job.id}: {answer.status} {answer.body}")
                self.settle(job, answer.body)

    def find(self, job):
        """Whether a job exists whose creation was not acknowledged; then it is known when it came to be."""
        answer = self.api.insist("GET", f"/jobs/{job.id}")
        if answer.status != 200:
            return False
        created = job.changes[0]
        # A frozen node may have carried it out long after it was sent.
        created.earliest = created.latest = micros(answer.body["created_at"])
        created.is_certain = True
        self.versions[job.id] = answer.body["version"]
        return True

    def settle(self, job, shown):
        happened = [state for state, _ in job.doubts if state.definition == shown["payload"]["v"]]
        if happened and shown["version"] > self.versions[job.id] + 1:
            # The lost one happened since then; nobody saw when.
            job.happened(happened[0], job.changes[-1].latest, micros(shown["updated_at"]))
        state = job.changes[-1].state
        if not state.is_paused:
            job.happened(State(state.definition, state.period, is_paused=True), micros(shown["updated_at"]))


def is_shown(state, shown):
    """Whether the API shows a job in this state."""
    period = 2 * SECOND if shown["schedule"].startswith("*/2") else SECOND
    return (state.definition, state.is_paused, state.period) == (shown["payload"]["v"], shown["state"] == "paused", period)


def now():
    return int(time.time() * SECOND)
