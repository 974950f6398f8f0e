"""Functions of NumPy written in terms of others: they need no rules of their own."""
