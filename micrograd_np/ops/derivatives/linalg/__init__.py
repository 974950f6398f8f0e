"""Derivatives of linear algebra: products, norms, determinants, solutions, decompositions."""
