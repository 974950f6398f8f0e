"""Rows of the op tests: decomposition."""
