"""One comparison: what was computed, against what, and how far they are apart at most."""

from __future__ import annotations

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


def apart(one: float, other: float) -> float:
    """Return how far two numbers are apart, for their size where they are larger than 1."""
    return abs(one - other) / max(1.0, abs(other))
