"""Matrix decompositions, inverses, determinants, solutions and matrix norms."""
