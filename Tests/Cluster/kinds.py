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
CHANGES = re.compile(r"\b(insert|update|delete|create|alter|drop)\b")
LOCKS_DUE = re.compile(r"from live_runs\b.*\bdue_at\b.*skip locked", re.S)
LOCKS_JOBS = re.compile(r"from jobs\b.*for (key share|no key update)", re.S)


@functools.lru_cache(maxsize=4096)
def facts(sql):
    """What one statement says about its transaction."""
    tag = TAG.search(sql)
    text = " ".join(COMMENT.sub(" ", sql).lower().split())
    found = {name for name, pattern in WRITES.items() if pattern.search(text)}
    found |= {"changes"} if CHANGES.search(text) else set()
    found |= {"locks_due"} if LOCKS_DUE.search(text) else set()
    found |= {"locks_jobs"} if LOCKS_JOBS.search(text) else set()
    found |= {tag.group(1)} if tag else set()
    return frozenset(found), text.split(" ", 1)[0].rstrip(";") if text else ""


def kind(statements):
    """A transaction's kind: T1 to T7, `read` or `other`."""
    found = frozenset().union(*(facts(sql)[0] for sql in statements))
    for name in KINDS:
        if name in found:
            return name
    if "jobs" in found:
        return "T7"
    if "nodes" in found:
        return "T6" if "old_runs" in found else "T4"
    if "cursors" in found:
        return "T1"
    if "locks_due" in found:
        return "T2"
    if "history" in found or "attempts" in found:
        return "T5"
    if "old_runs" in found:
        return "T3" if "locks_jobs" in found else "T2"
    return "other" if "changes" in found else "read"
