"""Which decoded pictures and drawn drawings are kept for the next request? The latest ones, up to so many bytes, known by their content.

A cache belongs to whoever makes it: a worker's workspace, or a service for all its requests. It can only answer somebody who has the
picture's own bytes, so it tells no tenant anything about another.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future

from engines.image_core import decode
from engines.isolation.pool import Pool
from engines.media_v2.exports import RgbaPixels
from engines.media_v2.keys import sha256_hex
from engines.vector_core import rasterize
from engines.vector_core.guard import Admitted
from engines.vector_core.scene_fonts import NO_FONTS, SceneFonts

CACHE_BYTES_MAX = 256 * 1024 * 1024
"""Of pixels: some thirty photographs at 1080p."""


class PictureCache:
    """Pictures by the hash of their files, drawings also by their size. Use it from any thread: of several that ask, one works."""

    def __init__(self, bytes_max: int = CACHE_BYTES_MAX, isolation: Pool | None = None) -> None:
        """Keep at most `bytes_max` bytes of pixels; what is being decoded or drawn is held besides. Drawings are drawn in workers of
        `isolation`, which know `vector_core.tasks.TASKS`, or in the caller's process without them."""
        self._bytes_max = bytes_max
        self.isolation = isolation
        self._kept: OrderedDict[str, Future[RgbaPixels]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def decoded(self, content: bytes, name: str) -> RgbaPixels:
        """Return `content` as (height, width, 4) uint8 straight sRGB, which nobody may write into.

        Raises as `decode.decode_picture` does; a fault is not kept.
        """
        return self._kept_or_made(sha256_hex(content), lambda: decode.decode_picture(content, name))

    def drawn(
        self,
        drawing: Admitted,
        width: float,
        height: float,
        dx: float,
        dy: float,
        engine: rasterize.Engine = "resvg",
        fonts: SceneFonts = NO_FONTS,
    ) -> RgbaPixels:
        """Return `rasterize.draw` of these arguments, which nobody may write into: a logo in twenty layers is drawn once.

        Raises as that does; a fault is not kept.
        """
        place = ":".join(map(repr, (float(width), float(height), float(dx), float(dy))))

        def draw() -> RgbaPixels:
            return rasterize.draw(
                drawing, width, height, dx=dx, dy=dy, engine=engine, fonts=fonts.files, isolation=self.isolation
            )

        lettering = ",".join(sorted(fonts.inputs.values()))
        return self._kept_or_made(f"{sha256_hex(drawing.svg)}:{place}:{engine}:{lettering}", draw)

    def _kept_or_made(self, key: str, make: Callable[[], RgbaPixels]) -> RgbaPixels:
        with self._lock:
            waiting = self._kept.get(key)
            if waiting is None:
                mine: Future[RgbaPixels] = Future()
                self._kept[key] = mine
            else:
                self._kept.move_to_end(key)
        if waiting is not None:
            return waiting.result()
        return self._make(key, mine, make)

    def _make(self, key: str, mine: Future[RgbaPixels], make: Callable[[], RgbaPixels]) -> RgbaPixels:
        try:
            pixels = make()
        except BaseException as error:
            with self._lock:
                del self._kept[key]
            mine.set_exception(error)
            raise
        pixels.flags.writeable = False
        mine.set_result(pixels)
        with self._lock:
            self._bytes += pixels.nbytes
            self._shrink()
        return pixels

    def _shrink(self) -> None:
        """Let go of what was asked for longest ago; what is still being decoded has no size yet and stays."""
        for key, future in list(self._kept.items()):
            if self._bytes <= self._bytes_max:
                return
            if future.done():
                self._bytes -= future.result().nbytes
                del self._kept[key]
