"""Mistakes with graphs: leaving them, changing values in them, asking them for gradients."""

from mistakes.table import mistake

ROWS = [
    # ------------------------------------------------------------ leaving the graph
    mistake("np.asarray(x)", TypeError),
    mistake("np.array([x[0], x[1]])", TypeError),
    mistake("math.exp(x[0])", UserWarning),
    mistake("float(x[0])", UserWarning),
    mistake("float(x)", TypeError),
    mistake("a[0] = x[0]", UserWarning),
    mistake("out = np.zeros(3)\nout[:] = x", Exception),
    mistake("losses = [np.sum(x**2)]\nnp.array(losses)", Exception),
    mistake(
        "losses = [np.sum(x**2)]\nimport matplotlib.pyplot as plt\nplt.plot(losses)", Exception
    ),
    mistake("f'{x:.3f}'", Exception),
    mistake("'%.3f' % x", Exception),
    mistake("round(x, 2) + math.floor(x[0])", Exception),
    mistake("if x > 1: print('yes')", ValueError),
    mistake("np.vectorize(math.sin)(x)", TypeError),
    mistake("np.histogram(x)", TypeError),
    mistake("np.save('x.npy', x)", TypeError),
    mistake("from scipy.special import logsumexp\nlogsumexp(x)", TypeError),
    mistake("from scipy.stats import norm\nnorm.pdf(x)", TypeError),
    mistake("import copy\ncopy.deepcopy(x * 2)", Exception),
    mistake("grad(lambda t: math.sin(t))(1.0)", TypeError),
    mistake("grad(lambda t: np.sum(np.array([t, 2 * t])))(1.0)", TypeError),
    mistake("grad(lambda t: t.item() ** 2)(1.0)", TypeError),
    mistake("import pandas\npandas.Series(a) * x", Exception),
    # ------------------------------------------------------------ changing values
    mistake("x += 1", TypeError),
    mistake("h = x * 2\nh += 1", TypeError),
    mistake("np.fill_diagonal(W, 0)", TypeError),
    mistake("np.add.at(x, [0, 0], 1)", TypeError),
    mistake("x.sort()", TypeError),
    mistake("x.fill(0)", TypeError),
    mistake("loss = np.sum(x**2)\nx.data -= 0.1\nloss.backward()", RuntimeError),
    mistake(
        "loss = np.sum(x**2)\nloss.backward()\nx.data -= 0.1 * x.grad\nmg.draw(loss, gradients=True)",
        RuntimeError,
    ),
    mistake("h = x * 2\nh.data = a", TypeError),
    mistake("h = x * 2\nh.requires_grad = False", RuntimeError),
    mistake("def f(t):\n    t[0] = 0.0\n    return np.sum(t)\ngrad(f)(a)", TypeError),
    # ------------------------------------------------------------ backward
    mistake("(x * 2).backward()", RuntimeError),
    mistake("Tensor(3.0).backward()", RuntimeError),
    mistake("with mg.no_grad():\n    loss = np.sum(x**2)\nloss.backward()", RuntimeError),
    mistake("np.sum(x * 1j).backward()", RuntimeError),
    mistake("(x * 2).backward(np.ones(2))", ValueError),
    mistake("(x * 2).backward(1j * a)", TypeError),
    mistake("x.gradient", AttributeError),
    mistake("x.ptp()", AttributeError),
    mistake(
        "with mg.detect_anomaly():\n    np.sum(np.sqrt(x - 1) * 0).backward()", FloatingPointError
    ),
    # ------------------------------------------------------------ pictures
    mistake("mg.draw(model)", TypeError),
    mistake("mg.draw(a)", TypeError),
    mistake("mg.draw([])", ValueError),
    mistake("mg.draw(x * 2, direction='down')", ValueError),
    mistake("mg.draw(x * 2, gradients=True)", RuntimeError),
    mistake("mg.draw(np.sum(x)).save('graph.gif')", Exception),
]
