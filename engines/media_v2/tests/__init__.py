"""Tests of the artifact contract."""
