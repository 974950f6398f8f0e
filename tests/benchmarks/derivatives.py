"""Many derivatives at once: batched (`vmap`) against the loop that computes one after the other."""

from collections.abc import Callable

import numpy as np

import micrograd_np as mg

rng = np.random.default_rng(0)
WEIGHTS = rng.standard_normal((100, 100)) / 10
POINT = rng.standard_normal(100)
EXAMPLES = rng.standard_normal((256, 100))

Contender = Callable[[int], object]


def layer(x: np.ndarray) -> np.ndarray:
    """From 100 numbers to 100."""
    return np.tanh(WEIGHTS @ x) * mg.sigmoid(x)


def loss(w: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.sum(np.tanh(x @ w) ** 2)


def jacobian_by_rows() -> np.ndarray:
    out, pullback = mg.vjp(layer, POINT)
    return np.stack([pullback(row)[0] for row in np.eye(out.size)])


def gradients_one_by_one() -> np.ndarray:
    gradient = mg.grad(loss)
    return np.stack([gradient(WEIGHTS, x) for x in EXAMPLES])


JACOBIAN: dict[str, Callable[[], np.ndarray]] = {
    "row by row": jacobian_by_rows,
    "mode=None": lambda: mg.jacobian(layer)(POINT),
    'mode="reverse"': lambda: mg.jacobian(layer, mode="reverse")(POINT),
    'mode="forward"': lambda: mg.jacobian(layer, mode="forward")(POINT),
}
GRADIENTS: dict[str, Callable[[], np.ndarray]] = {
    "one by one": gradients_one_by_one,
    "vmap(grad(f))": lambda: mg.vmap(mg.grad(loss), in_axes=(None, 0))(WEIGHTS, EXAMPLES),
}
TASKS = {"Jacobian of 100 in 100": JACOBIAN, "gradients of 256 examples": GRADIENTS}


def repeated(compute: Callable[[], object]) -> Contender:
    """A function as a contender: called so many times."""

    def run(count: int) -> object:
        for _ in range(count):
            out = compute()
        return out

    return run
