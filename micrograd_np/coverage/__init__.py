"""Coverage: for each public function of NumPy and SciPy, the function's treatment of a Tensor."""
