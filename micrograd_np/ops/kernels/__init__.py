"""Plain numerics without a registry: what several tables compute with, in NumPy's own terms.

Four of these modules know that not every array is NumPy's: `libraries` and `scatter` serve arrays
of other libraries, `keys` and `layouts` read arguments in which a Tensor may stand, `matrices`
conjugates what the walks carry. The tables of derivatives know of none of that.
"""
