"""The namespace of the Python Array API standard, version 2024.12.

A library that is written to the standard asks an array for its namespace. The namespace of a Tensor
is the package `micrograd_np`, so that gradients pass through the library. Its functions are NumPy's
own, under the standard's names and signatures. Their results are Tensors for every kind of array.

`functions`, `linalg` and `fft` are tables of functions that NumPy has as they are. `adapted`,
`creation` and `data_types` have the others. `einops` lets einops' own functions take Tensors.

The standard: https://data-apis.org/array-api/2024.12/
"""
