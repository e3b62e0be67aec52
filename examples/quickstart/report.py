#!/usr/bin/env python3
"""Reads what the quickstart left behind, prints the figures, and fails on anything missing, doubled, early or late."""
import datetime
import json
import sys

work, every = sys.argv[1], sys.argv[2]
slack = 5 if "--check" in sys.argv else 1
problems = []


def load(name):
    with open(f"{work}/{name}") as file:
        return json.load(file)


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def expect(condition, text):
    print(("ok    " if condition else "WRONG ") + text)
    if not condition:
        problems.append(text)


log = [json.loads(line) for line in open(f"{work}/log")]
fired = [entry for entry in log if entry["job"] == every]
slots = sorted(seconds(entry["scheduled_for"]) for entry in fired)
delays = sorted(1000 * (entry["at"] - seconds(entry["scheduled_for"])) for entry in fired)
p50, p99 = delays[len(delays) // 2], delays[min(len(delays) - 1, int(len(delays) * 0.99))]
print(f"{len(fired)} firings, start delay at the receiver in ms: "
      f"min {delays[0]:.2f} p50 {p50:.2f} p99 {p99:.2f} max {delays[-1]:.2f}")
expect(len(fired) >= 60, "60 firings arrived")
expect(len(set(slots)) == len(slots), "none arrived twice")
expect(all(b - a == 1 for a, b in zip(slots, slots[1:])), "none is missing")
expect(delays[0] >= 0, "none is early")
expect(p50 <= 5 * slack, f"p50 is at most {5 * slack} ms")
expect(p99 <= 25 * slack, f"p99 is at most {25 * slack} ms")
recorded = [run for run in load("runs.json")["items"] if run["status"] == "SUCCESS"]
expect(len(recorded) == len(slots), "every firing is recorded as SUCCESS, and nothing else")

attempts = load("flaky.json")["items"][0]["attempts"]
starts = [seconds(attempt["started_at"]) for attempt in attempts]
gaps = [b - a for a, b in zip(starts, starts[1:])]
print("flaky: attempts", [attempt["attempt"] for attempt in attempts],
      [attempt["outcome"] for attempt in attempts], "gaps in s", [round(gap, 3) for gap in gaps])
expect([attempt["attempt"] for attempt in attempts] == [1, 2, 3, 4], "the flaky run made attempts 1 to 4")
expect(attempts[-1]["outcome"] == "success", "the fourth one succeeded")
expect(all(a < b for a, b in zip(gaps, gaps[1:])), "its delays grew")

dead = load("dead.json")["items"][0]
expect(dead["status"] == "DEAD" and dead["attempt"] == 3, "the dying run is DEAD after 1 + max_retries attempts")
expect(len(load("dead-attempts.json")["items"]) == 3, "it keeps every attempt")
redriven = load("redriven.json")
expect(redriven["status"] == "SUCCESS" and redriven["attempt"] == 4, "its redrive succeeded, counting on")
sys.exit(1 if problems else 0)
