"""The articles' networks by hand: data, starting weights, and loops with the slopes on paper.

The neuron of article 002 (four rows, three weights) and the XOR network of article 001 (2-3-1 with
biases), both float64, full batch. NumPy is all that is imported: what starts a process with these
loops alone measures nothing else.
"""

from collections.abc import Callable

import numpy as np

Parameters = list[np.ndarray]
Training = Callable[[int], Parameters]  # that many iterations from the start

NEURON_X = np.array([[0, 0, 1], [1, 1, 1], [1, 0, 1], [0, 1, 1]], float)
NEURON_Y = np.array([[0, 1, 1, 0]], float).T
NEURON_RATE = 1.0
XOR_X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
XOR_Y = np.array([[0, 1, 1, 0]], float).T
XOR_RATE = 0.1


def neuron_start() -> Parameters:
    return [2 * np.random.RandomState(1).random_sample((3, 1)) - 1]


def xor_start() -> Parameters:
    rng = np.random.RandomState(0)
    return [rng.randn(2, 3), np.zeros((1, 3)), rng.randn(3, 1), np.zeros((1, 1))]


def neuron_by_hand(iterations: int) -> Parameters:
    (weights,) = neuron_start()
    for _ in range(iterations):
        out = 1 / (1 + np.exp(-np.dot(NEURON_X, weights)))
        weights += np.dot(NEURON_X.T, (NEURON_Y - out) * (out * (1 - out)))
    return [weights]


def xor_by_hand(iterations: int) -> Parameters:
    w1, b1, w2, b2 = xor_start()

    def sigmoid(x: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-x))

    def slope(out: np.ndarray) -> np.ndarray:
        return out * (1 - out)

    for _ in range(iterations):
        hidden = sigmoid(np.dot(XOR_X, w1) + b1)
        out = sigmoid(np.dot(hidden, w2) + b2)
        d_out = (XOR_Y - out) * slope(out)
        d_hidden = d_out.dot(w2.T) * slope(hidden)
        w2 += hidden.T.dot(d_out) * XOR_RATE
        w1 += XOR_X.T.dot(d_hidden) * XOR_RATE
        b2 += np.sum(d_out, axis=0, keepdims=True) * XOR_RATE
        b1 += np.sum(d_hidden, axis=0, keepdims=True) * XOR_RATE
    return [w1, b1, w2, b2]
