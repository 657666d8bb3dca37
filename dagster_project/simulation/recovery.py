"""One line of the table of recoveries, what is required of it, and the mean of several companies.

Not here: what is compared (`evaluate.py`), how it is printed (`recovery_table.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Requirement:
    """What a figure must reach: the largest of a number, a share of the oracle's, the oracle's less a distance.

    `at_most` instead: a figure that must not be larger. `between` instead: one that must lie within both ends.
    """

    at_least: float | None = None
    share_of_oracle: float | None = None
    below_oracle: float | None = None
    at_most: float | None = None
    between: tuple[float, float] | None = None

    def bound(self, oracle: float | None) -> float | None:
        """The number itself (of two ends the lower); null where it depends on an oracle that is not there."""
        if self.between is not None:
            return self.between[0]
        if self.at_most is not None:
            return self.at_most
        bounds = [] if self.at_least is None else [self.at_least]
        if self.share_of_oracle is not None:
            if oracle is None:
                return None
            bounds.append(self.share_of_oracle * oracle)
        if self.below_oracle is not None:
            if oracle is None:
                return None
            bounds.append(oracle - self.below_oracle)
        return max(bounds, default=None)


@dataclass(frozen=True)
class Recovery:
    """One line of the table. `found` null: not computed, for the reason in `note`; `oracle` null: there is none.

    `worst`: of several companies that which is furthest from what is required (the lowest, where nothing is).
    """

    figure: str
    found: float | None
    oracle: float | None
    sample: int
    note: str = ""
    requirement: Requirement | None = None
    worst: float | None = None

    @property
    def needed(self) -> float | None:
        """The bound that `found` must keep; null where nothing is required."""
        return self.requirement.bound(self.oracle) if self.requirement else None

    @property
    def is_met(self) -> bool | None:
        """Whether it keeps it; null where nothing is required. What is not computed does not."""
        if self.requirement is None:
            return None
        if self.found is None or self.needed is None:
            return False
        if self.requirement.between is not None:
            return self.requirement.between[0] <= self.found <= self.requirement.between[1]
        return self.found <= self.needed if self.requirement.at_most is not None else self.found >= self.needed


def mean_over_homes(tables: Sequence[Sequence[Recovery]]) -> list[Recovery]:
    """Per figure the mean over the homes that have it, weighted by the number that it rests on; the order is the first's.

    Every table has the same figures.
    """
    means = []
    for position, first in enumerate(tables[0]):
        lines = [table[position] for table in tables]
        computed = [line for line in lines if line.found is not None]
        found = [line.found for line in computed if line.found is not None]
        means.append(
            Recovery(
                first.figure,
                _mean([(line.found, line.sample) for line in computed]),
                # beside what was found: of the same companies
                _mean([(line.oracle, line.sample) for line in computed or lines]),
                sum(line.sample for line in lines),
                _note([line.note for line in computed or lines]),
                first.requirement,
                _worst(found, first.requirement),
            )
        )
    return means


def _worst(found: Sequence[float], requirement: Requirement | None) -> float | None:
    if not found:
        return None
    if requirement is not None and requirement.between is not None:
        middle = sum(requirement.between) / 2
        return max(found, key=lambda value: abs(value - middle))
    return max(found) if requirement is not None and requirement.at_most is not None else min(found)


def _note(notes: Sequence[str]) -> str:
    said = list(dict.fromkeys(note for note in notes if note))
    return said[0] if len(said) == 1 else f"one of them: {said[0]}" if said else ""


def _mean(weighted: Sequence[tuple[float | None, int]]) -> float | None:
    values = [(value, weight) for value, weight in weighted if value is not None]
    if not values:
        return None
    weights = [weight for _, weight in values]
    return float(np.average([value for value, _ in values], weights=weights if sum(weights) else None))
