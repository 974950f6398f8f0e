"""Rows of the op tests: complex."""
