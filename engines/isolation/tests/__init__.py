"""Tests of isolation, beside what they test."""
