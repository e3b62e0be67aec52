"""A cluster under watch: restarts nodes that end, lets frozen ones go on, reads their metrics, writes faults down."""
import collections
import http.client
import itertools
import re
import signal
import threading
import time

from history import SECOND

# A frozen node is found within this time; faults are written down as begun this much earlier.
WATCH_SECONDS = 0.02
METRICS_SECONDS = 1.0
# A node that does not start for so long is a finding; the database may be away for some of it.
START_SECONDS = 60
COUNTERS = ("cronpp_stale_fence_total", "cronpp_reaped_total", "cronpp_store_failures_total")


def now():
    return int(time.time() * SECOND)


class Rig:
    def __init__(self, cluster, history, api, workload, chance):
        self.cluster, self.history, self.api, self.workload, self.chance = cluster, history, api, workload, chance
        self.lease, self.nodes = cluster.lease, cluster.nodes
        # How often each window was hit, and figures by name.
        self.hits, self.figures = collections.Counter(), collections.defaultdict(list)
        self.counters = collections.Counter()
        self.failpoints = itertools.repeat("")
        # Beyond the lease, and until others have taken over.
        self.freeze = self.lease + 2
        self.held, self.pids, self.last = set(), {}, {}
        self.lives = collections.defaultdict(list)
        self.halt, self.threads = threading.Event(), []
        self.problems = []

    def start(self):
        for node in self.nodes:
            self.note_start(node)
        for target in (self.watch, self.measure):
            self.threads.append(threading.Thread(target=target, daemon=True))
            self.threads[-1].start()

    def stop(self):
        self.halt.set()
        for thread in self.threads:
            thread.join(60)

    def note_start(self, node):
        self.history.incarnations[node.id] = node.name
        self.pids[node.process.pid] = node.name

    # What faults do to nodes

    def hold(self, node):
        """Keeps the watch from restarting a node."""
        self.held.add(node.name)

    def restart(self, node, **arguments):
        """Starts a node again until it is ready; the database may be away meanwhile."""
        self.hold(node)
        arguments.setdefault("failpoints", next(self.failpoints))
        end = time.time() + START_SECONDS
        while not self.halt.is_set():
            begin = now()
            is_ready = node.start(**arguments)
            # A node works before it says that it is ready, under an incarnation that then only its pid tells.
            self.pids[node.process.pid] = node.name
            if is_ready:
                break
            node.kill()
            self.history.fault("kill", node.name, begin, cause="before it was ready").end = now()
            self.hits["starts that failed"] += 1
            if time.time() > end:
                self.problems.append(f"{node.name} does not start:\n{node.log_tail()[-1000:]}")
                return
            time.sleep(0.2)
        self.note_start(node)
        self.held.discard(node.name)

    def kill(self, node, cause="kill -9"):
        self.hold(node)
        self.read_metrics(node)
        fault = self.history.fault("kill", node.name, now(), cause=cause)
        node.kill(signal.SIGKILL)
        fault.end = now()
        self.hits[cause] += 1
        return fault

    def freeze_nodes(self, nodes, seconds):
        faults = []
        for node in nodes:
            self.hold(node)
            faults.append(self.history.fault("stop", node.name, now()))
            node.send(signal.SIGSTOP)
            self.hits["SIGSTOP"] += 1
        time.sleep(seconds)
        for node, fault in zip(nodes, faults):
            node.send(signal.SIGCONT)
            fault.end = now() + SECOND
            self.held.discard(node.name)

    # The watch

    def watch(self):
        while not self.halt.wait(WATCH_SECONDS):
            for node in self.nodes:
                if node.name in self.held:
                    continue
                if not node.is_alive():
                    self.found_dead(node)
                elif node.is_stopped():
                    self.hold(node)
                    threading.Thread(target=self.thaw, args=(node,), daemon=True).start()

    def found_dead(self, node):
        """A failpoint's kill, or a node that gave up its lease. Nothing else may end a node."""
        self.hold(node)
        code = node.process.returncode
        begin = now() - int(WATCH_SECONDS * 2 * SECOND)
        if code == -signal.SIGKILL:
            cause = "failpoint"
        else:
            cause = "ended by itself"
            if not self.recent_fault(node, begin):
                self.problems.append(f"{node.name} ended by itself with {code}:\n{node.log_tail()[-1000:]}")
        self.history.fault("kill", node.name, begin, cause=cause).end = now()
        self.hits[f"nodes that {cause}" if cause != "failpoint" else "kills by failpoint"] += 1
        threading.Thread(target=self.restart, args=(node,), daemon=True).start()

    def recent_fault(self, node, at):
        begin = at - int(4 * self.lease * SECOND)
        return any(fault.node in (None, node.name) and (fault.end is None or fault.end >= begin)
                   for fault in self.history.faults)

    def thaw(self, node):
        fault = self.history.fault("stop", node.name, now() - SECOND, cause="failpoint")
        self.hits["stops by failpoint"] += 1
        time.sleep(self.freeze)
        node.send(signal.SIGCONT)
        fault.end = now() + SECOND
        self.held.discard(node.name)

    # Metrics

    def measure(self):
        while not self.halt.wait(METRICS_SECONDS):
            for node in self.nodes:
                if node.name not in self.held:
                    self.read_metrics(node)
            self.read_nodes()

    def read_metrics(self, node):
        """Adds what a process has counted since the last look; the counts of a killed one since then are lost."""
        text = scrape(node)
        if text is None:
            return None
        for name in COUNTERS:
            found = re.search(rf"^{name} (\d+)$", text, re.M)
            if found:
                value, key = int(found.group(1)), (node.process.pid, name)
                self.counters[name] += value - self.last.get(key, 0)
                self.last[key] = value
        running = re.search(r"^cronpp_running_attempts (\d+)$", text, re.M)
        return int(running.group(1)) if running else None

    def read_nodes(self):
        """A node that was declared dead goes on under another incarnation; the process tells whose it is."""
        try:
            answer = self.api.ask("GET", "/nodes", timeout=2)
        except Exception:
            return  # The database is away, or all nodes are.
        for one in (answer.body or {}).get("items", []) if answer.status == 200 else []:
            if one["pid"] in self.pids:
                self.history.incarnations.setdefault(one["id"], self.pids[one["pid"]])

    def wait_until_all_serve(self, limit=60):
        end = time.time() + limit
        while any(node.name in self.held or scrape(node, "/readyz") is None for node in self.nodes):
            if time.time() > end:
                names = [n.name for n in self.nodes if n.name in self.held or scrape(n, "/readyz") is None]
                raise SystemExit(f"not ready {limit} s after the faults: {names}\n{self.nodes[0].log_tail()}")
            time.sleep(0.1)


def scrape(node, path="/metrics"):
    if not node.is_alive() or node.port is None:
        return None
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=1)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read().decode()
        return body if response.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
