"""Hands renders over to video: burnt into a clip, as a clip with alpha, and on a timeline."""
