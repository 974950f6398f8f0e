"""SciPy's special functions at their zeros and poles."""

from micrograd_np.nonsmooth.convention import INF, NAN, row

# fmt: off
TOPIC = "Special functions"
ROWS = [
    row("special.xlogy(x, y)", {"x": 0.0, "y": 2.0}, (0.6931471805599453, 0), "the logarithm", torch=(0.6931471805599453, 0), jax=(0.6931471805599453, 0)),
    row("special.xlogy(x, y)", {"x": 0.0, "y": 0.0}, (-INF, 0), "the logarithm, -inf; flat in y", torch=(0, NAN), jax=(-INF, NAN)),
    row("special.xlogy(x, x)", {"x": 0.0}, -INF, "the logarithm in the first x, nothing in the second", torch=NAN, jax=NAN),
    row("special.xlog1py(x, y)", {"x": 0.0, "y": -1.0}, (-INF, 0), "as xlogy", torch=(0, NAN), jax=(-INF, NAN)),
    row("special.entr(x)", {"x": 0.0}, INF, "the limit", torch=INF, jax=INF),
    row("special.rel_entr(x, y)", {"x": 0.0, "y": 1.0}, (-INF, 0), "the limit", jax=(0, 0)),
    row("special.rel_entr(x, y)", {"x": 0.0, "y": 0.0}, (NAN, 0), "the logarithm of 0/0; flat in y", jax=(0, 0)),
    row("special.kl_div(x, y)", {"x": 0.0, "y": 1.0}, (-INF, 1), "the limit", jax=(-1, 1)),
    row("special.logit(x)", {"x": 0.0}, INF, "the limit", torch=INF, jax=INF),
    row("special.erfinv(x)", {"x": 1.0}, INF, "the limit", torch=INF, jax=INF),
    row("special.ndtri(x)", {"x": 0.0}, INF, "the limit", torch=INF, jax=0),
    row("special.gammaln(x)", {"x": 0.0}, -INF, "the limit from the right", torch=-INF, jax=NAN),
    row("special.gammaln(x)", {"x": -1.0}, NAN, "a pole", torch=NAN, jax=NAN),
    row("special.gamma(x)", {"x": 0.0}, -INF, "a pole", jax=NAN),
    row("special.psi(x)", {"x": 0.0}, INF, "a pole", torch=INF, jax=("jax.scipy.special.digamma(x)", INF)),
    row("special.rgamma(x)", {"x": -1.0}, -1, "the limit"),
    row("special.y0(x)", {"x": 0.0}, INF, "a pole", torch=("torch.special.bessel_y0(x)", "RuntimeError")),
    row("special.ellipk(x)", {"x": 1.0}, INF, "a pole"),
    row("special.ellipe(x)", {"x": 1.0}, -INF, "the limit"),
    row("special.gammainc(0.5, x)", {"x": 0.0}, INF, "the limit", torch=("torch.special.gammainc(torch.tensor(0.5), x)", INF), jax=INF),
    row("special.pseudo_huber(x, y)", {"x": 0.0, "y": 1.0}, (1, 0), "the limit: the absolute value of y"),
    row("special.boxcox(x, y)", {"x": 0.0, "y": 0.5}, (INF, 4), "the limits"),
    row("special.boxcox(x, y)", {"x": 2.0, "y": 0.0}, (0.5, 0.2402265069591007), "the limits: half the square of the logarithm in y"),
]
# fmt: on
