"""A ledger on object storage, one object for each commit: start at `log`; docs/specs/ledger-objects.md is the format."""
