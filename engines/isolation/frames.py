"""How do requests and answers travel between a process and its worker?

A frame is a value (MessagePack) and any number of buffers behind it, over a socket. Pixels go the same way: read straight into
their place, 16 kB take 0.02 ms and the 8 MB of a picture of 1920 x 1080 take 1.4 ms. Memory shared by a sealed memfd was measured beside
it and takes two to four times as long up to there (every page of it is faulted in anew on both sides) and as long at 64 MB.
Nothing of a frame is believed before its sizes are checked.
"""

import socket
import struct
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

Buffer = bytes | bytearray | memoryview

VALUE_BYTES_MAX = 16 * 1024 * 1024
"""Of a value: facts and errors, never pixels or files."""

BUFFERS_MAX = 1024

SOCKET_BYTES = 1024 * 1024
"""What the kernel is asked to hold of a socket: with less, sender and reader wake each other oftener."""

_HEAD = struct.Struct(">QI")
_SIZE = struct.Struct(">Q")


class Frame(NamedTuple):
    """A value as msgspec reads it without a type (maps, lists, text, numbers), and buffers that the reader owns."""

    value: Any
    buffers: tuple[bytearray, ...]


class FrameError(Exception):
    """The other side wrote no frame, or one beyond its limits. Never leaves this package."""


class Late(Exception):  # noqa: N818 - no error, but the end of the time that was given
    """The deadline passed while waiting for the other side. Never leaves this package."""


def send(link: socket.socket, value: object, buffers: Sequence[Buffer] = (), deadline: float | None = None) -> None:
    """Write a frame until `deadline` (`time.monotonic`; None waits forever). Raises Late, and OSError where nobody reads."""
    data = msgspec.msgpack.encode(value)
    assert len(data) <= VALUE_BYTES_MAX
    assert len(buffers) <= BUFFERS_MAX
    views = [memoryview(buffer).cast("B") for buffer in buffers]
    sizes = b"".join(_SIZE.pack(len(view)) for view in views)
    parts: list[Buffer] = [_HEAD.pack(len(data), len(views)) + sizes + data, *views]
    for part in parts:
        _wait_at_most(link, deadline)
        try:
            link.sendall(part)
        except TimeoutError as error:
            raise Late from error


def receive(link: socket.socket, bytes_max: int, deadline: float | None = None) -> Frame:
    """Read a frame of at most `bytes_max` bytes of buffers. Raises FrameError, Late, and EOFError where the other side is gone."""
    value_bytes, count = _HEAD.unpack(_read(link, _HEAD.size, deadline))
    if value_bytes > VALUE_BYTES_MAX or count > BUFFERS_MAX:
        raise FrameError(f"a frame of {value_bytes} bytes and {count} buffers")
    sizes = [size for (size,) in _SIZE.iter_unpack(_read(link, _SIZE.size * count, deadline))]
    if sum(sizes) > bytes_max:
        raise FrameError(f"buffers of {sum(sizes)} bytes")
    try:
        value = msgspec.msgpack.decode(_read(link, value_bytes, deadline))
    except msgspec.DecodeError as error:
        raise FrameError(str(error)) from error
    return Frame(value, tuple(_read(link, size, deadline) for size in sizes))


def _read(link: socket.socket, size: int, deadline: float | None) -> bytearray:
    data = bytearray(size)
    view, place = memoryview(data), 0
    while place < size:
        _wait_at_most(link, deadline)
        try:
            count = link.recv_into(view[place:])
        except TimeoutError as error:
            raise Late from error
        except ConnectionError as error:
            raise EOFError from error
        if not count:
            raise EOFError
        place += count
    return data


def _wait_at_most(link: socket.socket, deadline: float | None) -> None:
    if deadline is None:
        return
    left = deadline - time.monotonic()
    if left <= 0:
        raise Late
    link.settimeout(left)
