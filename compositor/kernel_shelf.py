"""How kernels are made ready and kept: on first use, once a process, from the disk cache if they are in it.

`kernels` and `array_kernels` keep one shelf each; what there is to make, and what it takes to compile it, is theirs to say.
"""

import logging
import threading
from collections.abc import Callable, Hashable
from typing import Any, Generic, Protocol, TypeVar

from compositor._jit import forget
from compositor.blend_kernels import Kernel

Id = TypeVar("Id", bound=Hashable)
_IdIn = TypeVar("_IdIn", bound=Hashable, contravariant=True)

_log = logging.getLogger("compositor")


class Maker(Protocol[_IdIn]):
    """Makes the kernel of an id, to be kept on disk or not."""

    def __call__(self, kernel_id: _IdIn, /, *, on_disk: bool) -> Kernel: ...


class Shelf(Generic[Id]):
    """Kernels by id. Safe for threads: each kernel is made once."""

    def __init__(self, make: Maker[Id], nothing: Callable[[Id], tuple[Any, ...]]) -> None:
        """Take what makes a kernel, and what gives arguments of the types that it is called with, over nothing to do."""
        self._make, self._nothing = make, nothing
        self._lock = threading.Lock()
        self._kernels: dict[Id, Kernel] = {}

    def find(self, kernel_id: Id) -> Kernel:
        """Return the kernel, ready to run. The first call in a process takes about 0.5 s, or 10 ms from the cache."""
        kernel = self._kernels.get(kernel_id)
        if kernel is None:
            with self._lock:
                kernel = self._kernels.get(kernel_id)
                if kernel is None:
                    kernel = self._kernels[kernel_id] = self._prepare(kernel_id)
        return kernel

    def loaded(self) -> dict[Id, Kernel]:
        """Return the kernels that this process has made ready so far; with the JIT on each one is a numba dispatcher."""
        return dict(self._kernels)

    def _prepare(self, kernel_id: Id) -> Kernel:
        """Make a kernel and call it on nothing, so that it compiles for exactly the types that callers pass."""
        kernel = self._make(kernel_id, on_disk=True)
        try:
            kernel(*self._nothing(kernel_id))
        except Exception as error:  # noqa: BLE001 - a full disk or a damaged cache may raise anything
            _log.warning("kernel cache unusable for %s, compiling in memory: %r", kernel_id, error)
            forget(kernel)
            kernel = self._make(kernel_id, on_disk=False)
            kernel(*self._nothing(kernel_id))
        return kernel
