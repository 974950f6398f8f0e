"""XOR once more, compiled: the step that an article derives by hand comes out of the machine.

The step is written as a loss and its gradient, and runs in three ways: uncompiled; as the program
of NumPy calls that `mg.compile` makes, which is printed; and as a loop over that program. All three
end with the weights and biases of the article's derivation, to 1e-12. Times are printed as ratios
to the loop by hand.

    python examples/xor_compiled.py                    10,000 steps
    python examples/xor_compiled.py --quick            1,000 steps
    python examples/xor_compiled.py --backend numba    with native loops; needs the extra `jit`
"""

import argparse
import sys
import time

import numpy as np

import micrograd_np as mg

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = np.array([[0.0], [1.0], [1.0], [0.0]])
RATE = 0.1

rng = np.random.RandomState(0)
START = {
    "W1": rng.randn(2, 3),
    "b1": np.zeros((1, 3)),
    "W2": rng.randn(3, 1),
    "b2": np.zeros((1, 1)),
}


def network(p):
    hidden = mg.sigmoid(X @ p["W1"] + p["b1"])
    return mg.sigmoid(hidden @ p["W2"] + p["b2"])


def step(p):
    slopes = mg.grad(lambda p: np.sum((y - network(p)) ** 2) / 2)(p)
    return {name: p[name] - RATE * slopes[name] for name in p}


def by_hand(steps):
    W1, b1, W2, b2 = (value.copy() for value in START.values())
    for _ in range(steps):
        hidden = 1 / (1 + np.exp(-(X @ W1 + b1)))
        out = 1 / (1 + np.exp(-(hidden @ W2 + b2)))
        delta_out = (y - out) * out * (1 - out)  # derived on paper, line by line
        delta_hidden = (delta_out @ W2.T) * hidden * (1 - hidden)
        W2 += RATE * (hidden.T @ delta_out)
        b2 += RATE * np.sum(delta_out, axis=0, keepdims=True)
        W1 += RATE * (X.T @ delta_hidden)
        b1 += RATE * np.sum(delta_hidden, axis=0, keepdims=True)
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}


def by_steps(function, steps):
    p = START
    for _ in range(steps):
        p = function(p)
    return p


def timed(function, *arguments):
    began = time.perf_counter()
    found = function(*arguments)
    return found, time.perf_counter() - began


def main():
    parser = argparse.ArgumentParser(description="Train a small network, compiled.")
    parser.add_argument("--quick", action="store_true", help="1,000 steps instead of 10,000")
    parser.add_argument("--backend", choices=["numpy", "numba"], default="numpy")
    arguments = parser.parse_args()
    steps = 1_000 if arguments.quick else 10_000

    right, reference = timed(by_hand, steps)
    compiled = mg.compile(step, backend=arguments.backend)
    to_compile = timed(by_steps, compiled, 2)[1] / (reference / steps)
    repeated = compiled.repeat(steps)
    repeated(START)  # its loop is made here
    print("What `mg.compile` made of the step:\n")
    print(compiled.source)

    runs = {
        "as it is": timed(by_steps, step, steps),
        "compiled": timed(by_steps, compiled, steps),
        "repeated": timed(repeated, START),
    }
    print(f"{steps:,} steps: the time, the loop by hand being 1, and the largest difference to it")
    for name, (found, took) in runs.items():
        difference = np.max([float(np.abs(found[key] - right[key]).max()) for key in right])
        print(f"  {name:<10} {took / reference:6.2f}   {difference:.1e}")
        if not difference <= 1e-12:
            sys.exit(f"{name}: they differ by more than 1e-12: something is wrong.")
    print(f"To compile it, for arrays and for Tensors, took as long as {to_compile:,.0f} steps.")


if __name__ == "__main__":
    main()
