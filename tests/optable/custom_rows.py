"""Rows of the op tests: custom."""
