"""Averages, covariances, differences, polynomials, and reductions that skip NaN."""
