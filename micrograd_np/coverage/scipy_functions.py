"""The coverage of SciPy: refused functions, and replacements of those written in Python.

The ufuncs of `scipy.special` are differentiable, by the tables in `ops/derivatives/special`, or
refused with a reason. The other functions of SciPy are written in Python. Those that only call
ufuncs are differentiable through the ufuncs. Those that make plain arrays of their arguments, and
solvers, raise an error, which says what to call instead. Tests compare these tables with the SciPy
that is installed and with our modules.
"""

import sys

from micrograd_np.core.safety.solvers import public_name

REFUSED: dict[str, str] = {
    name: reason
    for reason, names in {
        "it inverts a distribution for a parameter, in which there is no closed derivative": """
            bdtrik bdtrin btdtri btdtria btdtrib chdtriv chndtridf chndtrinc chndtrix fdtridfd
            gdtria gdtrib nbdtrik nbdtrin ncfdtri ncfdtridfd ncfdtridfn ncfdtrinc nctdtridf
            nctdtrinc nctdtrit pdtrik stdtridf
        """,
        "its density is a series that SciPy offers without derivatives, and not publicly": """
            kolmogi kolmogorov ncfdtr nctdtr smirnov smirnovi
        """,
        "its slope in the parameter is an integral that SciPy does not offer": """
            mathieu_a mathieu_b
        """,
        "it has a slope in closed form, which is not declared yet; declare it by mg.register": """
            elliprj
        """,
        "spheroidal functions have slopes in x only, which are their second result": """
            obl_ang1 obl_ang1_cv obl_cv obl_rad1 obl_rad1_cv obl_rad2 obl_rad2_cv
            pro_ang1 pro_ang1_cv pro_cv pro_rad1 pro_rad1_cv pro_rad2 pro_rad2_cv
        """,
        "zeta has no closed derivative in its exponent": "_riemann_zeta zetac",
        "it is betainc(a, b, x), which has one": "btdtr",
        "SciPy offers no slopes of ellipsoidal harmonics": "_ellip_harm",
        "call micrograd_np.special.spherical_in instead": "_spherical_in _spherical_in_d",
        "call micrograd_np.special.spherical_jn instead": "_spherical_jn _spherical_jn_d",
        "call micrograd_np.special.spherical_kn instead": "_spherical_kn _spherical_kn_d",
        "call micrograd_np.special.spherical_yn instead": "_spherical_yn _spherical_yn_d",
        "call scipy.special.lpmv for its polynomial": "sph_harm",
    }.items()
    for name in names.split()
}

# Functions of SciPy that make plain arrays of their arguments, and what to call on Tensors.
INSTEAD: dict[str, str] = {
    "scipy.special.assoc_legendre_p": "scipy.special.lpmv(m, n, z)",
    "scipy.special.diric": "np.sin(n * x / 2) / (n * np.sin(x / 2))",
    "scipy.special.legendre_p": "scipy.special.eval_legendre(n, z)",
}

# Modules of SciPy, ours in their place, and the functions that ours has under SciPy's names.
OURS = {
    ("scipy.special", "micrograd_np.special"): """
        comb factorial log_softmax logsumexp multigammaln perm polygamma softmax spherical_in
        spherical_jn spherical_kn spherical_yn
    """,
    ("scipy.linalg", "mg.linalg"): """
        block_diag cho_factor cho_solve expm logm lu_factor lu_solve solve_banded solve_sylvester
        solve_triangular sqrtm toeplitz
    """,
    ("scipy.signal", "mg.signal"): "convolve convolve2d correlate correlate2d fftconvolve",
    ("scipy.integrate", "micrograd_np.integrate"): """
        cumulative_simpson cumulative_trapezoid odeint quad simpson solve_ivp trapezoid
    """,
    ("scipy.optimize", "micrograd_np.optimize"): "fixed_point root",
}
for (theirs, ours), names in OURS.items():
    INSTEAD |= {f"{theirs}.{name}": f"{ours}.{name}" for name in names.split()}

# The distributions of `micrograd_np.stats`, by what they have.
DISTRIBUTIONS = {
    "logpdf pdf cdf logcdf sf logsf entropy": """
        beta cauchy chi2 expon gamma laplace lognorm norm t uniform weibull_min
    """,
    "logpmf pmf cdf logcdf sf logsf entropy": "bernoulli binom nbinom poisson",
    "logpdf pdf entropy": "multivariate_normal",
    "logpdf pdf mean var entropy": "dirichlet",
    "logpmf pmf entropy": "multinomial",
}
for functions, names in DISTRIBUTIONS.items():
    for name in names.split():  # the name alone, where the distribution is frozen
        called = [name, *(f"{name}.{function}" for function in functions.split())]
        INSTEAD |= {f"scipy.stats.{path}": f"micrograd_np.stats.{path}" for path in called}


def advice() -> str:
    """The advice on the function of SciPy that asks for an array; "" if no such function asks.

    `advice` looks at its callers, so it is called where the array would be made.
    """
    name = public_name(sys._getframe(2))  # noqa: SLF001 - Python's only way to look at a caller
    if not name:
        return ""
    instead = INSTEAD.get(name, "functions of NumPy and ufuncs of SciPy")
    return f"{name} makes plain arrays of its arguments: call {instead} instead. Or use"


def solver_advice(solver: str) -> str:
    """The sentence that names our solver in the place of one of SciPy's; "" if there is none."""
    instead = INSTEAD.get(solver)
    return f" Or call {instead}, which has derivatives in these Tensors." if instead else ""
