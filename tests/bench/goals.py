"""Goals: figures beside what they should be. A benchmark fails if one is missed, unless that one is for later."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A figure and its bound.

    Attributes:
        name: what is measured, with its unit.
        value: what came out.
        most: what it may be at most, if that is the goal.
        least: what it must be at least, if that is the goal.
        is_for_later: whether it is only told.
    """

    name: str
    value: float
    most: float | None = None
    least: float | None = None
    is_for_later: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the figure is within its bound."""
        return (self.most is None or self.value <= self.most) and (self.least is None or self.value >= self.least)


def report(goals: list[Goal]) -> int:
    """Prints each goal with met or missed; the exit code."""
    print()
    for goal in goals:
        bound = f"≤ {goal.most:g}" if goal.most is not None else f"≥ {goal.least:g}"
        verdict = "met" if goal.is_met else "missed, but for later" if goal.is_for_later else "MISSED"
        print(f"{goal.name:<64}{goal.value:>10.3f}   goal {bound:<8} {verdict}")
    return 0 if all(goal.is_met or goal.is_for_later for goal in goals) else 1
