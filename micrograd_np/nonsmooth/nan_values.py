"""Missing values: a NaN that is the result has the gradient, a NaN that is left out has none."""

from micrograd_np.nonsmooth.convention import NAN, row

# fmt: off
TOPIC = "Missing values"
ROWS = [
    row("np.max(x)", {"x": [1.0, NAN, 3.0]}, [0, 1, 0], "the result is the NaN, so the gradient goes there", torch=("torch.amax(x)", [NAN, NAN, NAN]), jax=[NAN, NAN, NAN]),
    row("np.maximum(x, y)", {"x": NAN, "y": 1.0}, (1, 0), "the result is the NaN, so the gradient goes there", torch=(1, 1), jax=(0, 0)),
    row("np.maximum(x, y)", {"x": NAN, "y": NAN}, (0.5, 0.5), "both are NaN: they share evenly", torch=(1, 1), jax=(0, 0)),
    row("np.minimum(x, y)", {"x": 1.0, "y": NAN}, (0, 1), "the result is the NaN, so the gradient goes there", torch=(1, 1), jax=(0, 0)),
    row("np.fmax(x, y)", {"x": NAN, "y": 1.0}, (0, 1), "fmax leaves NaN out, and so does its gradient", torch=(0, 1), jax=(0, 1)),
    row("np.fmin(x, y)", {"x": 1.0, "y": NAN}, (1, 0), "fmin leaves NaN out, and so does its gradient", torch=(1, 0), jax=(1, 0)),
    row("np.fmax(x, y)", {"x": NAN, "y": NAN}, (0.5, 0.5), "both are NaN: they share evenly", torch=(1, 0), jax=(1, 0)),
    row("mg.index_max(x, [0, 0], y)", {"x": [1.0], "y": [NAN, 3.0]}, ([0], [1, 0]), "the result is the NaN, so the gradient goes there", torch=("x.index_reduce(0, torch.tensor([0, 0]), y, 'amax')", ([NAN], [NAN, NAN])), jax=("x.at[jnp.array([0, 0])].max(y)", ([0], [0, 0]))),
    row("np.sort(x)[0]", {"x": [NAN, 2.0, 1.0]}, [0, 0, 1], "NaN is sorted to the end", torch=("torch.sort(x).values[0]", [0, 0, 1]), jax=[0, 0, 1]),
    row("np.median(x)", {"x": [1.0, NAN, 3.0]}, [0, 1, 0], "the result is the NaN, so the gradient goes there", torch=[0, 1, 0], jax=[0, 0, 0]),
    row("np.nansum(x)", {"x": [1.0, NAN, 3.0]}, [1, 0, 1], "NaN is left out, with gradient 0", torch=[1, 0, 1], jax=[1, 0, 1]),
    row("np.nanprod(x)", {"x": [2.0, NAN, 3.0]}, [3, 0, 2], "NaN is left out, with gradient 0", jax=[3, 0, 2]),
    row("np.nanmean(x)", {"x": [1.0, NAN, 3.0]}, [0.5, 0, 0.5], "the mean of the other two", torch=[0.5, 0, 0.5], jax=[0.5, 0, 0.5]),
    row("np.nanstd(x)", {"x": [2.0, NAN, 2.0]}, [0, 0, 0], "the shortest of all directions", jax=[NAN, 0, NAN]),
    row("np.nanstd(x)", {"x": [2.0, NAN, 2.0]}, [0, 0, 0], "the slope chosen there is a constant", order=2, jax=[NAN, 0, NAN]),
    row("np.nanvar(x)", {"x": [1.0, NAN, 3.0]}, [-1, 0, 1], "NaN is left out, with gradient 0", jax=[-1, 0, 1]),
    row("np.nanmax(x)", {"x": [3.0, NAN, 3.0]}, [0.5, 0, 0.5], "ties share evenly", jax=[0.5, 0, 0.5]),
    row("np.nanmin(x)", {"x": [1.0, NAN, 1.0]}, [0.5, 0, 0.5], "ties share evenly", jax=[0.5, 0, 0.5]),
    row("np.nanmedian(x)", {"x": [1.0, NAN, 3.0]}, [0.5, 0, 0.5], "the mean of the middle two that are no NaN", torch=[1, 0, 0], jax=[0.5, 0, 0.5]),
    row("np.nanquantile(x, 0.5)", {"x": [1.0, NAN, 3.0]}, [0.5, 0, 0.5], "as nanmedian", torch=[0.5, 0, 0.5], jax=[0.5, 0, 0.5]),
    row("np.nancumsum(x)", {"x": [1.0, NAN, 3.0]}, [3, 0, 1], "NaN is left out, with gradient 0", jax=[3, 0, 1]),
    row("np.nanmean(x)", {"x": [NAN, NAN]}, [0, 0], "all are left out, with gradient 0", torch=[NAN, NAN], jax=[0, 0]),
    row("np.mean(x, where=[True, False])", {"x": [1.0, NAN]}, [1, 0], "NaN is left out, with gradient 0", jax=("jnp.mean(x, where=jnp.array([True, False]))", [1, 0])),
    row("np.fmax.reduce(x)", {"x": [1.0, NAN, 3.0]}, [0, 0, 1], "fmax leaves NaN out, and so does its gradient"),
    row("np.maximum.accumulate(x)", {"x": [1.0, NAN, 3.0]}, [1, 2, 0], "the result is the NaN, so the gradient goes there"),
    row("np.fmax.accumulate(x)", {"x": [NAN, 1.0, NAN]}, [1, 2, 0], "fmax leaves NaN out, unless it has nothing else"),
    row("np.max(x)", {"x": []}, "ValueError", "there is no largest entry", torch=("torch.amax(x)", "RuntimeError"), jax="ValueError"),
]
# fmt: on
