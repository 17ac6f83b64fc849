"""Bounds on rates, against their closed forms."""

from __future__ import annotations

import pytest

from bareme.authoring.rates import upper_bound


@pytest.mark.parametrize("tries", [1, 10, 200, 3000])
def test_without_failures(tries: int) -> None:
    assert upper_bound(0, tries) == pytest.approx(1 - 0.05 ** (1 / tries), rel=1e-9)


def test_with_failures() -> None:
    assert upper_bound(1, 20) == pytest.approx(0.2161, abs=1e-4)  # Clopper & Pearson's tables
    assert upper_bound(20, 20) == 1.0 and upper_bound(0, 0) == 1.0
    assert upper_bound(1, 100) < upper_bound(2, 100) < upper_bound(2, 50)
