"""Text in, positioned glyphs and coverage out: fonts from a manifest, shaping, layout, rasterizing."""
