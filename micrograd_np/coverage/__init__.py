"""The account of the public functions of NumPy and SciPy: what each does with a Tensor."""
