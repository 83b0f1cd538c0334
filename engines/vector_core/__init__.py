"""SVG in, pixels out: a guard before any engine, then resvg or CairoSVG."""
