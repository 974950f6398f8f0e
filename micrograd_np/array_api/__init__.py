"""The namespace of the Python Array API standard, version 2024.12.

A library that is written to the standard asks an array for its namespace. A Tensor's is the package
`micrograd_np` itself, so that such a library differentiates. Its functions are NumPy's own, under
the standard's names and signatures; whatever arrays they are given, their results are Tensors.

`functions`, `linalg` and `fft` are tables of what NumPy has as it is; `adapted`, `creation` and
`data_types` have the rest. `einops` is for those who use einops' own functions.

The standard: https://data-apis.org/array-api/2024.12/
"""
