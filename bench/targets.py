"""Is a figure as good as it should be? A target, and what a report says of it."""

from typing import Any, Literal, NamedTuple


class Target(NamedTuple):
    """`figure` names a value of a report; it must be `at least` or `at most` `bound`. `says` is what people are told."""

    figure: str
    sense: Literal["at least", "at most"]
    bound: float
    says: str


def judged(target: Target, value: float | None, *, counts: bool = True) -> dict[str, Any]:
    """`{figure, says, sense, target, value, met}`; `met` is None where there is no value, or it does not count on this machine."""
    met = None
    if value is not None and counts:
        met = value >= target.bound if target.sense == "at least" else value <= target.bound
    told = {"figure": target.figure, "says": target.says, "sense": target.sense, "target": target.bound}
    return told | {"value": value, "met": met}
