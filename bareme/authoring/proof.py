"""A proof: what was claimed of a grader, what was found, and whether it holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Claim:
    """One claim, what was found, and what speaks against it: nothing, when it holds."""

    name: str
    found: str
    problems: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.problems


@dataclass(frozen=True)
class Proof:
    """Claims about each exercise, and (under the empty name) about the assignment as a whole.

    ``counts`` holds, for each exercise, numbers under the names ``specimens``, ``specimens_right``, ``mutants``,
    ``mutants_killed``, ``mutants_equivalent``, ``repeats``, ``flips``.
    """

    assignment: str
    digest: str
    complete: bool
    claims: dict[str, list[Claim]]
    counts: dict[str, dict[str, int]]
    wall_s: float = 0.0
    survivors: tuple[str, ...] = ()
    #: Of exercises that were tried thoroughly, their digest; and their own bound.
    digests: dict[str, str] = field(default_factory=dict)
    bounds: dict[str, float] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return all(claim.ok for claims in self.claims.values() for claim in claims)

    @property
    def false_fail_bound(self) -> float:
        return max(self.bounds.values(), default=1.0)

    def total(self, name: str) -> int:
        return sum(counts.get(name, 0) for counts in self.counts.values())

    def to_json(self) -> dict[str, Any]:
        """What ``bareme prove --json`` prints: see `docs/proof.md`."""
        return {
            "ok": self.ok,
            "assignment": self.assignment,
            "digest": self.digest,
            "complete": self.complete,
            "wall_s": self.wall_s,
            **{name: self.total(name) for name in COUNTS},
            "false_fail_bound": self.false_fail_bound,
            "problems": _problems(self.claims.get("", [])),
            "exercises": {
                name: {
                    "ok": all(claim.ok for claim in claims),
                    **({"digest": self.digests[name]} if name in self.digests else {}),
                    "false_fail_bound": self.bounds.get(name, 1.0),
                    **self.counts.get(name, {}),
                    "claims": {claim.name: claim.found for claim in claims},
                    "problems": _problems(claims),
                }
                for name, claims in self.claims.items()
                if name
            },
        }


@dataclass(frozen=True)
class Kept:
    """What an earlier proof found of an exercise, and the digest of the exercise that it was found of."""

    digest: str
    mutants: Claim
    repeats: Claim
    counts: dict[str, int]
    bound: float


COUNTS = ("specimens", "specimens_right", "mutants", "mutants_killed", "mutants_equivalent", "repeats", "flips")


def _problems(claims: Iterable[Claim]) -> list[str]:
    return [f"{claim.name}: {problem}" for claim in claims for problem in claim.problems]
