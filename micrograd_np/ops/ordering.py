"""Sorting, medians, quantiles: what depends on the order of the entries."""
