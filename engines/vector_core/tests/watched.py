"""What tells that nobody opened a file or called a socket: a canary under inotify, and a port that counts callers. Linux only."""

import ctypes
import os
import socket
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

CANARY_COLOUR = (255, 0, 255, 255)
_IN_ACCESS, _IN_OPEN = 0x1, 0x20
_IN_NONBLOCK = os.O_NONBLOCK


class Watched(NamedTuple):
    """A folder with a picture that must stay unread, and a port that must stay uncalled."""

    folder: Path
    port: int
    notices: int
    listener: socket.socket

    def touched(self) -> list[str]:
        """Return what happened since the last call: `read` for a canary opened, `connect` for a caller."""
        found = []
        try:
            os.read(self.notices, 65_536)
            found.append("read")
        except BlockingIOError:
            pass
        try:
            self.listener.accept()[0].close()
            found.append("connect")
        except BlockingIOError:
            pass
        return found


def picture(side: int = 4) -> bytes:
    """Return a PNG of one colour that no test document has."""

    def chunk(tag: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))

    rows = (b"\0" + bytes(CANARY_COLOUR) * side) * side
    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + content


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """Put canaries into `folder`, in a sub-folder `in` and beside it, and watch them and a port of this machine."""
    libc = ctypes.CDLL(None, use_errno=True)
    notices = libc.inotify_init1(_IN_NONBLOCK)
    inner = folder / "in"
    inner.mkdir()
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><rect id="a" width="4" height="4" fill="#f0f"/></svg>'
    for path in (folder / "canary.png", inner / "canary.png", inner / "canary.svg", inner / "canary.css"):
        path.write_bytes(
            picture() if path.suffix == ".png" else drawing if path.suffix == ".svg" else b"rect{fill:#f0f}"
        )
        assert libc.inotify_add_watch(notices, os.fsencode(path), _IN_ACCESS | _IN_OPEN) > 0
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield Watched(inner, listener.getsockname()[1], notices, listener)
    os.close(notices)
