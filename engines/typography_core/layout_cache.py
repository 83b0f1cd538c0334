"""Which texts were set before in packaged fonts, and how?

A worker that draws a template a thousand times sets its fixed texts once. Kept for the process, by the request's bytes; texts of a scope's
own fonts are not, because their files belong to a store that may be closed by then. Pure but for what is kept.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable

from engines.typography_core.layout import TextLayout

REQUEST_BYTES_MAX = 8192
"""Of a request that is kept, mostly its text: a page. A book chapter does not come back."""

KEPT_BYTES_MAX = 200_000
"""Of all requests that are kept; a layout takes about 200 times as many in Python, thus 40 MB."""


class LayoutCache:
    """Layouts by request, those used least recently dropped first. Safe for threads, which may set the same text twice."""

    def __init__(self, bytes_max: int = KEPT_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, TextLayout] = OrderedDict()
        self._bytes = 0

    def get(self, key: bytes, make: Callable[[], TextLayout]) -> TextLayout:
        """Return the layout of the request that `key` holds: a kept one, or what `make` returns."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        made = make()
        if len(key) <= REQUEST_BYTES_MAX:
            self._keep(key, made)
        return made

    def clear(self) -> None:
        """Forget all, for measurements."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _keep(self, key: bytes, made: TextLayout) -> None:
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = made
            self._bytes += len(key)
            while self._bytes > self._bytes_max:
                freed, _ = self._kept.popitem(last=False)
                self._bytes -= len(freed)


PACKAGED = LayoutCache()
"""Of texts in packaged fonts."""
