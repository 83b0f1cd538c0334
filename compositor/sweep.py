"""Which items of a picture reach into a tile? Asked for tiles that come from the top down."""

from bisect import insort
from collections.abc import Sequence

from compositor.rect import Rect
from compositor.scene import Item


class Sweep:
    """Keeps the items near the row of tiles that is being planned: a picture of many small layers would otherwise be planned in
    layers times tiles.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self._all = items
        self._waiting = sorted(range(len(items)), key=lambda number: items[number].bounds.y0, reverse=True)
        self._rows = (0, 0)
        self._near: list[int] = []

    def items(self, region: Rect) -> list[Item]:
        """Return the items that share a row with `region`, from the bottom up."""
        if (region.y0, region.y1) != self._rows:
            assert region.y0 >= self._rows[0], "tiles come from the top down"
            self._rows = (region.y0, region.y1)
            self._near = [number for number in self._near if self._all[number].bounds.y1 > region.y0]
            while self._waiting and self._all[self._waiting[-1]].bounds.y0 < region.y1:
                insort(self._near, self._waiting.pop())
        return [self._all[number] for number in self._near]
