"""The tables of derivatives: one row an op, one module a family, written in plain NumPy."""
