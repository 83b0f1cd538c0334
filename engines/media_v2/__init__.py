"""The artifact contract: kinds, meta, scopes, keys, blobs, and the registry that turns commands into ledger events."""
