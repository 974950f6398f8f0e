"""Joining, splitting, selecting and rearranging: what NumPy writes in terms of other functions."""
