"""Tests of the video hand-over."""
