"""Impasto's compositor: layers as NumPy arrays in, one picture as a NumPy array out. Start at `composite`,
or at `blend` for two arrays.

Importing it imports no numba; the first picture does.
"""

from compositor.advanced import Advanced, BlendIf, Ranges
from compositor.blending import blend
from compositor.blur import box_blur, gaussian_blur
from compositor.errors import (
    ArrayError,
    BlendModeError,
    CanvasSizeError,
    ChoiceError,
    ColorError,
    CompositorError,
    FormatError,
    MaskError,
    MatrixError,
    NotFiniteError,
    NumberError,
    OperatorError,
    RegionError,
    SizeMismatchError,
    SourceError,
    StopsError,
    TreeError,
)
from compositor.execute import compile_kernels, composite, required_kernels
from compositor.filters import FILTER_NAMES
from compositor.kernel_cache import kernel_cache_dir
from compositor.limits import CANVAS_PIXELS_MAX, CANVAS_SIDE_PX_MAX, GROUP_DEPTH_MAX
from compositor.mask import Mask
from compositor.modes import BLEND_MODES, W3C_BLEND_MODES
from compositor.operators import OPERATORS
from compositor.plan import KernelId
from compositor.region_source import RegionSource
from compositor.renderer import Renderer
from compositor.resample import resize
from compositor.streaming import render_strips
from compositor.tree import Gradient, Group, Layer, Node, Pattern, Solid
from compositor.warp import transform

__all__ = [
    "BLEND_MODES",
    "CANVAS_PIXELS_MAX",
    "CANVAS_SIDE_PX_MAX",
    "FILTER_NAMES",
    "GROUP_DEPTH_MAX",
    "OPERATORS",
    "W3C_BLEND_MODES",
    "Advanced",
    "ArrayError",
    "BlendIf",
    "BlendModeError",
    "CanvasSizeError",
    "ChoiceError",
    "ColorError",
    "CompositorError",
    "FormatError",
    "Gradient",
    "Group",
    "KernelId",
    "Layer",
    "Mask",
    "MaskError",
    "MatrixError",
    "Node",
    "NotFiniteError",
    "NumberError",
    "OperatorError",
    "Pattern",
    "Ranges",
    "RegionError",
    "RegionSource",
    "Renderer",
    "SizeMismatchError",
    "Solid",
    "SourceError",
    "StopsError",
    "TreeError",
    "blend",
    "box_blur",
    "compile_kernels",
    "composite",
    "gaussian_blur",
    "kernel_cache_dir",
    "render_strips",
    "required_kernels",
    "resize",
    "transform",
]
