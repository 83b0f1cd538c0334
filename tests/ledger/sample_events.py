"""The events and the projection that the ledger's tests share: something painted, something scraped off again."""

from typing import Any

import msgspec

from ledger import TailRepaired


class Painted(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=1):
    """`width` units of `colour` were laid on."""

    colour: str
    width: int = 1


class Scraped(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=2):
    """The event at `index` was taken back."""

    index: int
    note: bytes = b""


Event = Painted | Scraped
EventWithRepair = Painted | Scraped | TailRepaired


class Coats:
    """Counts widths per colour; its state is a fresh dict, changed in place."""

    name = "coats"
    version = 1

    def initial(self) -> dict[str, int]:
        return {}

    def apply(self, state: dict[str, int], index: int, event: Any, /) -> dict[str, int]:
        match event:
            case Painted(colour=colour, width=width):
                state[colour] = state.get(colour, 0) + width
            case Scraped():
                state["scraped"] = state.get("scraped", 0) * 31 + index
            case TailRepaired():
                state["repaired"] = index
        return state


def painted(count: int, start: int = 0) -> list[Painted]:
    """Return `count` different events of different sizes."""
    return [Painted(f"colour-{at:04d}" * (1 + at % 3), at) for at in range(start, start + count)]
