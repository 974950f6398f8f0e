"""Rows of the op tests: signal."""
