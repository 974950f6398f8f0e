"""Mistakes in compiled functions."""

from mistakes.table import mistake

ROWS = [
    mistake(
        "@mg.compile\ndef f(t):\n    if t > 0:\n        return t\n    return -t\nf(1.0)", TypeError
    ),
    mistake("@mg.compile\ndef f(t):\n    return math.sin(t)\nf(1.0)", TypeError),
    mistake("@mg.compile\ndef f(t):\n    return t.item() ** 2\nf(Tensor(1.0))", TypeError),
    mistake(
        "@mg.compile\ndef f(t, n):\n    for i in range(n):\n        t = t * t\n    return t\nf(a, 3)",
        TypeError,
    ),
    mistake("@mg.compile\ndef f(t):\n    return t[t > 0]\nf(a)", TypeError),
    mistake("@mg.compile\ndef f(t):\n    t[0] = 0.0\n    return t\nf(a)", TypeError),
    mistake("@mg.compile\ndef f(t):\n    t += 1\n    return t\nf(a)", TypeError),
    mistake(
        "tab = np.arange(10.0)\n@mg.compile\ndef f(i):\n    return tab[i]\nf(np.array([1, 2]))",
        TypeError,
    ),
    mistake("tab = np.arange(10.0)\n@mg.compile\ndef f(i):\n    return tab[i]\nf(2)", TypeError),
    mistake("tab = [1.0, 2.0, 3.0]\n@mg.compile\ndef f(i):\n    return tab[i]\nf(2)", TypeError),
    mistake(
        "@mg.compile\ndef f(t, i):\n    return t[i * 5 : i * 5 + 5]\nf(np.arange(10.0), 1)",
        TypeError,
    ),
    mistake(
        "@mg.compile\ndef f(t, i):\n    return Tensor(X)[i * 2 : i * 2 + 2].sum() + t\nf(1.0, 1)",
        TypeError,
    ),
    mistake("@mg.compile\ndef f(i):\n    return X[i * 2 : i * 2 + 2].sum()\nf(1)", TypeError),
    mistake("@mg.compile\ndef f(n):\n    return np.zeros(n)\nf(3)", TypeError),
    mistake("@mg.compile\ndef f(t, n):\n    return t.reshape(n, -1)\nf(a, 3)", TypeError),
    mistake("@mg.compile\ndef f(t):\n    return np.unique(t)\nf(a)", TypeError),
    mistake("@mg.compile\ndef f(t):\n    return np.array([t[0], t[1]])\nf(a)", TypeError),
    mistake(
        "@mg.compile\ndef f(t):\n    out = np.zeros(3)\n    out[0] = t[0]\n    return out\nf(a)",
        TypeError,
    ),
    mistake("@mg.compile\ndef f(t):\n    print(f'{t:.3f}')\n    return t\nf(1.0)", TypeError),
    mistake(
        "rng = np.random.default_rng(0)\n@mg.compile\ndef f(t):\n    return t + rng.normal(size=3)\nf(a)",
        TypeError,
    ),
    mistake("@mg.compile\ndef f(t):\n    return t + np.random.normal(size=3)\nf(a)", TypeError),
    mistake(
        "@mg.compile\ndef f(t):\n    loss = np.sum((x * t)**2)\n    loss.backward()\n    return loss\nf(a)",
        TypeError,
    ),
    mistake("@mg.compile\ndef f(t):\n    x.data = x.data * 2\n    return x * t\nf(a)", TypeError),
    mistake(
        "calls = 0\n@mg.compile\ndef f(t):\n    global calls\n    calls += 1\n    return t * calls\nf(a)",
        TypeError,
    ),
    mistake("@mg.compile\ndef f(t):\n    return 'text'\nf(a)", TypeError),
    mistake("mg.compile(3.0)", TypeError),
    mistake("mg.compile(np.sin, backend='cuda')", Exception),
    mistake("mg.compile(lambda t: t, static_argnums='n')(a)", Exception),
    mistake("mg.compile(lambda t, n: t * n, static_argnums=1)(a, [1, 2])", Exception),
    mistake(
        "kept = []\n@mg.compile\ndef f(t):\n    kept.append(t * 2)\n    return t\nf(a)\nkept[0] + 1",
        Exception,
    ),
]
