"""Probability distributions on Tensors: the functions of `scipy.stats`, written as expressions.

Names, parameters and values are SciPy's. `norm.logpdf(x, loc=mu, scale=sigma)` has gradients in `x`
and in every parameter, and `norm(mu, sigma)` is the distribution with its parameters given. Arrays
give arrays. float32 stays float32, and integers become float64. Importing this module imports
SciPy's special functions.

>>> import numpy as np
>>> import micrograd_np as mg
>>> from micrograd_np.stats import norm
>>> sigma = mg.Tensor(2.0, requires_grad=True)
>>> norm.logpdf(np.array([1.0, 3.0]), scale=sigma).sum().backward()
>>> sigma.grad
array(0.25)
"""

from micrograd_np.stats.continuous import beta as beta
from micrograd_np.stats.continuous import cauchy as cauchy
from micrograd_np.stats.continuous import chi2 as chi2
from micrograd_np.stats.continuous import expon as expon
from micrograd_np.stats.continuous import gamma as gamma
from micrograd_np.stats.continuous import laplace as laplace
from micrograd_np.stats.continuous import lognorm as lognorm
from micrograd_np.stats.continuous import norm as norm
from micrograd_np.stats.continuous import t as t
from micrograd_np.stats.continuous import uniform as uniform
from micrograd_np.stats.continuous import weibull_min as weibull_min
from micrograd_np.stats.discrete import bernoulli as bernoulli
from micrograd_np.stats.discrete import binom as binom
from micrograd_np.stats.discrete import nbinom as nbinom
from micrograd_np.stats.discrete import poisson as poisson
from micrograd_np.stats.multivariate import dirichlet as dirichlet
from micrograd_np.stats.multivariate import multinomial as multinomial
from micrograd_np.stats.multivariate import multivariate_normal as multivariate_normal
