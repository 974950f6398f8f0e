"""Integrals and ordinary differential equations, with SciPy's names; needs the `scipy` extra."""

from micrograd_np.integrate.initial_value import odeint as odeint
from micrograd_np.integrate.initial_value import solve_ivp as solve_ivp
from micrograd_np.integrate.quadrature import quad as quad
from micrograd_np.integrate.samples import cumulative_simpson as cumulative_simpson
from micrograd_np.integrate.samples import cumulative_trapezoid as cumulative_trapezoid
from micrograd_np.integrate.samples import simpson as simpson
from micrograd_np.integrate.samples import trapezoid as trapezoid
