"""Compares what people asked for, what the receiver saw and what the ledger says. Pure functions; see RELIABILITY's I1–I10
in short beside each rule.

I1 every required slot is accounted for · I2 no slot twice · I3 one end, unchanging · I4 one delivery per attempt ·
I5 one delivery per at-most-once run · I6 every further attempt has a reason · I8 nothing early · I9 nothing old after an
acknowledged change · I10 nothing stays alive. `forged`: the ledger claims what the receiver never saw. `overlap`: a run
that may not run beside another did.
"""
import collections

from history import SECOND, micros

# A start is committed before its byte leaves: the byte must leave within this time, or not at all.
SEND_WINDOW = SECOND // 2
# Until the receiver has read it, on a machine where everything runs on two busy cores.
DELIVERY_SLACK = 5 * SECOND // 2
EARLY_LIMIT = 5_000
# Faults after which a node's attempts may be lost, or answered too late.
LOSING = ("kill", "stop", "partition")
# How long a run can hold its job's key: from its slot to the end of its last attempt.
LONGEST_RUN = 60 * SECOND
ENDS = ("SUCCESS", "DEAD", "SKIPPED", "CANCELLED")

Violation = collections.namedtuple("Violation", "rule text at")


def check(history, deliveries, ledger, earlier=(), events_of=lambda run: []):
    """All violations. `earlier`: ledgers that were read before, while runs were still under way; `events_of`: the edges of a
    run as the API shows them."""
    checker = Checker(history, deliveries, ledger, events_of)
    for job in history.jobs.values():
        checker.check_slots(job)
        checker.check_asked(job)
    for run in ledger.runs:
        if run.job in history.jobs:
            checker.check_run(history.jobs[run.job], run)
        else:
            checker.wrong("I1", "run of an unknown job", run)
    checker.check_strays()
    checker.check_overlap()
    for one in earlier:
        checker.check_unchanged(one)
    return checker.found


class Checker:
    def __init__(self, history, deliveries, ledger, events_of):
        self.history, self.ledger, self.events_of, self.found = history, ledger, events_of, []
        self.deliveries = collections.defaultdict(list)
        for delivery in deliveries:
            self.deliveries[delivery["run"]].append(delivery)
        self.runs_of = collections.defaultdict(list)
        for run in ledger.runs:
            self.runs_of[run.job].append(run)
        self.jobs_of_key = collections.defaultdict(list)
        for job in history.jobs.values():
            self.jobs_of_key[job.key or job.id].append(job)
        # One-shots have no last change; what is due until the ledger was read is accounted for.
        self.until = history.until

    def wrong(self, rule, text, run=None, at=None):
        where = f"{text}: run {run.id} of job {run.job} slot {run.slot / SECOND:.6f}" if run else text
        self.found.append(Violation(rule, where, run.slot if run else at))

    # I1, I2

    def check_slots(self, job):
        rows = collections.Counter()
        for run in self.runs_of[job.id]:
            if run.origin != "schedule":
                continue
            slots = self.range_slots(job, run) if run.is_range else [run.slot]
            rows.update(slots)
            for slot in slots:
                self.check_wanted(job, run, slot)
        for slot, count in rows.items():
            if count > 1:
                self.wrong("I2", f"doubled slot: {slot / SECOND:.6f} of job {job.id} has {count} rows", at=slot)
        for slot in self.required(job):
            if slot not in rows:
                self.wrong("I1", f"lost slot: {slot / SECOND:.6f} of job {job.id} has no row", at=slot)

    def range_slots(self, job, run):
        """The slots of a skip range, if its count agrees; between changes that cannot be told, what is possible."""
        slots = {run.slot, run.last_slot}
        for state in {state for at in (run.slot, run.last_slot + 1) for state in job.possible(at)}:
            slots |= set(state.slots(run.slot, run.last_slot))
        if len(slots) != run.count and len({s.period for s in job.possible(run.slot) + job.possible(run.last_slot + 1)}) == 1:
            self.wrong("I1", f"skip range counts {run.count} slots and spans {len(slots)}", run)
        return slots

    def check_wanted(self, job, run, slot):
        states = job.possible(slot)
        # A person may cancel what is planned; those rows stay although a later change has other slots.
        if not any(state.has_slot(slot) for state in states) and not (run.status == "CANCELLED" and job.cancels):
            self.wrong("I1", f"row for {slot / SECOND:.6f}, which is no slot", run)

    def required(self, job):
        """Slots that every possible course of events accounts for."""
        resumes = [change.earliest for before, change in zip(job.changes, job.changes[1:])
                   if before.state.is_paused and not change.state.is_paused and not change.state.is_deleted
                   and change.is_certain]
        last_resume = max(resumes, default=0)
        candidates = set()
        for index, change in enumerate(job.changes):
            end = self.until if change.state.once is not None else job.end
            if index + 1 < len(job.changes):
                end = job.changes[index + 1].latest or end
            candidates |= set(change.state.slots(change.earliest, end))
        for slot in sorted(candidates):
            states = job.possible(slot)
            if states and all(s.has_slot(slot) and (not s.is_paused or slot <= last_resume) for s in states):
                # A resume accounts for the slots since the pause by the schedule that is then in force.
                if any(s.is_paused for s in states) and not self.has_slot_at_resume(job, slot, resumes):
                    continue
                yield slot

    def has_slot_at_resume(self, job, slot, resumes):
        resume = min(at for at in resumes if at >= slot)
        return all(state.has_slot(slot) for state in job.possible(resume))

    # I3, I4, I5, I6, I8, I9, forged

    def check_run(self, job, run):
        deliveries = self.deliveries.get(run.id, [])
        if run.status not in ENDS:
            self.wrong("I10", f"still {run.status}", run)
        if run.status == "SKIPPED":
            self.check_skip(job, run)
        if run.status == "CANCELLED":
            self.check_cancel(job, run)
        self.check_ending(job, run)
        seen = collections.Counter(delivery["attempt"] for delivery in deliveries)
        for number, count in seen.items():
            if count > 1:
                self.wrong("I4", f"attempt {number} was delivered {count} times", run)
        if job.at_most_once and len(deliveries) > 1:
            self.wrong("I5", f"at-most-once run was sent {len(deliveries)} times", run)
        attempts = {attempt.number: attempt for attempt in run.attempts}
        answered = {delivery["attempt"]: delivery["status"] for delivery in deliveries}
        for attempt in run.attempts:
            self.check_attempt(job, run, attempt, attempts, answered.get(attempt.number))
        for delivery in deliveries:
            self.check_delivery(job, run, delivery, attempts.get(delivery["attempt"]))

    def check_skip(self, job, run):
        reason, at = run.reason, run.finished or run.slot
        states = job.possible(at) + job.possible(at + 1)
        if reason == "paused":
            is_explained = any(state.is_paused for state in states)
        elif reason == "deleted":
            is_explained = any(state.is_deleted for state in states)
        elif reason in ("misfire", "coalesced", "out_of_window"):
            is_explained = at - run.last_slot >= job.misfire_after - 1000
        elif reason == "overlap":
            is_explained = job.overlap != "allow" and self.is_busy(job, run, at)
        else:
            is_explained = False
        if not is_explained:
            self.wrong("I1", f"skipped ({reason}) without a reason{self.around(job, run)}", run)

    def around(self, job, run):
        """What else its key had at that time, for whoever reads the report."""
        near = [other for other in self.runs_of_key(job.key or job.id)
                if other is not run and abs(other.slot - run.slot) < 3 * SECOND]
        return f" at {(run.finished or 0) / SECOND:.3f}; beside it: " + ", ".join(
            f"{other.id} slot {other.slot / SECOND:.0f} {other.status}" + "".join(
                f" {attempt.started / SECOND:.3f}–{(attempt.finished or 0) / SECOND:.3f} {attempt.outcome}"
                for attempt in other.attempts) for other in near)

    def is_busy(self, job, skipped, at):
        others = [run for run in self.runs_of_key(job.key or job.id) if run is not skipped]
        if any(attempt.started <= at and (attempt.finished or at) >= at for run in others for attempt in run.attempts):
            return True
        # A start whose node never heard of it is given again or made elsewhere: the attempt names the moment that counted,
        # the run's edges also the first one.
        return any(self.was_running(run, at) for run in others if abs(run.slot - at) < LONGEST_RUN)

    def was_running(self, run, at):
        edges = [(micros(edge["at"]), edge["to"]) for edge in self.events_of(run.id)]
        return any(to == "RUNNING" and begin <= at <= end
                   for (begin, to), (end, _) in zip(edges, edges[1:] + [(at, None)]))

    def check_cancel(self, job, run):
        allowed = {"user": bool(job.cancels), "overlap": job.overlap == "cancel_other",
                   "redriven": run.id in job.redriven, "discarded": False, "edited": False}
        if not allowed.get(run.reason, False):
            self.wrong("I3", f"cancelled ({run.reason}) without a reason", run)

    def check_ending(self, job, run):
        outcomes = [attempt.outcome for attempt in run.attempts]
        if (run.status == "SUCCESS") != (outcomes[-1:] == ["success"]):
            self.wrong("I3", f"is {run.status} after {outcomes[-1:]}", run)
        if run.status == "DEAD" and not job.at_most_once:
            budget = (1 + job.max_retries) * (1 + job.redriven[run.id])
            if len(outcomes) < 1 + job.max_retries or len(outcomes) > budget:
                self.wrong("I3", f"is DEAD ({run.reason}) after {outcomes}", run)
            elif job.receiver_recovers and "lease_lost" not in outcomes:
                self.wrong("I3", f"is DEAD ({run.reason}) although the receiver answers", run)
        if run.status == "DEAD" and job.at_most_once:
            if run.reason == "outcome_unknown" and outcomes[-1:] not in (["lease_lost"], ["timeout"], ["connect_error"], ["unknown"]):
                self.wrong("I3", f"outcome unknown after {outcomes}", run)

    def check_attempt(self, job, run, attempt, attempts, status):
        """Whether the attempt's recorded outcome is true, and whether it explains that there is a next one."""
        outcome = attempt.outcome
        if outcome in ("success", "http_error") and status is None:
            return self.wrong("forged", f"attempt {attempt.number} is {outcome} but never arrived", run)
        if outcome in ("success", "http_error") and (status < 300) != (outcome == "success"):
            self.wrong("forged", f"attempt {attempt.number} is {outcome} but was answered {status}", run)
        if outcome == "not_sent" and status is not None:
            self.wrong("I6", f"attempt {attempt.number} is not_sent but arrived", run)
        if attempt.number > 1 and attempt.number - 1 not in attempts:
            self.wrong("I6", f"attempt {attempt.number} without the one before", run)
        has_next = attempt.number + 1 in attempts
        end = attempt.finished or run.finished or attempt.started
        if outcome == "success" and has_next:
            self.wrong("I6", f"a further attempt after success in attempt {attempt.number}", run)
        elif outcome is None and (has_next or run.status in ENDS):
            self.wrong("I6", f"attempt {attempt.number} has no outcome", run)
        elif outcome in ("lease_lost", "timeout", "connect_error", "unknown", "permanent", "tls_error"):
            if not self.history.faults_of(attempt.node, attempt.started - SECOND, end, LOSING):
                self.wrong("I6", f"attempt {attempt.number} ended as {outcome} and no fault explains it"
                                 f"{self.story_of(attempt, end)}", run)
        elif outcome == "shutdown":
            if not self.history.faults_of(attempt.node, attempt.started, end, ("drain",)):
                self.wrong("I6", f"attempt {attempt.number} ended as shutdown without one", run)
        elif outcome == "cancelled" and not job.cancels and job.overlap != "cancel_other":
            self.wrong("I6", f"attempt {attempt.number} was cancelled by nobody", run)

    def story_of(self, attempt, end):
        """Where and when an attempt was, and what was done to nodes around it, for whoever reads the report."""
        near = [fault for fault in self.history.faults
                if fault.begin <= end + 5 * SECOND and (fault.end is None or fault.end >= attempt.started - 15 * SECOND)]
        name = self.history.incarnations.get(attempt.node, f"unknown incarnation {attempt.node}")
        return (f" ({name}, {attempt.started / SECOND:.3f}–{end / SECOND:.3f}; faults: " + ", ".join(
            f"{fault.kind} {fault.node or 'all'} {fault.begin / SECOND:.3f}–{(fault.end or 0) / SECOND:.3f}"
            for fault in near) + ")")

    def check_delivery(self, job, run, delivery, attempt):
        at = int(delivery["at"] * SECOND)
        if at < run.slot - EARLY_LIMIT:
            self.wrong("I8", f"delivered {(run.slot - at) / 1000:.1f} ms early", run)
        if attempt is None:
            return self.wrong("forged", f"attempt {delivery['attempt']} was delivered but is not recorded", run)
        if attempt.fence != delivery["fence"]:
            self.wrong("I4", f"attempt {attempt.number} carried fence {delivery['fence']}, not {attempt.fence}", run)
        # By the ledger: a start at or before the change is old, one after it is not.
        states = job.possible(attempt.started) + job.possible(attempt.started + 1)
        self.check_definition(job, run, delivery, states, "started")
        # By the receiver alone, but for a node that was frozen between the start's commit and the byte.
        late = at - SEND_WINDOW - DELIVERY_SLACK
        frozen = self.history.faults_of(attempt.node, attempt.started - SECOND, at, ("stop",))
        if not frozen:
            # What was true at any time between then and now is fine.
            self.check_definition(
                job, run, delivery, self.possible_between(job, late, at),
                f"(started at {attempt.started / SECOND:.3f}) arrived at {delivery['at']:.3f}")

    def possible_between(self, job, begin, end):
        inside = [change.state for change in job.changes if begin <= change.earliest <= end]
        return job.possible(begin) + inside

    def check_definition(self, job, run, delivery, states, what):
        definitions = {state.definition for state in states if not state.is_deleted}
        if delivery["definition"] not in definitions:
            self.wrong("I9", f"attempt {delivery['attempt']} {what} under definition {delivery['definition']}, "
                             f"not {sorted(definitions)}{self.changes_near(job, run)}", run)
        elif run.origin == "schedule" and all(state.is_paused or state.is_deleted for state in states):
            self.wrong("I9", f"attempt {delivery['attempt']} {what} while the job was paused", run)

    @staticmethod
    def changes_near(job, run):
        """What the job went through around a run's slot, for whoever reads the report."""
        near = [change for change in job.changes if abs(change.earliest - run.slot) < 15 * SECOND]
        return "; changes: " + ", ".join(
            f"{change.earliest / SECOND:.3f}–{(change.latest or 0) / SECOND:.3f} v{change.state.definition}"
            f"{' paused' * change.state.is_paused}{' deleted' * change.state.is_deleted}{' ?' * (not change.is_certain)}"
            for change in near) + f"; in doubt: {job.doubts}"

    # The rest

    def check_asked(self, job):
        """Every acknowledged trigger and redrive has its run; there are no more than were asked for."""
        for run in job.asked_runs:
            if run not in self.ledger.by_id:
                self.wrong("I1", f"lost run: {run} of job {job.id} was acknowledged", at=job.asked_runs[run])
        extra = [run for run in self.runs_of[job.id] if run.origin != "schedule" and run.id not in job.asked_runs]
        if len(extra) > job.unknown_asks:
            self.wrong("I2", f"{len(extra)} runs of job {job.id} that nobody asked for", extra[0])

    def check_strays(self):
        for run, deliveries in self.deliveries.items():
            if run in self.ledger.by_id:
                continue
            self.wrong("forged", f"delivered, but the ledger has no run {run} of job {deliveries[0]['job']}",
                       at=int(deliveries[0]["at"] * SECOND))

    def runs_of_key(self, key):
        return [run for job in self.jobs_of_key[key] for run in self.runs_of[job.id]]

    def check_overlap(self):
        for key, jobs in self.jobs_of_key.items():
            if jobs[0].overlap == "allow":
                continue
            spans = sorted(((attempt.started, attempt.finished or attempt.started, run)
                           for run in self.runs_of_key(key) for attempt in run.attempts
                           if attempt.outcome != "not_sent"), key=lambda span: span[:2])
            for (_, end, before), (begin, _, run) in zip(spans, spans[1:]):
                if begin < end and before is not run:
                    self.wrong("overlap", f"started {(end - begin) / 1000:.1f} ms before run {before.id} ended", run)

    def check_unchanged(self, earlier):
        for run in earlier.runs:
            job = self.history.jobs.get(run.job)
            if run.status not in ENDS or (run.status == "DEAD" and job and run.id in job.redriven):
                continue
            now = self.ledger.by_id.get(run.id)
            if now is None:
                self.wrong("I3", f"was {run.status} and is gone", run)
            elif now.fate() != run.fate():
                self.wrong("I3", f"was {run.fate()} and is {now.fate()}", run)
