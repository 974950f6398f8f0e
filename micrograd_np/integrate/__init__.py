"""Integrals and ordinary differential equations, with SciPy's names; needs the `scipy` extra."""

from micrograd_np.integrate.initial_value import odeint as odeint
from micrograd_np.integrate.initial_value import solve_ivp as solve_ivp
