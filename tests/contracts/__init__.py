"""What every implementation of a contract must keep."""
