"""How large things may be; every limit with its unit and its reason."""

CANVAS_SIDE_PX_MAX = 32_768
"""Longest side of a canvas.

Positions in pixels and halves stay exact in float32 well past it, and no format we write needs more.
"""

CANVAS_PIXELS_MAX = 400_000_000
"""Most pixels of a canvas: 20,000 x 20,000, which is 1.6 GB of RGBA8, what one machine can be asked to hold."""

GROUP_DEPTH_MAX = 64
"""Deepest nesting of groups. Each level costs every thread one tile of accumulators (1 MiB at the default tile), and up
to three where something in it is clipped or knocks out.
"""

NODES_MAX = 100_000
"""Most layers and groups of one picture, each counted as often as it is listed; planning them takes about a second."""

OFFSET_PX_MAX = 16_777_216.0
"""Farthest that a layer may lie from the canvas, and its largest stated side: 2**24, below which float32 holds every
integer.
"""

GRADIENT_STOPS_MAX = 1_000
"""Most stops of one gradient: across a hard edge the kernel walks over all that lie between two pixels."""

ANGLE_DEG_MAX = 1e6
"""Largest angle of a gradient in degrees: reducing it to one turn stays exact to a millionth of a degree."""

FEATHER_PX_MAX = 1_000.0
"""Largest feather of a mask, as sigma in pixels: Photoshop's largest. It costs no more time than a small one, but makes
a mask's box 4.5 times as many pixels wider on each side.
"""

TILE_SIDE_PX_MIN = 16
"""Smallest `tile`: below it the interpreter's cost per stage is far above the kernel's."""

TILE_SIDE_PX_MAX = 4_096
"""Largest `tile`: its accumulators take 268 MB per level of groups and thread."""

THREADS_MAX = 256
"""Most threads of one call; more than any machine this was tried on has cores."""
