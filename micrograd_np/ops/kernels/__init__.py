"""Numerics that several tables compute with, in NumPy's terms and without a registry.

Some of these modules know that not every array is NumPy's. `libraries` and `scatter` serve arrays
of other libraries, `index_keys` and `layouts` read arguments that may hold a Tensor, and `matrices`
conjugates cotangents. The tables of derivatives know of NumPy's arrays alone.
"""
