"""Every public function of NumPy and SciPy, and what becomes of it when it is given a Tensor."""
