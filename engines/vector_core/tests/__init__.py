"""Tests of vector_core, beside what they test."""
