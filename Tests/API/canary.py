"""Secrets stay inside: one is planted wherever a user can put one, everything is done with the jobs that use them, and
then all that a node has stored, logged or answered is searched for them, in every usual form and for parts of them.

By each of the ways something that is no secret is planted too, and the same search must find it. The receivers, which
answer with all that they were sent, must have got the secrets themselves.
"""
import contextlib
import random
import tempfile
import time

import canaries
from echo import Certificates, Echo
from scene import Scene
from search import Search, log_statements


def check(serve, name, place, seed):
    """Everything that is wrong, in words. `serve(work, environment)` is a node for a block."""
    begin, plants = time.time(), canaries.prove_itself()
    with contextlib.ExitStack() as stack:
        work = stack.enter_context(tempfile.TemporaryDirectory())
        certificates = Certificates(stack.enter_context(tempfile.TemporaryDirectory()))
        plain, secure = stack.enter_context(Echo()), stack.enter_context(Echo(certificates))
        environment = stack.enter_context(place(work))
        log_statements(environment)
        node = stack.enter_context(serve(work, environment | {
            # A log that holds all must still not hold these.
            "CRONPP_LOG_LEVEL": "trace", "CRONPP_REGISTRATION": "first"}))
        scene = Scene(node, plain, secure, certificates, random.Random(seed))
        scene.play()
        search = Search(scene, work, environment)
        search.look_everywhere()
        print(f"canary over {name}: {plants} plants of the search's own seen; {len(scene.canaries.texts)} secrets, "
              f"{len(plain.requests) + len(secure.requests)} requests with them; {len(scene.asked())} answers, "
              f"{', '.join(search.sizes)}: {len(search.problems)} problems, {time.time() - begin:.0f} s")
        return search.problems + scene.not_received()
