"""Zeros, infinities and edges: where a slope is infinite, or the formula for it is 0/0.

A slope that has a limit is that limit, which may be infinite. At the origin the gradient of a norm is
the shortest subgradient. The gradient of a product with a zero factor is defined. A gradient is NaN
where the chain rule multiplies infinity by zero; the reason then says what to write instead.
"""

from micrograd_np.nonsmooth.convention import INF, NAN, row

# fmt: off
TOPIC = "Zeros, infinities and edges"
ROWS = [
    # ------------------------------------------------------------ roots, logarithms, inverse functions
    row("np.sqrt(x)", {"x": 0.0}, INF, "the limit", torch=INF, jax=INF),
    row("np.cbrt(x)", {"x": 0.0}, INF, "the limit", jax=INF),
    row("np.log(x)", {"x": 0.0}, INF, "the limit", torch=INF, jax=INF),
    row("np.log2(x)", {"x": 0.0}, INF, "the limit", torch=INF, jax=INF),
    row("np.log10(x)", {"x": 0.0}, INF, "the limit", torch=INF, jax=INF),
    row("np.log1p(x)", {"x": -1.0}, INF, "the limit", torch=INF, jax=INF),
    row("np.sqrt(x)", {"x": -1.0}, NAN, "outside of the domain", torch=NAN, jax=NAN),
    row("np.log(x)", {"x": -1.0}, -1, "the value is NaN, but 1 / x goes on", torch=-1, jax=-1),
    row("np.arcsin(x)", {"x": 1.0}, INF, "the limit", torch=INF, jax=INF),
    row("np.arccos(x)", {"x": 1.0}, -INF, "the limit", torch=-INF, jax=-INF),
    row("np.arccosh(x)", {"x": 1.0}, INF, "the limit", torch=INF, jax=INF),
    row("np.arctanh(x)", {"x": 1.0}, INF, "the limit", torch=INF, jax=INF),
    row("np.reciprocal(x)", {"x": 0.0}, -INF, "the limit from both sides", torch=-INF, jax=-INF),
    row("np.divide(x, y)", {"x": 0.0, "y": 0.0}, (INF, NAN), "no limit in y", torch=(INF, NAN), jax=(INF, NAN)),
    row("x * np.log(x)", {"x": 0.0}, NAN, "zero times infinity: write scipy.special.xlogy", torch=NAN, jax=NAN),
    row("0.0 * np.log(x)", {"x": 0.0}, NAN, "zero times infinity", torch=NAN, jax=NAN),
    row("np.sqrt(x**2)", {"x": 0.0}, NAN, "infinity times zero: write np.abs(x)", torch=NAN, jax=NAN),
    row("np.sqrt(np.sum(x**2))", {"x": [0.0, 0.0]}, [NAN, NAN], "infinity times zero: write np.linalg.norm(x)", torch=[NAN, NAN], jax=[NAN, NAN]),
    # ------------------------------------------------------------ norms, angles, standard deviations
    row("np.linalg.norm(x)", {"x": [0.0, 0.0]}, [0, 0], "the shortest of all directions", torch=[0, 0], jax=[NAN, NAN]),
    row("np.linalg.norm(x)", {"x": [[0.0, 0.0], [0.0, 0.0]]}, [[0, 0], [0, 0]], "the shortest of all directions", torch=[[0, 0], [0, 0]], jax=[[NAN, NAN], [NAN, NAN]]),
    row("np.linalg.norm(x, axis=1)", {"x": [[0.0, 0.0], [3.0, 4.0]]}, [[0, 0], [0.6, 0.8]], "other rows are independent", torch=("torch.linalg.norm(x, dim=1)", [[0, 0], [0.6, 0.8]]), jax=[[NAN, NAN], [0.6, 0.8]]),
    row("np.linalg.norm(x) ** 2", {"x": [0.0, 0.0]}, [0, 0], "0 times the gradient of the norm, which is finite", torch=[0, 0], jax=[NAN, NAN]),
    row("np.linalg.norm(x)", {"x": [0.0, 0.0]}, [NAN, NAN], "the curvature of the norm is infinite", order=2, torch=[NAN, NAN], jax=[NAN, NAN]),
    row("np.linalg.norm(x, ord=1)", {"x": [0.0, 2.0]}, [0, 1], "as abs, entry by entry", torch=[0, 1], jax=[1, 1]),
    row("np.linalg.norm(x, ord=3)", {"x": [0.0, 0.0]}, [0, 0], "the shortest of all directions", torch=[0, 0], jax=[NAN, NAN]),
    row("np.linalg.norm(x, ord=3)", {"x": [0.0, 2.0]}, [0, 1], "flat along the first axis", torch=[0, 1], jax=[0, 1]),
    row("np.linalg.norm(x, ord=0.5)", {"x": [0.0, 2.0]}, [0, 1], "an entry that is 0 is left out: its slope is infinite", torch=[0, 1], jax=[INF, 1]),
    row("np.linalg.norm(x, ord=np.inf)", {"x": [0.0, 0.0]}, [0, 0], "the shortest of all directions", torch=("torch.linalg.norm(x, ord=torch.inf)", [0, 0]), jax=[0.25, 0.25]),
    row("np.linalg.norm(x, ord=0)", {"x": [0.0, 2.0]}, [0, 0], "a count", torch=[0, 0], jax=[0, 0]),
    row("np.hypot(x, y)", {"x": 0.0, "y": 0.0}, (0, 0), "the shortest of all directions", torch=(NAN, NAN), jax=(0.5, 0.5)),
    row("np.hypot(x, y)", {"x": 0.0, "y": 0.0}, (0, 0), "the slope chosen there is a constant", order=2, torch=(NAN, NAN), jax=(0, 0)),
    row("np.arctan2(x, y)", {"x": 0.0, "y": 0.0}, (0, 0), "the angle has no slope at the origin", torch=(0, 0), jax=(NAN, NAN)),
    row("np.angle(x)", {"x": 0j}, 0, "the angle has no slope at the origin", torch=0, jax=complex(NAN, NAN)),
    row("np.real(np.sign(x))", {"x": 0j}, 0, "a step in every direction, with nowhere to point", torch=("torch.real(torch.sgn(x))", 0), jax=0, op="np.sign"),
    row("np.std(x)", {"x": [2.0, 2.0, 2.0]}, [0, 0, 0], "the shortest of all directions", torch=("torch.std(x, correction=0)", [0, 0, 0]), jax=[NAN, NAN, NAN]),
    row("np.std(x)", {"x": [2.0]}, [0], "the shortest of all directions", torch=("torch.std(x, correction=0)", [0]), jax=[NAN]),
    row("np.std(x)", {"x": [2.0, 2.0, 2.0]}, [0, 0, 0], "the slope chosen there is a constant", order=2, torch=("torch.std(x, correction=0)", [0, 0, 0]), jax=[NAN, NAN, NAN]),
    row("np.std(x)", {"x": [2.0]}, [0], "one entry is its own mean", order=2, torch=("torch.std(x, correction=0)", [0]), jax=[NAN]),
    row("np.var(x, ddof=1)", {"x": []}, [], "there is no entry; the value is 0/0", torch=("torch.var(x, correction=1)", []), jax=[]),
    row("np.var(x, ddof=1)", {"x": [2.0]}, [NAN], "no degree of freedom is left: the value is 0/0", torch=("torch.var(x, correction=1)", [NAN]), jax=[NAN]),
    row("np.corrcoef(x, y)[0, 1]", {"x": [1.0, 1.0], "y": [1.0, 2.0]}, ([NAN, NAN], [NAN, NAN]), "the value is 0/0", torch=("torch.corrcoef(torch.stack([x, y]))[0, 1]", ([NAN, NAN], [NAN, NAN])), jax=([NAN, NAN], [NAN, NAN])),
    # ------------------------------------------------------------ powers
    row("np.power(x, y)", {"x": 0.0, "y": 0.0}, (0, 0), "by convention", torch=("torch.pow(x, y)", (0, 0)), jax=(NAN, 0)),
    row("np.power(x, y)", {"x": 0.0, "y": 2.0}, (0, 0), "no logarithm of 0 is taken", torch=("torch.pow(x, y)", (0, 0)), jax=(0, 0)),
    row("np.power(x, y)", {"x": 0.0, "y": 1.0}, (1, 0), "no logarithm of 0 is taken", torch=("torch.pow(x, y)", (1, 0)), jax=(1, 0)),
    row("np.power(x, y)", {"x": 0.0, "y": 0.5}, (INF, 0), "the limits", torch=("torch.pow(x, y)", (INF, 0)), jax=(INF, 0)),
    row("np.power(x, y)", {"x": 0.0, "y": -1.0}, (-INF, -INF), "the limits", torch=("torch.pow(x, y)", (-INF, -INF)), jax=(-INF, NAN)),
    row("np.power(x, y)", {"x": -2.0, "y": 3.0}, (12, NAN), "powers of negative numbers exist only at whole exponents", torch=("torch.pow(x, y)", (12, NAN)), jax=(12, NAN)),
    row("np.float_power(x, y)", {"x": 0.0, "y": 0.0}, (0, 0), "as power", torch=(0, 0), jax=(NAN, 0)),
    row("x**0", {"x": 0.0}, 0, "a constant", op="np.power", torch=0, jax=0),
    row("x**0.0", {"x": 0.0}, 0, "a constant", op="np.power", torch=0, jax=NAN),
    row("x**1", {"x": 0.0}, 1, "the identity", op="np.power", torch=1, jax=1),
    row("x**1.0", {"x": 0.0}, 1, "the identity", op="np.power", torch=1, jax=1),
    row("x**1.0", {"x": 0.0}, 0, "the identity does not curve", op="np.power", order=2, torch=0, jax=NAN),
    row("x**2.0", {"x": 0.0}, 2, "the curvature of a parabola", op="np.power", order=2, torch=2, jax=2),
    row("x**0.5", {"x": 0.0}, INF, "the limit", op="np.power", torch=INF, jax=INF),
    row("0.0**x", {"x": 0.0}, 0, "as in y of power", op="np.power", torch=0, jax=0),
    # ------------------------------------------------------------ products
    row("np.prod(x)", {"x": [0.0, 2.0, 3.0]}, [6, 0, 0], "the product of the others, without a division", torch=[6, 0, 0], jax=[6, 0, 0]),
    row("np.prod(x)", {"x": [0.0, 0.0, 3.0]}, [0, 0, 0], "the product of the others, without a division", torch=[0, 0, 0], jax=[0, 0, 0]),
    row("np.cumprod(x)", {"x": [2.0, 0.0, 3.0]}, [1, 8, 0], "the product of the others, without a division", torch=("torch.cumprod(x, 0)", [1, 8, 0]), jax=[1, 8, 0]),
    row("np.cumprod(x)", {"x": [2.0, 0.0, 0.0, 5.0]}, [1, 2, 0, 0], "the product of the others, without a division", torch=("torch.cumprod(x, 0)", [1, 2, 0, 0]), jax=[1, 2, 0, 0]),
    row("mg.index_multiply(x, [0, 0], y)", {"x": [2.0, 5.0], "y": [0.0, 3.0]}, ([0, 1], [6, 0]), "the product of the others, without a division", torch=("x.index_reduce(0, torch.tensor([0, 0]), y, 'prod')", ([0, 1], [6, 0])), jax=("x.at[jnp.array([0, 0])].multiply(y)", "NotImplementedError")),
    # ------------------------------------------------------------ removable: the formula is 0/0, the slope is not
    row("np.sinc(x)", {"x": 0.0}, 0, "the limit", torch=0, jax=0),
    row("np.sinc(x)", {"x": 0.0}, -3.2898681336964524, "the limit of the curvature, -π²/3", order=2, torch=NAN, jax=-3.2898681336964524),
    row("np.i0(x)", {"x": 0.0}, 0, "the limit", torch=0, jax=0),
    row("np.i0(x)", {"x": 0.0}, 0.5, "the limit of the curvature", order=2, torch=0.5, jax=0),
    row("special.exprel(x)", {"x": 0.0}, 0.5, "the limit"),
    row("special.j1(x)", {"x": 0.0}, 0.5, "the limit"),
    row("special.spence(x)", {"x": 1.0}, -1, "the limit", jax=0),
    row("np.hypot.reduce(x)", {"x": [0.0, 0.0]}, [0, 0], "the shortest of all directions, as in norm"),
    # ------------------------------------------------------------ infinities
    row("np.logaddexp(x, y)", {"x": -INF, "y": -INF}, (0, 0), "the weights of -inf are 0", torch=(NAN, NAN), jax=(NAN, NAN)),
    row("np.logaddexp2(x, y)", {"x": -INF, "y": -INF}, (0, 0), "the weights of -inf are 0", torch=(NAN, NAN), jax=(NAN, NAN)),
    row("np.logaddexp(x, y)", {"x": -INF, "y": 3.0}, (0, 1), "all of the weight is on the other", torch=(0, 1), jax=(0, 1)),
    row("np.logaddexp.reduce(x)", {"x": [-INF, -INF]}, [0, 0], "the weights of -inf are 0"),
    row("np.logaddexp.accumulate(x)", {"x": [-INF, 1.0]}, [1, 1], "the first result is the entry itself", torch=("torch.logcumsumexp(x, 0)", [NAN, 1])),
    row("mg.logsumexp(x)", {"x": [-INF, -INF]}, [0, 0], "the weights of -inf are 0", torch=("torch.logsumexp(x, 0)", [NAN, NAN]), jax=("jax.scipy.special.logsumexp(x)", [NAN, NAN])),
    row("mg.logsumexp(x)", {"x": [1.0, INF]}, [0, NAN], "the infinite entry has all of the weight", torch=("torch.logsumexp(x, 0)", [0, NAN]), jax=("jax.scipy.special.logsumexp(x)", [0, NAN])),
    row("mg.softmax(x)[0]", {"x": [0.0, 0.0, -INF]}, [0.25, -0.25, 0], "a masked entry has weight 0 and slope 0", torch=("torch.softmax(x, 0)[0]", [0.25, -0.25, 0]), jax=[0.25, -0.25, 0]),
    row("mg.softmax(x)[0]", {"x": [-INF, -INF]}, [NAN, NAN], "nothing to share among: 0/0", torch=("torch.softmax(x, 0)[0]", [NAN, NAN]), jax=[NAN, NAN]),
    row("mg.log_softmax(x)[0]", {"x": [0.0, 0.0, -INF]}, [0.5, -0.5, 0], "a masked entry has weight 0 and slope 0", torch=("torch.log_softmax(x, 0)[0]", [0.5, -0.5, 0]), jax=[0.5, -0.5, 0]),
    row("np.nan_to_num(x)", {"x": [NAN, INF, 1.0]}, [0, 0, 1], "what is replaced is constant", torch=[0, 0, 1], jax=[0, 0, 1]),
    # ------------------------------------------------------------ the branch that was not taken
    row("np.where(x > 0, np.sqrt(x), 0.0)", {"x": [-1.0, 0.0, 4.0]}, [NAN, NAN, 0.25], "zero times the infinite or undefined slope of sqrt", torch=[NAN, NAN, 0.25], jax=[NAN, NAN, 0.25]),
    row("mg.where(x > 0, np.sqrt(x), 0.0, masked=True)", {"x": [-1.0, 0.0, 4.0]}, [0, 0, 0.25], "the branch that was not taken sends nothing"),
    row("np.where(x < 0, np.exp(x), x)", {"x": 1000.0}, NAN, "zero times infinity", torch=NAN, jax=NAN),
    row("mg.where(x < 0, np.exp(x), x, masked=True)", {"x": 1000.0}, 1, "the branch that was not taken sends nothing"),
]
# fmt: on
