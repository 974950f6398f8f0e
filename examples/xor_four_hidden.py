"""XOR with four hidden neurons: an article whose program cannot work, and what to mend in it.

The tutorial article prints a program with three mistakes:

1. `sigmoid(output, derivative=True)` is a TypeError: the article's `sigmoid` has no `derivative`.
2. `y` has shape (4,) and the output (4, 1), so `y - output` silently becomes a (4, 4) table of
   every target against every output. The losses of `nn` refuse that; this program shows the error.
3. Rate 0.1 and 1,000 steps are too little: an output is still 0.39 from its target. With rate 1
   and 10,000 steps all outputs are within 0.02.

The article's derivation is right, and gives the weights that `backward` and `fit` give, to 1e-12.

    python examples/xor_four_hidden.py            train and compare
    python examples/xor_four_hidden.py --quick    1,000 steps
"""

import argparse
import sys

import numpy as np

import micrograd_np as mg
from micrograd_np import nn, optim

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
y = np.array([[0], [1], [1], [0]])
rng = np.random.RandomState(0)
START = rng.randn(2, 4), rng.randn(4), rng.randn(4, 1), rng.randn(1)


def layers(W1, b1, W2, b2, X=X):
    hidden = 1 / (1 + np.exp(-(X @ W1 + b1)))
    return hidden, 1 / (1 + np.exp(-(hidden @ W2 + b2)))


def by_hand(rate, steps):
    W1, b1, W2, b2 = (value.copy() for value in START)
    for _ in range(steps):
        hidden, out = layers(W1, b1, W2, b2)
        delta_out = 2 * (y - out) * out * (1 - out)  # derived on paper, line by line
        delta_hidden = (delta_out @ W2.T) * hidden * (1 - hidden)
        W2 += rate * (hidden.T @ delta_out)
        b2 += rate * delta_out.sum(axis=0)
        W1 += rate * (X.T @ delta_hidden)
        b1 += rate * delta_hidden.sum(axis=0)
    return W1, b1, W2, b2


def by_backward(rate, steps):
    parameters = [mg.Tensor(value, requires_grad=True) for value in START]
    for _ in range(steps):
        _, out = layers(*parameters)
        for p in parameters:
            p.grad = None
        np.sum((y - out) ** 2).backward()  # derived from the expression
        for p in parameters:
            p.data -= rate * p.grad
    return [p.data for p in parameters]


def by_fit(rate, steps):
    model = nn.Sequential(nn.Linear(2, 4), nn.Sigmoid(), nn.Linear(4, 1), nn.Sigmoid())
    model.load_state_dict(dict(zip(model.state_dict(), START, strict=True)))
    mg.fit(model, X, y, loss=squares, optimizer=optim.sgd(rate), epochs=steps, progress=False)
    return list(model.state_dict().values())


def squares(out, y):
    return nn.mse(out, y, reduction="sum")


def main():
    parser = argparse.ArgumentParser(description="Train four hidden neurons to compute XOR.")
    parser.add_argument("--quick", action="store_true", help="1,000 steps instead of 10,000")
    steps = 1_000 if parser.parse_args().quick else 10_000

    try:
        squares(layers(*START)[1], y.ravel())
    except mg.errors.ShapeError as error:
        print(f"The article's shapes, given to a loss, are a ShapeError:\n  {error}")
    printed = layers(*by_hand(rate=0.1, steps=1_000))[1]
    print(f"Its rate 0.1 and 1,000 steps, the rest mended, give {printed.ravel().round(2)}.")

    found = by_hand(rate=1, steps=steps)
    print(f"With rate 1 and {steps:,} steps, asked one by one:")
    for inputs, target in zip(X, y, strict=True):
        print(f"  {inputs} gives {layers(*found, inputs)[1][0]:.4f}, and should give {target[0]}")
    print("The weights and biases differ from those derived by hand by at most:")
    for other in (by_backward, by_fit):
        values = other(rate=1, steps=steps)
        difference = np.max([np.abs(a - b).max() for a, b in zip(found, values, strict=True)])
        print(f"  {other.__name__:<12} {difference:.1e}")
        if not difference <= 1e-12:
            sys.exit(f"{other.__name__} differs by more than 1e-12: something is wrong.")


if __name__ == "__main__":
    main()
