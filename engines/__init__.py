"""Engines turn compositions, scenes and texts into exports and register them as artifacts; see docs/engines/ENGINE_INVENTORY.md."""
