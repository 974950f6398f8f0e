"""One sigmoid neuron, three inputs, no bias: its gradient by hand, by `backward`, and in `fit`.

The article "How to Create a Simple Neural Network in Python" derives the update of the weights on
paper. Here the derivation stands beside an expression that needs none. After 15,000 steps the
weights agree to 1e-12: (10.08740896, -0.20695366, -4.83757835), and 1 0 0 gives 0.9999584.

    python examples/neuron.py                  train, compare, then ask for three inputs
    python examples/neuron.py --input 1 0 0    answer for these instead of asking
    python examples/neuron.py --quick          1,000 steps, which give other numbers
"""

import argparse
import sys

import numpy as np

import micrograd_np as mg
from micrograd_np import nn, optim

X = np.array([[0, 0, 1], [1, 1, 1], [1, 0, 1], [0, 1, 1]])
y = np.array([[0], [1], [1], [0]])  # the first of the three inputs
START = 2 * np.random.RandomState(1).random((3, 1)) - 1


def neuron(W):
    return 1 / (1 + np.exp(-(X @ W)))


def by_hand(steps):
    W = START.copy()
    for _ in range(steps):
        out = neuron(W)
        W += X.T @ ((y - out) * out * (1 - out))  # derived on paper
    return W


def by_backward(steps):
    W = mg.Tensor(START, requires_grad=True, name="W")
    for _ in range(steps):
        W.grad = None
        loss = np.sum((y - neuron(W)) ** 2) / 2
        loss.backward()  # derived from the expression
        W.data -= W.grad
    return W.data


def by_fit(steps):
    model = nn.Sequential(nn.Linear(3, 1, bias=False), nn.Sigmoid())
    model.load_state_dict({"0.weight": START})
    mg.fit(model, X, y, loss=half_squares, optimizer=optim.sgd(1), epochs=steps, progress=False)
    return model.state_dict()["0.weight"]


def half_squares(out, y):
    return nn.mse(out, y, reduction="sum") / 2


def number(text):
    if not abs(float(text)) <= 1e100:  # false for NaN, too
        raise ValueError(text)
    return float(text)


def asked(which):
    while True:
        try:
            return number(input(f"Input {which}: "))
        except ValueError:
            print("That is not a number I can use. Please type one such as 0, 1 or -0.5.")


def main():
    parser = argparse.ArgumentParser(description="Train one neuron, and ask it.")
    parser.add_argument("--quick", action="store_true", help="1,000 steps instead of 15,000")
    parser.add_argument("--input", nargs=3, metavar="X", type=number, help="do not ask")
    arguments = parser.parse_args()
    steps = 1_000 if arguments.quick else 15_000

    print(f"The weights after {steps:,} steps:")
    found = {f.__name__: f(steps) for f in (by_hand, by_backward, by_fit)}
    for name, W in found.items():
        print(f"  {name:<12}" + "".join(f"{weight:14.8f}" for weight in W.ravel()))
    W = found["by_hand"]
    difference = np.max([np.abs(other - W) for other in found.values()])
    if not difference <= 1e-12:
        sys.exit(f"They differ by {difference:.1e}, which is more than 1e-12: something is wrong.")
    print(f"They differ by {difference:.1e} at most.")
    print(f"A case it has not seen, 1 0 0, gives {mg.sigmoid([1, 0, 0] @ W).item():.7f}.")

    try:
        inputs = arguments.input or [asked(which) for which in ("one", "two", "three")]
    except (EOFError, KeyboardInterrupt, RuntimeError):  # the last where there is no stdin
        print("\nNo more input: good-bye.")
    else:
        print(f"{' '.join(f'{x:g}' for x in inputs)} gives {mg.sigmoid(inputs @ W).item():.7f}.")


if __name__ == "__main__":
    main()
