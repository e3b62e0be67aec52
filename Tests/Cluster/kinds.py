"""Which of the protocol's transactions (T1 plan, T2 claim, T3 start, T4 heartbeat, T5 finish, T6 reap, T7 change) a
COMMIT ends, told from the statements before it.

A comment such as `/* T3 */` in one of the statements decides. Without it the tables that are written decide, as
Sources/CronStorePostgres/Migrations names them.
"""
import functools
import re

KINDS = ("T1", "T2", "T3", "T4", "T5", "T6", "T7")

TAG = re.compile(r"/\*\s*(T[1-7])\b")
COMMENT = re.compile(r"/\*.*?\*/|--[^\n]*", re.S)
WRITES = {
    "jobs": re.compile(r"(insert into|update|delete from) jobs\b"),
    "cursors": re.compile(r"(insert into|update) job_cursors\b"),
    "nodes": re.compile(r"(insert into|update) nodes\b"),
    "new_runs": re.compile(r"insert into live_runs\b"),
    "old_runs": re.compile(r"(update|delete from) live_runs\b"),
    "history": re.compile(r"insert into run_history\b"),
    "attempts": re.compile(r"insert into attempts\b"),
}
CHANGES = re.compile(r"\b(insert into|delete from|create|alter|drop|update \w+ (\w+ )?set)\b")
SIGNS = {
    "locks_due": re.compile(r"from live_runs\b.*\bdue_at\b.*skip locked"),
    "starts": re.compile(r"update live_runs\b.*\battempt_fence = r\.fence\b"),
    "reaps": re.compile(r"\brun_deadline < t\.now\b|update nodes set dead_at = t\.now\b"),
}


@functools.lru_cache(maxsize=4096)
def facts(sql):
    """What one statement says about its transaction."""
    tag = TAG.search(sql)
    text = " ".join(COMMENT.sub(" ", sql).lower().split())
    found = {name for name, pattern in WRITES.items() if pattern.search(text)}
    found |= {"changes"} if CHANGES.search(text) else set()
    found |= {name for name, pattern in SIGNS.items() if pattern.search(text)}
    found |= {tag.group(1)} if tag else set()
    return frozenset(found), text.split(" ", 1)[0].rstrip(";") if text else ""


def kind(statements):
    """A transaction's kind: T1 to T7, `read` or `other`."""
    found = frozenset().union(*(facts(sql)[0] for sql in statements))
    for name in KINDS:
        if name in found:
            return name
    if "changes" not in found:
        return "read"
    if "reaps" in found:
        return "T6"
    if "jobs" in found:
        return "T7"
    if "nodes" in found:
        return "T4"
    if "starts" in found:
        return "T3"
    if "cursors" in found:
        return "T1"
    if "locks_due" in found:
        return "T2"
    if "history" in found or "attempts" in found:
        return "T5"
    return "T2" if "old_runs" in found else "other"
