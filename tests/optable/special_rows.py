"""Rows of the op tests: special."""
