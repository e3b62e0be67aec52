"""A cluster to look at; script/cluster starts it."""
import argparse
import os
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../Harness")]
from cluster import Cluster  # noqa: E402

# The defaults of a node.
LEASE_SECONDS, HEARTBEAT_SECONDS = 15, 5


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build-dir", default=".build/release")
    arguments.add_argument("--nodes", type=int, default=3)
    options = arguments.parse_args()
    cluster = Cluster(
        os.path.abspath(options.build_dir + "/cronpp"), options.nodes, LEASE_SECONDS, HEARTBEAT_SECONDS, redis=True,
        is_direct=True)
    try:
        cluster.start_nodes()
        explain(cluster)
        while any(node.is_alive() for node in cluster.nodes):
            time.sleep(1)
        print("no node is left:\n" + cluster.nodes[0].log_tail())
    except KeyboardInterrupt:
        print("\nstopping")
    finally:
        for node in cluster.nodes:
            node.stop(limit=10)
        cluster.stop()


def explain(cluster):
    for node in cluster.nodes:
        print(f"{node.name}: http://127.0.0.1:{node.port}  (pid {node.process.pid})")
    print(f"PostgreSQL: postgres://cronpp@127.0.0.1:{cluster.postgres.port}/cronpp")
    print(f"Redis: redis://127.0.0.1:{cluster.redis.port}/0")
    print(f"A receiver for webhooks: {cluster.receiver.base}/ok, /slow/MS, /flaky/N; its log: {cluster.receiver.log}")
    print(
        "To make an account:\n"
        f"  curl -fsS http://127.0.0.1:{cluster.nodes[0].port}/api/v1/auth/register -H 'content-type: application/json' \\\n"
        "    -d '{\"email\":\"you@example.com\",\"password\":\"12 characters or more\"}'\n"
        "Kill a node, or stop PostgreSQL, and see what happens. Ctrl-C stops everything.", flush=True)


if __name__ == "__main__":
    # Also when its terminal is closed.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    main()
