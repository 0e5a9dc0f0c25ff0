"""When what ended by itself is started again: the same as on a machine of its own."""

FIRST_MS = 100
LONGEST_MS = 30_000
# What ran for so long counts as stable: its next end is treated as a first one.
STABLE_AFTER_MS = 10_000


def failures_in_a_row(before, ran_ms):
    return 1 if ran_ms >= STABLE_AFTER_MS else before + 1


def delay_ms(failures):
    return min(FIRST_MS * 2 ** min(max(failures - 1, 0), 20), LONGEST_MS)
