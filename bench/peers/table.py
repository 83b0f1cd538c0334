"""Which peers there are, and which of them can be imported here? A new peer is one row, and one file for what it does."""

import importlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from bench.cases import Case, Contender
from bench.peers import blend_modes, cairo, opencv, pillow, psd_tools, pyvips, simd_blend_modes, skia


class Peer(NamedTuple):
    """`package` is the distribution to install, `module` what must import; `make` returns None for a mode that the peer
    does not have under the name or by a formula that claims to be the one of the W3C.
    """

    name: str
    package: str
    module: str
    make: Callable[[Case, str], Contender | None]


_ROWS = (
    Peer("skia", "skia-python", "skia", skia.make),
    Peer("cairo", "cairocffi", "cairocffi", cairo.make),
    Peer("pyvips", "pyvips", "pyvips", pyvips.make),
    Peer("pillow", "Pillow", "PIL.Image", pillow.make),
    Peer("opencv", "opencv-python-headless", "cv2", opencv.make),
    Peer("simd-blend-modes", "simd-blend-modes", "simd_blend_modes", simd_blend_modes.make),
    Peer("blend-modes", "blend-modes", "blend_modes", blend_modes.make),
    Peer("psd-tools", "psd-tools", "psd_tools.composite.blend", psd_tools.make),
)
PEERS = {peer.name: peer for peer in _ROWS}


def importable(names: Sequence[str]) -> tuple[tuple[Peer, ...], dict[str, str]]:
    """Return the peers of `names` that import, and for each of the others the reason why it does not."""
    found, skipped = [], {}
    for peer in (PEERS[name] for name in names):
        try:
            importlib.import_module(peer.module)
        except (ImportError, OSError) as error:  # cairocffi raises OSError when the system has no libcairo
            reason = (str(error).splitlines() or [""])[0]
            skipped[peer.name] = f"{peer.package} does not import here: {reason}"
        else:
            found.append(peer)
    return tuple(found), skipped
