"""An hour of guesses, of which few may be tried."""
import concurrent.futures
import time

from logins import FREE_TRIES, WRONG, address_of, login
from people import PASSWORD, Person

GUESSES = 1_000
TRIED_LIMIT = 30
LONGEST_WAIT_SECONDS = 900
HOUR_SECONDS = 3_600
# How much faster than time the node's clock runs meanwhile.
FASTER = 120


def check(node):
    """An hour of them in three shapes side by side."""
    for name in ("victim", "other", "third"):
        Person(node, name, signs_in=False)
    shapes = {
        "one account from one address": lambda number: ("victim", "9.9.9.9"),
        "one account from as many addresses": lambda number: ("other", address_of(number, 12)),
        # What stands before the address that the proxy saw is the client's own invention.
        "as many accounts from one address": lambda number: (f"nobody{number}", f"{address_of(number, 13)}, 8.8.8.8"),
    }
    begin, step = time.time(), HOUR_SECONDS / FASTER / GUESSES

    def guess(number, shape):
        time.sleep(max(0, begin + number * step - time.time()))
        return login(node, shape(number)[0], WRONG, shape(number)[1])[0]
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        asked = {name: [] for name in shapes}
        for number in range(GUESSES):
            for name, shape in shapes.items():
                asked[name].append(pool.submit(guess, number, shape))
        answers = {name: [one.result() for one in futures] for name, futures in asked.items()}
    took = (time.time() - begin) * FASTER
    problems = []
    for name, found in answers.items():
        problems += judge(name, found, took)
    return problems + after_guesses(node)


def judge(name, answers, took):
    tried = [one for one in answers if one.status == 401]
    refused = [one for one in answers if one.status == 429]
    print(f"sign-in: {GUESSES} guesses, {name}, in {took / 60:.0f} min of the node's clock: {len(tried)} tried, "
          f"{len(refused)} refused")
    problems = []
    # Fewer than are free would say that something else refuses them.
    if not FREE_TRIES < len(tried) <= TRIED_LIMIT or len(tried) + len(refused) != GUESSES:
        problems.append(f"{name}: {len(tried)} tried and {len(refused)} refused of {GUESSES}; limit {TRIED_LIMIT}")
    return problems + [f"{name}: a refusal is unclear: {one.status} {one.text} {one.headers}"
                       for one in [one for one in refused if not is_clear(one)][:1]]


def is_clear(answer):
    """A 429 that says why and until when."""
    wait = answer.headers.get("retry-after", "")
    return (answer.status == 429 and answer.body["type"] == "/problems/too-many-attempts" and wait.isdigit()
            and 0 < int(wait) <= LONGEST_WAIT_SECONDS and f"{wait} s" in answer.body["detail"]
            and answer.headers.get("ratelimit") and answer.headers.get("ratelimit-policy"))


def after_guesses(node):
    """The right password waits as well; others sign in; and the wait ends."""
    problems = []
    for address in ("9.9.9.9", "7.7.7.7"):
        answer, _ = login(node, "victim", PASSWORD, address)
        if not is_clear(answer):
            problems.append(f"the right password from {address} after the guesses: {answer.status} {answer.text}")
    wait = int(answer.headers["retry-after"])
    answer, _ = login(node, "third", PASSWORD, "7.7.7.7")
    if answer.status != 200:
        problems.append(f"another account from another address after the guesses: {answer.status} {answer.text}")
    time.sleep((wait + 1) / FASTER)
    answer, _ = login(node, "victim", PASSWORD, "7.7.7.7")
    print(f"sign-in: the right password had to wait {wait} s, and was then answered {answer.status}")
    if answer.status != 200:
        problems.append(f"the right password after its wait: {answer.status} {answer.text}")
    return problems
