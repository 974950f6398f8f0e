"""Rows of the op tests: fft."""
