"""Solvers of `scipy.optimize` whose results are differentiable; needs the `scipy` extra."""

from micrograd_np.optimize.roots import fixed_point as fixed_point
from micrograd_np.optimize.roots import root as root
