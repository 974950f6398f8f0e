"""Rows of the op tests: joining."""
