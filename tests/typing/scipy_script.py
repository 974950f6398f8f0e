"""A script with the functions that have SciPy's names: each result goes on to `backward`."""

import numpy as np

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.integrate import odeint, quad, simpson, solve_ivp
from micrograd_np.optimize import fixed_point, root
from micrograd_np.special import gammainc, logsumexp, polygamma
from micrograd_np.stats import gamma, multivariate_normal, norm, poisson

rng = np.random.default_rng(0)
X = rng.normal(size=(8, 3))
counts = np.array([0, 1, 0, 1, 1, 0, 1, 0])
mu = Tensor(0.5, requires_grad=True)
S = Tensor(np.eye(3) * 2, requires_grad=True)
v = Tensor([1.0, 2.0, 3.0], requires_grad=True)
norm.logpdf(X, loc=mu, scale=2.0).sum().backward()
norm(mu, 2.0).logcdf(X).sum().backward()
(gamma.sf(v, 2.0).sum() + poisson.logpmf(counts, np.exp(mu)).sum()).backward()
multivariate_normal.logpdf(v, v, S).backward()
mg.stats.norm.logpdf(mu).backward()
factor = mg.linalg.cho_factor(S)
mg.linalg.cho_solve(factor, v).sum().backward()
(mg.linalg.logdet(S) + mg.linalg.expm(S).sum()).backward()
mg.linalg.solve_triangular(S, v, lower=True).sum().backward()
mg.linalg.lu_solve(mg.linalg.lu_factor(S), v).sum().backward()
mg.linalg.block_diag(S, S).sum().backward()
mg.linalg.toeplitz(v).sum().backward()
mg.linalg.solve_sylvester(S, S, S).sum().backward()
t = np.linspace(0.0, 1.0, 3)
mg.integrate.odeint(lambda y, t, k: -k * y, [1.0], t, (mu,))[-1].sum().backward()
odeint(lambda y, t: {"a": -y["a"]}, {"a": v}, t)["a"].sum().backward()
solution = solve_ivp(lambda t, y, k: -k * y, (0.0, 1.0), [1.0], t_eval=t, args=(mu,))
solution.y.sum().backward()
value, error = quad(lambda x, k: np.exp(-k * x), 0.0, 1.0, (mu,))
value.backward()
simpson(v).backward()
root(lambda x, k: x - k, 1.0, args=(mu,)).x[0].backward()
fixed_point(lambda x: 0.5 * (x + mu / x), 1.0).backward()
mg.signal.convolve(v, [1.0, 2.0], mode="same").sum().backward()
mg.signal.fftconvolve(v, v).sum().backward()
(logsumexp(v) + polygamma(1, v).sum()).backward()
gammainc(v, 2.0).sum().backward()
slope = mg.grad(lambda m: norm.logpdf(1.0, m))(mu)
print(slope.shape, mg.vmap(norm.logpdf)(v).sum().item())
