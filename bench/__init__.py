"""Benchmarks: one module for each stage and journey, each with a `run` that returns a JSON-able dictionary."""
