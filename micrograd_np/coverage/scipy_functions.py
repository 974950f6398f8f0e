"""The coverage of `scipy.special`: refused functions, and replacements of those in Python.

The ufuncs of `scipy.special` are differentiable, by the tables in `ops/derivatives/special`, or
refused with a reason. The other functions are written in Python. Those that only call ufuncs are
differentiable through the ufuncs. Those that begin with `np.asarray` raise an error, which says
what to call instead. A test compares these tables with the SciPy that is installed.
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

OURS = """
    comb factorial multigammaln perm polygamma spherical_in spherical_jn spherical_kn spherical_yn
"""
INSTEAD: dict[str, str] = {  # functions written in Python, and what to call on Tensors
    "assoc_legendre_p": "scipy.special.lpmv(m, n, z)",
    "diric": "np.sin(n * x / 2) / (n * np.sin(x / 2))",
    "legendre_p": "scipy.special.eval_legendre(n, z)",
    "log_softmax": "mg.log_softmax(t, axis=None)",
    "logsumexp": "mg.logsumexp (with weights b > 0: mg.logsumexp(t + np.log(b)))",
    "softmax": "mg.softmax(t, axis=None)",
} | {name: f"micrograd_np.special.{name}" for name in OURS.split()}


def advice() -> str:
    """The advice on the function of SciPy that asks for an array; "" if no such function asks.

    `advice` looks at its callers, so it is called where the array would be made.
    """
    name = public_name(sys._getframe(2))  # noqa: SLF001 - Python's only way to look at a caller
    if not name:
        return ""
    instead = INSTEAD.get(name.rpartition(".")[2], "functions of NumPy and ufuncs of SciPy")
    return f"{name} makes plain arrays of its arguments: call {instead} instead. Or use"
