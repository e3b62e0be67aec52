"""What people asked for, and when it was true: jobs, their definitions over time, faults. All instants are integer µs.

An operation that was acknowledged has happened at the instant the answer names. One whose answer was lost may have
happened at any time since it was sent, or never: what it would have brought about is then possible and not certain.
"""
import collections
import dataclasses
import datetime
import threading

SECOND = 1_000_000


def micros(text):
    """An RFC 3339 instant in µs; None stays None."""
    if text is None:
        return None
    moment = datetime.datetime.fromisoformat(text)
    return int(moment.replace(microsecond=0).timestamp()) * SECOND + moment.microsecond


def text(at):
    """An instant as the API writes it."""
    seconds, rest = divmod(at, SECOND)
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{rest:06d}Z"


@dataclasses.dataclass(frozen=True)
class State:
    """A job between two changes. Slots are `anchor + k·period`, or the instant `once`."""
    definition: int
    period: int = 0
    anchor: int = 0
    once: int = None
    is_paused: bool = False
    is_deleted: bool = False

    def has_slot(self, at):
        if self.is_deleted:
            return False
        return at == self.once if self.once is not None else (at - self.anchor) % self.period == 0

    def slots(self, after, through):
        if self.is_deleted or through <= after:
            return []
        if self.once is not None:
            return [self.once] if after < self.once <= through else []
        first = after - (after - self.anchor) % self.period + self.period
        return list(range(first, through + 1, self.period))


@dataclasses.dataclass
class Change:
    """From some instant in [earliest, latest] on, or never if it is not certain, the job is in `state`."""
    state: State
    earliest: int
    latest: int
    is_certain: bool = True


@dataclasses.dataclass
class JobHistory:
    id: str
    at_most_once: bool = False
    overlap: str = "allow"
    # Jobs with the same one may not overlap each other.
    key: str = None
    max_retries: int = 5
    misfire_after: int = 60 * SECOND
    # Answers 2xx to the last attempt that it is given, so that no run may end DEAD for want of one.
    receiver_recovers: bool = True
    # Waits for nothing: its start delays are figures.
    is_prompt: bool = False
    changes: list = dataclasses.field(default_factory=list)
    # Runs of triggers and redrives that were acknowledged: run id → instant of the answer.
    asked_runs: dict = dataclasses.field(default_factory=dict)
    # Triggers and redrives whose answer was lost, so that a run more may exist for each.
    unknown_asks: int = 0
    # How often each dead run was redriven, or may have been.
    redriven: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    # Changes of one version whose answers were lost and that had not happened when we looked, with the instants of their
    # requests: at most one of them happens.
    doubts: list = dataclasses.field(default_factory=list)
    # When a cancel of the job's runs was sent.
    cancels: list = dataclasses.field(default_factory=list)

    def happened(self, state, at, latest=None):
        self.changes.append(Change(state, at, latest if latest is not None else at))

    def may_have_happened(self, state, since):
        self.changes.append(Change(state, since, None, is_certain=False))

    def possible(self, at):
        """The states in which the job may have been just before `at`: a change at t leaves the slot t to the old one."""
        states = []
        for change in self.changes:
            if change.earliest >= at:
                break
            if change.is_certain and change.latest < at:
                states = [change.state]
            else:
                states.append(change.state)
        return states

    @property
    def created(self):
        return self.changes[0].earliest

    @property
    def end(self):
        """The last instant about which anything is known: the last change."""
        return max(change.latest or change.earliest for change in self.changes)


@dataclasses.dataclass
class Fault:
    """Something that was done to a node (or to all: None) from `begin` until `end`."""
    kind: str
    node: str
    begin: int
    end: int = None
    detail: dict = dataclasses.field(default_factory=dict)


class History:
    def __init__(self):
        self.jobs, self.faults = {}, []
        # When the ledger was read: everything due before is accounted for.
        self.until = 0
        # Incarnation → name of the node.
        self.incarnations = {}
        self.lock = threading.Lock()

    def job(self, job):
        with self.lock:
            self.jobs[job.id] = job
        return job

    def fault(self, kind, node, begin, **detail):
        with self.lock:
            self.faults.append(Fault(kind, node, begin, detail=detail))
            return self.faults[-1]

    def faults_of(self, incarnation, begin, end, kinds):
        """The faults of some kinds that touched a node between two instants."""
        name = self.incarnations.get(incarnation)
        return [fault for fault in self.faults
                if fault.kind in kinds and fault.node in (None, name) and fault.begin <= end
                and (fault.end is None or fault.end >= begin)]


class Ledger:
    """The runs as the API shows them, in our own units."""

    def __init__(self, items):
        self.runs = [LedgerRun(item) for item in items]
        self.by_id = {run.id: run for run in self.runs}


class LedgerRun:
    __slots__ = ("id", "job", "origin", "slot", "last_slot", "count", "status", "reason", "finished", "attempts",
                 "redrive_of")

    def __init__(self, item):
        self.id, self.job, self.origin = item["id"], item["job_id"], item["origin"]
        self.slot, self.status, self.reason = micros(item["scheduled_for"]), item["status"], item["reason"]
        self.finished = micros(item["finished_at"])
        self.last_slot = micros(item.get("last_scheduled_for")) or self.slot
        self.count, self.redrive_of = item.get("skipped_count") or 1, item.get("redrive_of")
        self.attempts = [LedgerAttempt(attempt) for attempt in item["attempts"]]

    @property
    def is_range(self):
        return self.last_slot != self.slot

    def fate(self):
        """What may never change once the run has ended."""
        return (self.status, self.reason, tuple((one.number, one.outcome) for one in self.attempts))


class LedgerAttempt:
    __slots__ = ("number", "fence", "node", "started", "finished", "outcome", "http_status", "late_outcome")

    def __init__(self, item):
        self.number, self.fence, self.node = item["attempt"], item["fence"], item["node"]
        self.started, self.finished = micros(item["started_at"]), micros(item["finished_at"])
        self.outcome, self.http_status = item["outcome"], item.get("http_status")
        self.late_outcome = item.get("late_outcome")
