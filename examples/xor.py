"""XOR with three hidden neurons: the gradients by hand, by `backward`, and in `fit`.

A tutorial article derives on paper how the error travels back through both layers. The printed
program stops with an UnboundLocalError, because its functions assign to global arrays. The
derivation is right, and stands in `by_hand`. After 10,000 steps all weights and biases agree to
1e-12, and every output is within 0.07 of its target.

    python examples/xor.py            train and compare
    python examples/xor.py --quick    1,000 steps, too few to learn XOR
"""

import argparse
import sys

import numpy as np

import micrograd_np as mg
from micrograd_np import nn, optim

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
y = np.array([[0], [1], [1], [0]])
RATE = 0.1

rng = np.random.RandomState(0)
START = {
    "W1": rng.randn(2, 3),
    "b1": np.zeros((1, 3)),
    "W2": rng.randn(3, 1),
    "b2": np.zeros((1, 1)),
}


def layers(W1, b1, W2, b2):
    hidden = 1 / (1 + np.exp(-(X @ W1 + b1)))
    return hidden, 1 / (1 + np.exp(-(hidden @ W2 + b2)))


def by_hand(steps):
    W1, b1, W2, b2 = (value.copy() for value in START.values())
    for _ in range(steps):
        hidden, out = layers(W1, b1, W2, b2)
        delta_out = (y - out) * out * (1 - out)  # derived on paper, line by line
        delta_hidden = (delta_out @ W2.T) * hidden * (1 - hidden)
        W2 += RATE * (hidden.T @ delta_out)
        b2 += RATE * np.sum(delta_out, axis=0, keepdims=True)
        W1 += RATE * (X.T @ delta_hidden)
        b1 += RATE * np.sum(delta_hidden, axis=0, keepdims=True)
    return W1, b1, W2, b2


def by_backward(steps):
    parameters = [mg.Tensor(x, requires_grad=True, name=name) for name, x in START.items()]
    for _ in range(steps):
        _, out = layers(*parameters)
        loss = np.sum((y - out) ** 2) / 2
        for p in parameters:
            p.grad = None
        loss.backward()  # derived from the expression
        for p in parameters:
            p.data -= RATE * p.grad
    return [p.data for p in parameters]


def by_fit(steps):
    model = nn.Sequential(nn.Linear(2, 3), nn.Sigmoid(), nn.Linear(3, 1), nn.Sigmoid())
    W1, b1, W2, b2 = START.values()
    model.load_state_dict({"0.weight": W1, "0.bias": b1[0], "2.weight": W2, "2.bias": b2[0]})
    mg.fit(model, X, y, loss=half_squares, optimizer=optim.sgd(RATE), epochs=steps, progress=False)
    return list(model.state_dict().values())


def half_squares(out, y):
    return nn.mse(out, y, reduction="sum") / 2


def main():
    parser = argparse.ArgumentParser(description="Train a small network to compute XOR.")
    parser.add_argument("--quick", action="store_true", help="1,000 steps instead of 10,000")
    steps = 1_000 if parser.parse_args().quick else 10_000

    found = by_hand(steps)
    others = {f.__name__: f(steps) for f in (by_backward, by_fit)}
    before, after = layers(*START.values())[1], layers(*found)[1]
    print(f"Inputs, target, and output before and after {steps:,} steps:")
    for inputs, target, first, last in zip(X, y, before, after, strict=True):
        print(f"  {inputs}  {target[0]}  {first[0]:.4f}  {last[0]:.4f}")
    print("The weights and biases differ from those derived by hand by at most:")
    for name, values in others.items():
        difference = np.max([np.abs(a - b).max() for a, b in zip(found, values, strict=True)])
        print(f"  {name:<12} {difference:.1e}")
        if not difference <= 1e-12:
            sys.exit(f"{name} differs by more than 1e-12: something is wrong.")


if __name__ == "__main__":
    main()
