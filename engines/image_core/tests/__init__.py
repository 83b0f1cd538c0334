"""Tests of compositions, presets and renders."""
