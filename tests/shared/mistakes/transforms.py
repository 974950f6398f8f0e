"""Mistakes with derivatives of functions: `grad`, `jacobian`, `vmap`, `gradcheck`, ops of one's own."""

from mistakes.table import mistake

ROWS = [
    # ------------------------------------------------------------ grad
    mistake("grad(3.0)", TypeError),
    mistake("grad(np.sum(x**2))", TypeError),
    mistake("grad(np.sin, 1.0)", TypeError),
    mistake("grad(np.sin)(a)", RuntimeError),
    mistake("grad(lambda t: print(t))(1.0)", RuntimeError),
    mistake("grad(lambda t: (t, t))(1.0)", RuntimeError),
    mistake("grad(np.sum)(np.array([1, 2, 3]))", TypeError),
    mistake("grad(lambda t: t * 2)(3)", TypeError),
    mistake("grad(lambda u, v: u * v, argnums=2)(1.0, 2.0)", TypeError),
    mistake("grad(lambda u, v: u * v, argnums='u')(1.0, 2.0)", TypeError),
    mistake("grad(lambda u, v: u * v, argnums=(0, 0))(1.0, 2.0)", TypeError),
    mistake("grad(lambda u: u**2)(u=1.0)", TypeError),
    mistake("grad(lambda u: u**2)()", TypeError),
    mistake("grad(lambda u: (u**2, u, u), has_aux=True)(1.0)", TypeError),
    mistake("grad(lambda u: u**2, has_aux=True)(1.0)", TypeError),
    mistake("grad(lambda c: c['w'] ** 2)({'w': 1.0, 'name': 'run 1'})", TypeError),
    mistake("grad(lambda c: c['w'] ** 2)({'w': 1.0, 'steps': 10})", TypeError),
    mistake(
        """
        from dataclasses import dataclass
        @dataclass
        class Config:
            w: float
        grad(lambda c: c.w ** 2)(Config(1.0))
    """,
        TypeError,
    ),
    mistake(
        """
        from dataclasses import dataclass
        @dataclass
        class Config:
            w: float
        grad(lambda w: Config(w))(1.0)
    """,
        TypeError,
    ),
    mistake("grad(lambda t: np.abs(t) * 1j)(1.0)", RuntimeError),
    # ------------------------------------------------------------ the others
    mistake("mg.jvp(np.sin, 1.0, 1.0)", TypeError),
    mistake("mg.jvp(np.sin, [a], [np.ones(2)])", ValueError),
    mistake("mg.jvp(np.sin, [a], [a, a])", Exception),
    mistake("value, pullback = mg.vjp(np.sin, a)\npullback(np.ones(2))", ValueError),
    mistake("value, pullback = mg.vjp(lambda t: {'y': t}, a)\npullback(a)", ValueError),
    mistake("value, push = mg.linearize(np.sin, a)\npush(a, a)", TypeError),
    mistake("mg.jacobian(lambda t: 'text')(a)", TypeError),
    mistake("mg.jacobian(np.sin, a)", Exception),
    mistake("mg.jacobian(5)", TypeError),
    mistake("mg.jacobian(np.sin, mode='backwards')(a)", Exception),
    mistake("mg.hessian(np.sin)(a)", Exception),
    mistake("mg.hvp(np.sum, a, a)", Exception),
    mistake("mg.hvp(np.sum)(a, np.ones(2))", Exception),
    mistake("mg.elementwise_grad(np.sum)(a)", Exception),
    mistake("mg.elementwise_grad(np.cumsum)(a)", Exception),
    # ------------------------------------------------------------ vmap
    mistake("mg.vmap(np.sin)(1.0)", Exception),
    mistake("mg.vmap(np.add)(a, np.ones(4))", Exception),
    mistake("mg.vmap(np.sin, in_axes=1)(a)", Exception),
    mistake("mg.vmap(np.add, in_axes=(0,))(a, a)", Exception),
    mistake("mg.vmap(np.sin, in_axes=None)(a)", Exception),
    mistake("mg.vmap(lambda t: t if t > 0 else -t)(a)", Exception),
    mistake("mg.vmap(lambda t: math.sin(t))(a)", Exception),
    mistake("mg.vmap(lambda r: r[r > 0])(X)", Exception),
    mistake("mg.vmap(np.sin, out_axes=2)(a)", Exception),
    mistake("mg.vmap(lambda t: 'text')(a)", Exception),
    mistake("mg.vmap(np.sin)(np.zeros((0, 2)), 1, 2)", Exception),
    mistake("mg.vmap(lambda i: a[i])(np.array([0, 1]))", Exception),
    # ------------------------------------------------------------ gradcheck
    mistake("mg.gradcheck(np.sin, 1)", Exception),
    mistake("mg.gradcheck(np.sin, [a.astype(int)])", Exception),
    mistake("mg.gradcheck(np.sin(x), [x])", Exception),
    mistake("mg.assert_gradcheck(lambda t: np.sum(mg.stop_gradient(t) * t), [a])", AssertionError),
    mistake("mg.gradcheck(lambda t: 'text', [a])", Exception),
    mistake("mg.gradcheck(np.sin, [a], order=3)", Exception),
    # ------------------------------------------------------------ ops of one's own
    mistake("mg.primitive(lambda t: t**2)", Exception),
    mistake(
        "sq = mg.primitive(lambda t: t**2, vjp=lambda g, out, t: (g, g))\nsq(x).sum().backward()",
        Exception,
    ),
    mistake(
        "sq = mg.primitive(lambda t: t**2, vjp=lambda g, out, t: g[:2])\nsq(x).sum().backward()",
        Exception,
    ),
    mistake("sq = mg.primitive(lambda t: t * x, partials=[lambda out, t: 1.0])\nsq(a)", Exception),
    mistake(
        "def f(t):\n    t[0] = 0\n    return t\nmg.primitive(f, partials=[lambda out, t: 1.0])(x)",
        Exception,
    ),
    mistake(
        "sq = mg.primitive(lambda t: t**2, partials=[lambda t: 2 * t])\nsq(x).sum().backward()",
        Exception,
    ),
    mistake("mg.register(np.sin, partials=[lambda out, t: np.cos(t)])", ValueError),
    mistake("mg.register(math.sin, partials=[lambda out, t: np.cos(t)])", TypeError),
    mistake("mg.primitive(3.0, vjp=lambda g: g)", TypeError),
]
