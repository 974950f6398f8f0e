"""Rows of the op tests: ordering."""
