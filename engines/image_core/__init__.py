"""Compositions, presets, encoders and the render service; the only engine that talks to compositor trees."""
