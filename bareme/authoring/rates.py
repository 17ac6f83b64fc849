"""What a number of failures says about the rate behind it."""

from __future__ import annotations

from math import comb


def upper_bound(failures: int, tries: int, confidence: float = 0.95) -> float:
    """The largest rate at which so few failures are not yet implausible (Clopper & Pearson, 1934, one-sided).

    Without failures this is 1 - (1 - confidence) ** (1 / tries), about 3 / tries.
    """
    if failures >= tries:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):
        rate = (low + high) / 2
        so_few = sum(comb(tries, k) * rate**k * (1 - rate) ** (tries - k) for k in range(failures + 1))
        low, high = (rate, high) if so_few > 1 - confidence else (low, rate)
    return high
