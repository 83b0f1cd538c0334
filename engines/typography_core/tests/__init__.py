"""Tests of typography_core, beside what they test."""
