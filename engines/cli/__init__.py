"""The `impasto` command: it wires services together and shows results; it decides nothing."""

from engines.cli.app import main

__all__ = ["main"]
