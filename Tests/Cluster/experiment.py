"""One experiment: a cluster, its workload, faults one after the other, then the check of everything."""
import dataclasses
import json
import random
import time

import checker
import faults
import figures
from api import API
from cluster import Cluster
from history import SECOND, History, Ledger, text
from rig import Rig, now
from workload import Workload

# Without a fault, before the first: the figures that the others are compared with.
CALM_SECONDS = 15
# After the last fault, until everything must have ended.
SETTLE_SECONDS = 5
# A webhook's timeout in the workload, for the longest that a run may stay alive.
TIMEOUT_SECONDS = 15


@dataclasses.dataclass
class Options:
    binary: str
    seconds: float
    seed: int
    kinds: list
    nodes: int = 3
    lease: float = 3.0
    rate: int = 100
    pooling: bool = False
    redis: bool = False
    embedded: bool = False
    keep: bool = False


def run(options):
    """Runs the experiment; answers its report: figures, hits and violations."""
    chance = random.Random(options.seed)
    random.seed(options.seed)
    cluster = Cluster(options.binary, 1 if options.embedded else options.nodes, options.lease, options.lease / 3,
                      options.pooling, options.redis, database=not options.embedded, keep=options.keep)
    try:
        return Experiment(options, cluster, chance).run()
    finally:
        cluster.stop()


class Experiment:
    def __init__(self, options, cluster, chance):
        self.options, self.cluster = options, cluster
        self.history = History()
        self.api = API(*cluster.nodes)
        self.workload = Workload(self.api, self.history, cluster.receiver, options.rate, chance)
        self.rig = Rig(cluster, self.history, self.api, self.workload, chance)
        self.earlier, self.phases = [], []

    def run(self):
        self.cluster.start_nodes()
        self.api.register()
        self.workload.create_jobs()
        self.rig.start()
        self.workload.start()
        try:
            self.phase("calm", CALM_SECONDS, lambda rig, seconds: time.sleep(seconds))
            shares = sum(faults.SHARES[kind] for kind in self.options.kinds)
            for kind in self.options.kinds:
                self.phase(kind, self.options.seconds * faults.SHARES[kind] / shares, faults.KINDS[kind])
        finally:
            self.workload.stop()
            self.rig.stop()
        return self.judge()

    def phase(self, name, seconds, fault):
        say(f"{name}: {seconds:.0f} s")
        begin = now()
        fault(self.rig, seconds)
        # Whole again: every node serves, and lost runs have been taken over.
        self.rig.wait_until_all_serve()
        time.sleep(self.options.lease + 2)
        self.phases.append((name, begin, now()))
        # For I3: what has ended by now must be the same in the end.
        self.earlier.append(self.read(f"&from={text(begin)}"))

    def judge(self):
        time.sleep(SETTLE_SECONDS)
        self.workload.pause_all()
        limit = self.options.lease + TIMEOUT_SECONDS
        ended = self.api.wait_until_ended(limit)
        self.history.until = now() - int(SETTLE_SECONDS * SECOND)
        ledger = self.read()
        deliveries = self.cluster.receiver.entries()
        for delivery in deliveries:
            delivery["definition"] = json.loads(delivery["body"])["v"]
        found = checker.check(
            self.history, deliveries, ledger, self.earlier, lambda run: self.api.get(f"/runs/{run}/events")["items"])
        if ended is None:
            found.append(checker.Violation("I10", f"runs are alive {limit} s after the pause", now()))
        for problem in self.rig.problems + self.workload.errors:
            found.append(checker.Violation("process", problem, now()))
        for defect in self.api.defects:
            found.append(checker.Violation("api", defect, now()))
        return figures.report(self, ledger, deliveries, found)

    def read(self, query=""):
        return Ledger(self.api.runs(query))


def say(line):
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)
