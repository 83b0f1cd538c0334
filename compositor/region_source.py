"""What can stand for a picture that is too large to be in memory: anything that hands over regions of itself.

`RegionSource` is all that there is to implement. The compositor asks for what it paints and no more, checks what it gets,
and keeps nothing.
"""

from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt


@runtime_checkable
class RegionSource(Protocol):
    """A picture whose pixels are read region by region: a file cut into tiles, a memory map, a function of the position.

    `width` and `height` are whole pixels, 0 or more, and stay what they are. Pixels must stay what they are, too, while a
    picture is made; a `Renderer` takes them for unchanged as long as it is handed the same object.

    `read` is asked for regions that lie wholly inside, have area, and may overlap; in no order that could be relied on,
    and for the same region again and again where layers are drawn in tiles. Regions are about as large as tiles, with a
    margin where a filter looks around; a source that is shrunk is read in larger ones. Each source is read by one thread
    at a time, but not always by the same one; two sources may be read at once.

    An array that was handed over is only read, and must not be written before the picture is done; a view of something
    larger is welcome. What an implementation raises reaches the caller as it is.
    """

    @property
    def width(self) -> int:
        """Columns."""
        ...

    @property
    def height(self) -> int:
        """Rows."""
        ...

    def read(self, x: int, y: int, width: int, height: int, /) -> npt.NDArray[np.generic] | npt.NDArray[Any]:
        """Return the pixels of the columns `x` to `x + width` and rows `y` to `y + height`, excluded.

        (height, width) or (height, width, 1 to 4) of uint8, uint16, float16 or float32, straight, floats 0 to 1 and
        finite, an even count of channels with alpha last, any strides. Layout and dtype may differ between regions.
        """
        ...
