"""Rows of the op tests: statistics."""
