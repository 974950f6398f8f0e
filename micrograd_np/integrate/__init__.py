"""Integrals and ordinary differential equations, with SciPy's names; needs the `scipy` extra."""

from micrograd_np.integrate.quadrature import quad as quad
