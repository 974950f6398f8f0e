"""Corners, ties and jumps: the slopes to either side differ, or the values do.

The gradient at a corner is the shortest of the slopes between those of its sides. Equal candidates
for a maximum share the gradient evenly. A function that is flat on both sides of a jump has the
gradient 0. Functions that sort keep the order of equal entries.
"""

from micrograd_np.nonsmooth.convention import INF, row

THIRD = 1 / 3

# fmt: off
TOPIC = "Corners, ties and jumps"
ROWS = [
    # ------------------------------------------------------------ corners
    row("np.abs(x)", {"x": 0.0}, 0, "the shortest of all slopes between -1 and 1", torch=0, jax=1),
    row("np.abs(x)", {"x": -0.0}, 0, "as at 0: the sign of a zero is no side", torch=0, jax=1),
    row("np.abs(x)", {"x": 0j}, 0, "the shortest of all directions", torch=0, jax=0),
    row("np.fabs(x)", {"x": 0.0}, 0, "as abs", jax=1),
    row("mg.relu(x)", {"x": 0.0}, 0, "the shortest of all slopes between 0 and 1", torch=0, jax=0),
    row("np.clip(x, 0, 1)", {"x": [0.0, 0.5, 1.0, 2.0]}, [1, 1, 1, 0], "a parameter on the bound can still move inwards: the exception to the rule", torch=[1, 1, 1, 0], jax=[0.5, 1, 0.5, 0]),
    row("np.clip(x, y, z)", {"x": 0.0, "y": 0.0, "z": 1.0}, (1, 0, 0), "the entry passes, so the bound does not", torch=(1, 0, 0), jax=(0.5, 0.5, 0)),
    row("np.clip(x, y, z)", {"x": 2.0, "y": 1.0, "z": 0.0}, (0, 0, 1), "crossed bounds: the upper one is the value", torch=(0, 0, 1), jax=(0, 0, 1)),
    row("np.copysign(x, y)", {"x": 0.0, "y": 1.0}, (0, 0), "copysign is abs(x) times a sign, and abs has slope 0 here", torch=(0, 0), jax=(1, 0)),
    row("np.interp(x, [0, 1, 2], [0, 1, 4])", {"x": 1.0}, 3, "the piece to the right, which begins there", jax=("jnp.interp(x, jnp.array([0., 1., 2.]), jnp.array([0., 1., 4.]))", 3)),
    row("special.i0e(x)", {"x": 0.0}, 0, "the shortest of all slopes between -1 and 1", torch=0, jax=0),
    row("special.i1e(x)", {"x": 0.0}, 0.5, "both sides agree", torch=0.5, jax=0.5),
    row("special.huber(x, y)", {"x": 1.0, "y": 1.0}, (0, 1), "both sides agree"),
    # ------------------------------------------------------------ ties
    row("np.max(x)", {"x": [1.0, 3.0, 3.0]}, [0, 0.5, 0.5], "ties share evenly", torch=("torch.amax(x)", [0, 0.5, 0.5]), jax=[0, 0.5, 0.5]),
    row("np.max(x, axis=0)", {"x": [1.0, 3.0, 3.0]}, [0, 0.5, 0.5], "ties share evenly", torch=("torch.max(x, 0).values", [0, 1, 0]), jax=[0, 0.5, 0.5]),
    row("np.min(x)", {"x": [1.0, 1.0, 3.0]}, [0.5, 0.5, 0], "ties share evenly", torch=("torch.amin(x)", [0.5, 0.5, 0]), jax=[0.5, 0.5, 0]),
    row("np.ptp(x)", {"x": [1.0, 1.0, 3.0]}, [-0.5, -0.5, 1], "the smallest share evenly", jax=[-0.5, -0.5, 1]),
    row("np.maximum.accumulate(x)", {"x": [2.0, 2.0, 1.0]}, [2, 1, 0], "those that tie so far share evenly, as in max", torch=("torch.cummax(x, 0).values", [1, 2, 0]), jax=[2, 1, 0]),
    row("np.minimum.accumulate(x)", {"x": [1.0, 1.0, 2.0]}, [2, 1, 0], "those that tie so far share evenly, as in min", torch=("torch.cummin(x, 0).values", [1, 2, 0]), jax=[2, 1, 0]),
    row("np.maximum(x, y)", {"x": 2.0, "y": 2.0}, (0.5, 0.5), "ties share evenly", torch=(0.5, 0.5), jax=(0.5, 0.5)),
    row("np.minimum(x, y)", {"x": 2.0, "y": 2.0}, (0.5, 0.5), "ties share evenly", torch=(0.5, 0.5), jax=(0.5, 0.5)),
    row("np.fmax(x, y)", {"x": 2.0, "y": 2.0}, (0.5, 0.5), "ties share evenly", torch=(1, 0), jax=(0, 1)),
    row("np.fmax.reduce(x)", {"x": [1.0, 3.0, 3.0]}, [0, 0.5, 0.5], "ties share evenly, as in max"),
    row("np.fmin(x, y)", {"x": 2.0, "y": 2.0}, (0.5, 0.5), "ties share evenly", torch=(1, 0), jax=(0, 1)),
    row("np.maximum(x, x)", {"x": 2.0}, 1, "both shares come back to x", torch=1, jax=1),
    row("np.minimum(x, y)", {"x": INF, "y": INF}, (0.5, 0.5), "infinities tie too", torch=(0.5, 0.5), jax=(0.5, 0.5)),
    row("np.linalg.norm(x, ord=np.inf)", {"x": [3.0, -3.0, 1.0]}, [0.5, -0.5, 0], "ties share evenly", torch=("torch.linalg.norm(x, ord=torch.inf)", [0.5, -0.5, 0]), jax=[0.5, -0.5, 0]),
    row("np.linalg.norm(x, ord=-np.inf)", {"x": [3.0, -1.0, 1.0]}, [0, -0.5, 0.5], "ties share evenly", torch=("torch.linalg.norm(x, ord=-torch.inf)", [0, -0.5, 0.5]), jax=[0, -0.5, 0.5]),
    row("np.sort(x)[0]", {"x": [2.0, 1.0, 1.0]}, [0, 1, 0], "stable: the first of equals is first", torch=("torch.sort(x).values[0]", [0, 1, 0]), jax=[0, 1, 0]),
    row("np.sort(x)[1]", {"x": [2.0, 1.0, 1.0]}, [0, 0, 1], "stable: the second of equals is second", torch=("torch.sort(x).values[1]", [0, 0, 1]), jax=[0, 0, 1]),
    row("np.partition(x, 1)[1]", {"x": [2.0, 1.0, 1.0]}, [0, 0, 1], "as in sort", jax=[0, 0, 1]),
    row("np.median(x)", {"x": [1.0, 2.0, 3.0, 4.0]}, [0, 0.5, 0.5, 0], "the mean of the middle two, as in the value", torch=[0, 1, 0, 0], jax=[0, 0.5, 0.5, 0]),
    row("np.median(x)", {"x": [1.0, 2.0, 2.0, 2.0, 5.0]}, [0, 0, 1, 0, 0], "the middle one in a stable order, as in sort", torch=[0, THIRD, THIRD, THIRD, 0], jax=[0, 0, 1, 0, 0]),
    row("np.quantile(x, 0.5)", {"x": [2.0, 2.0, 1.0]}, [1, 0, 0], "the middle one in a stable order, as in sort", torch=[1, 0, 0], jax=[1, 0, 0]),
    row("np.quantile(x, 0.25)", {"x": [1.0, 2.0, 3.0]}, [0.5, 0.5, 0], "the two neighbors, by their weights", torch=[0.5, 0.5, 0], jax=[0.5, 0.5, 0]),
    row("mg.index_max(x, [0, 0], y)", {"x": [2.0, 1.0], "y": [2.0, 1.0]}, ([0.5, 1], [0.5, 0]), "the entry and its values share evenly", torch=("x.index_reduce(0, torch.tensor([0, 0]), y, 'amax')", ([0.5, 1], [0.5, 0])), jax=("x.at[jnp.array([0, 0])].max(y)", ([0.5, 1], [0.5, 0]))),
    row("mg.index_min(x, [0, 0], y)", {"x": [3.0, 1.0], "y": [2.0, 2.0]}, ([0, 1], [0.5, 0.5]), "values that repeat an index share evenly", torch=("x.index_reduce(0, torch.tensor([0, 0]), y, 'amin')", ([0, 1], [0.5, 0.5])), jax=("x.at[jnp.array([0, 0])].min(y)", ([0, 1], [0.5, 0.5]))),
    row("mg.nn.functional.max_pool1d(x, 2)", {"x": [3.0, 3.0, 1.0, 2.0]}, [0.5, 0.5, 0, 1], "ties share evenly, as in max", torch=("torch.nn.functional.max_pool1d(x[None], 2)", [1, 0, 0, 1])),
    row("mg.nn.functional.max_pool2d(x, 2)", {"x": [[3.0, 3.0], [3.0, 2.0]]}, [[THIRD, THIRD], [THIRD, 0]], "ties share evenly, as in max", torch=("torch.nn.functional.max_pool2d(x[None], 2)", [[1, 0], [0, 0]])),
    # ------------------------------------------------------------ jumps
    row("np.sign(x)", {"x": 0.0}, 0, "flat on both sides; recorded, not cut", torch=0, jax=0),
    row("np.floor(x)", {"x": 2.0}, 0, "flat on both sides; recorded, not cut", torch=0, jax=0),
    row("np.ceil(x)", {"x": 2.0}, 0, "flat on both sides", torch=0, jax=0),
    row("np.trunc(x)", {"x": 0.0}, 0, "flat on both sides", torch=0, jax=0),
    row("np.round(x)", {"x": 0.5}, 0, "flat on both sides", torch=0, jax=0),
    row("np.rint(x)", {"x": 0.5}, 0, "flat on both sides", torch=("torch.round(x)", 0), jax=0),
    row("np.floor_divide(x, y)", {"x": 6.0, "y": 3.0}, (0, 0), "flat on both sides", torch="RuntimeError", jax=(0, 0)),
    row("np.heaviside(x, y)", {"x": 0.0, "y": 0.5}, (0, 1), "flat on both sides; the value at 0 itself is y", torch="RuntimeError", jax=(0, 1)),
    row("np.mod(x, y)", {"x": 5.0, "y": 3.0}, (1, -1), "x - y floor(x / y), the floor held fixed", torch=("torch.remainder(x, y)", (1, -1)), jax=(1, -1)),
    row("np.mod(x, y)", {"x": -5.0, "y": 3.0}, (1, 2), "the floor is -2", torch=("torch.remainder(x, y)", (1, 2)), jax=(1, 2)),
    row("np.mod(x, y)", {"x": 6.0, "y": 3.0}, (1, -2), "a jump: the slopes to its right", torch=("torch.remainder(x, y)", (1, -2)), jax=(1, -2)),
    row("np.fmod(x, y)", {"x": -5.0, "y": 3.0}, (1, 1), "x - y trunc(x / y), held fixed", torch=(1, 1), jax=(1, 1)),
    row("np.fmod(x, y)", {"x": 6.0, "y": 3.0}, (1, -2), "a jump: the slopes to its right", torch=(1, -2), jax=(1, -2)),
    row("np.modf(x)[0]", {"x": 2.0}, 1, "the whole part held fixed", torch=("torch.frac(x)", 1), jax=1),
    row("np.copysign(x, y)", {"x": 2.0, "y": 0.0}, (1, 0), "flat in the sign on both sides", torch=(1, 0), jax=(1, 0)),
    row("np.nextafter(x, y)", {"x": 1.0, "y": 2.0}, (1, 0), "x and an amount that is constant nearby", torch=(1, 0), jax="NotImplementedError"),
    row("np.angle(x)", {"x": -1 + 0j}, -1j, "the value jumps by a turn, its slope does not", torch=-1j, jax=1j),
]
# fmt: on
