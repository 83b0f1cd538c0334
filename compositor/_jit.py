"""How a plain function becomes a compiled kernel: the only file that knows numba and its options.

Kernels release the GIL, divide as IEEE 754 says (no exception), and never use fastmath, so that the same source gives
the same bits compiled, interpreted (`NUMBA_DISABLE_JIT=1`), vectorised or not. A kernel may close over plain
module-level functions made `inlinable`, and over booleans; closing over a compiled dispatcher would defeat the disk
cache (numba issue 6264).
"""

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import config
from numba.extending import intrinsic, register_jitable

from compositor.kernel_cache import writable_cache_dir

Function = TypeVar("Function", bound=Callable[..., Any])

_CONFIG_LOCK = threading.Lock()
_SETTINGS: Any = config  # numba fills this module as it starts, which no type checker can see
_BYTE = ir.IntType(8)
_INT32 = ir.IntType(32)


def inlinable(function: Function) -> Function:
    """Let kernels call `function`; it stays the plain Python function that it is.

    It is always inlined: LLVM leaves longer ones as calls, and a loop with a call in it is not vectorised.
    """
    return register_jitable(forceinline=True)(function)


def compiled(function: Function, *, on_disk: bool) -> Function:
    """Return `function` as a kernel that compiles when it is first called, or is found in the disk cache if `on_disk`.

    Without a writable cache folder it works without one. numba reads its cache folder while decorating, so it is set
    for that moment only: other users of numba in this process keep theirs.
    """
    place = writable_cache_dir() if on_disk else None
    if place is None:
        return cast("Function", numba.njit(nogil=True, error_model="numpy")(function))
    with _CONFIG_LOCK:
        before = _SETTINGS.CACHE_DIR
        _SETTINGS.CACHE_DIR = str(place)
        try:
            return cast("Function", numba.njit(nogil=True, error_model="numpy", cache=True)(function))
        finally:
            _SETTINGS.CACHE_DIR = before


def forget(function: Callable[..., Any]) -> None:
    """Delete what the disk cache holds of the kernel `function`, so that a later process writes it anew."""
    place = writable_cache_dir()
    if place is not None:
        # numba names its files module.qualified_name-line.version.nbi, and .nbc for each compiled signature.
        for file in place.rglob(f"*.{function.__name__}-*.nb[ci]"):
            file.unlink(missing_ok=True)


def _prefetch_interpreted(words: np.ndarray[Any, np.dtype[np.uint32]], row: int, column: int) -> None:
    """Do nothing: the interpreter has no use for a hint."""


def _prefetch_compiled(_context: Any, words: Any, _row: Any, _column: Any) -> Any:
    """Emit `llvm.prefetch` for reading, into the second-level cache, of the address of `words[row, column]`."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, args[0])
        strides = array.strides
        byte = builder.ptrtoint(array.data, ir.IntType(64))
        for axis in (0, 1):
            byte = builder.add(byte, builder.mul(args[axis + 1], builder.extract_value(strides, axis)))
        address = builder.inttoptr(byte, _BYTE.as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [_BYTE.as_pointer(), _INT32, _INT32, _INT32])
        hint = builder.module.globals.get("llvm.prefetch.p0") or ir.Function(builder.module, kind, "llvm.prefetch.p0")
        read, second_level, data = _INT32(0), _INT32(2), _INT32(1)
        builder.call(hint, [address, read, second_level, data])
        return context.get_dummy_value()

    return types.void(words, types.intp, types.intp), emit


prefetch: Callable[..., None] = _prefetch_interpreted if _SETTINGS.DISABLE_JIT else intrinsic(_prefetch_compiled)
"""Start loading the cache line of `words[row, column]`; no effect on results, and an address out of bounds is
harmless.
"""
