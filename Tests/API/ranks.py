"""Whether two samples are of one distribution: the test of Mann and Whitney, by ranks, so that few slow ones do not
decide."""
import math
import random

SELF_TEST_SIZE = 52
SELF_TEST_SEED = 1


def p_value(left, right):
    """How likely ranks at least as uneven are by chance alone: two-sided, by the normal approximation, with ties."""
    values = sorted(left + right)
    rank_of, ties, start = {}, 0, 0
    while start < len(values):
        end = start
        while end < len(values) and values[end] == values[start]:
            end += 1
        # Equal values share the mean of their ranks, which are start + 1 … end.
        rank_of[values[start]] = (start + 1 + end) / 2
        ties += (end - start) ** 3 - (end - start)
        start = end
    m, n, size = len(left), len(right), len(values)
    u = sum(rank_of[one] for one in left) - m * (m + 1) / 2
    variance = m * n / 12 * (size + 1 - ties / (size * (size - 1)))
    if variance == 0:
        return 1.0
    # Half a rank: U goes by whole ones, the normal distribution does not.
    z = max(0.0, abs(u - m * n / 2) - 0.5) / math.sqrt(variance)
    return math.erfc(z / math.sqrt(2))


def prove_itself(limit):
    """A textbook's value; no difference where there is none; one where there is."""
    if abs(p_value([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]) - 0.01219) > 0.0001:
        raise SystemExit(f"the rank test is wrong: {p_value([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])}")
    chance = random.Random(SELF_TEST_SEED)

    def sample(shift):
        # Times as they are: never below what the work takes, now and then much above it.
        return [200 + shift + chance.expovariate(1 / 8) for _ in range(SELF_TEST_SIZE)]
    alarms = sum(p_value(sample(0), sample(0)) <= limit for _ in range(1_000))
    seen = sum(p_value(sample(0), sample(8)) <= limit for _ in range(1_000))
    if alarms > 5 or seen < 950 or p_value([1.0] * 9, [1.0] * 9) != 1:
        raise SystemExit(f"the rank test sees {seen} of 1,000 differences, and {alarms} where there are none")
    return seen, alarms
