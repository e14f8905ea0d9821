"""One comparison: what was computed, against what, and how far they are apart at most."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Comparison:
    """`cases` were compared, `refused` ones cannot be, with a reason; `faults` name what is off."""

    what: str
    against: str
    largest: float
    limit: float
    cases: int
    refused: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether something was compared, and nothing is further off than the limit."""
        return self.cases > 0 and not self.faults and self.largest <= self.limit

    def line(self) -> str:
        """Return a row of the table."""
        largest = f"{self.largest:.1e}" if self.largest else "0"
        verdict = "equal" if self.holds else "**not equal**"
        return (
            f"| {self.what} | {self.against} | {self.cases} | {self.refused or ''} | {largest} | "
            f"{self.limit:.0e} | {verdict} |"
        )


@dataclass(frozen=True)
class Outcome:
    """What came of one case, such as a family, a task and an adapter.

    `difference` is None where nothing was compared; `why` says why.
    """

    case: tuple[str, ...]
    difference: float | None = None
    why: str = ""
    limit: float = 1e-4

    @property
    def verdict(self) -> str:
        """`passed`, `failed`, or why nothing was compared."""
        if self.difference is None:
            return self.why
        return "passed" if self.difference <= self.limit else "failed"

    def __str__(self) -> str:
        """Return one line."""
        result = "" if self.difference is None else f"{self.difference:.1e}"
        return "\t".join([*self.case, result, self.verdict])


def summed(what: str, against: str, outcomes: Iterable[Outcome], limit: float) -> Comparison:
    """Return many outcomes as one comparison."""
    outcomes = list(outcomes)
    return Comparison(
        what,
        against,
        max((one.difference or 0.0 for one in outcomes), default=0.0),
        limit,
        sum(one.difference is not None for one in outcomes),
        sum(one.verdict.startswith("refused") for one in outcomes),
        [str(one) for one in outcomes if one.verdict.startswith("failed")],
    )


def apart(one: float, other: float) -> float:
    """Return how far two numbers are apart, for their size where they are larger than 1."""
    return abs(one - other) / max(1.0, abs(other))
