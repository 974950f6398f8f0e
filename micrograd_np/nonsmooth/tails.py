"""Far out: points where the obvious formula underflows or overflows, and ours does not."""

from micrograd_np.nonsmooth.convention import INF, NAN, row

# fmt: off
TOPIC = "Far out"
ROWS = [
    row("mg.sigmoid(x)", {"x": 40.0}, 4.248354255291589e-18, "sigmoid(x) sigmoid(-x), not out (1 - out)", torch=0, jax=0),
    row("mg.sigmoid(x)", {"x": [-1000.0, 1000.0]}, [0, 0], "smaller than any float64, and no overflow", torch=[0, 0], jax=[0, 0]),
    row("mg.sigmoid(x)", {"x": [-INF, INF]}, [0, 0], "the limit", torch=[0, 0], jax=[0, 0]),
    row("1 / (1 + np.exp(-x))", {"x": -1000.0}, NAN, "infinity times zero: write mg.sigmoid(x)", op="mg.sigmoid", torch=NAN, jax=NAN),
    row("np.tanh(x)", {"x": 20.0}, 1.6993417021166355e-17, "1 / cosh(x)², not 1 - out²", torch=0, jax=0),
    row("np.tanh(x)", {"x": 1000.0}, 0, "smaller than any float64", torch=0, jax=0),
    row("mg.logsigmoid(x)", {"x": -1000.0}, 1, "one function, in which nothing underflows", torch=("torch.nn.functional.logsigmoid(x)", 1), jax=("jax.nn.log_sigmoid(x)", 1)),
    row("mg.logsigmoid(x)", {"x": 40.0}, 4.248354255291589e-18, "one function, in which nothing underflows", torch=("torch.nn.functional.logsigmoid(x)", 4.248354255291589e-18), jax=("jax.nn.log_sigmoid(x)", 4.248354255291589e-18)),
    row("np.log(mg.sigmoid(x))", {"x": -1000.0}, NAN, "infinity times zero: write mg.logsigmoid(x)", op="mg.sigmoid", torch=NAN, jax=NAN),
    row("mg.softplus(x)", {"x": [-1000.0, 1000.0]}, [0, 1], "no overflow on the way", torch=("torch.nn.functional.softplus(x)", [0, 1]), jax=[0, 1]),
    row("mg.softplus(x)", {"x": -40.0}, 4.248354255291589e-18, "no rounding either", torch=("torch.nn.functional.softplus(x)", 4.248354255291589e-18), jax=4.248354255291589e-18),
    row("mg.softplus(-x)", {"x": -800.0}, -1, "cross-entropy of a logit", torch=("torch.nn.functional.binary_cross_entropy_with_logits(x, torch.ones_like(x))", -1), jax=-1),
    row("-np.log(mg.sigmoid(x))", {"x": -800.0}, NAN, "infinity times zero: write mg.softplus(-x)", op="mg.sigmoid", torch=("torch.nn.functional.binary_cross_entropy(torch.sigmoid(x), torch.ones_like(x))", 0), jax=NAN),
    row("mg.log_softmax(x)[0]", {"x": [0.0, 1e6]}, [1, -1], "the largest entry is taken off first", torch=("torch.log_softmax(x, 0)[0]", [1, -1]), jax=[1, -1]),
    row("np.arctan(x)", {"x": 1e200}, 0, "no overflow of x²", torch=0, jax=0),
    row("np.arcsinh(x)", {"x": 1e200}, 1e-200, "no overflow of x²", torch=0, jax=0),
    row("np.hypot(x, y)", {"x": 1e200, "y": 1e200}, (0.7071067811865475, 0.7071067811865475), "no overflow of x²", torch=(0.7071067811865475, 0.7071067811865475), jax=(1.0606601717798214, 1.0606601717798214)),
    row("special.erfcx(x)", {"x": 1e10}, -5.641895835477563e-21, "2 x out - 2 / sqrt(π) would cancel to 0", torch=0),
]
# fmt: on
