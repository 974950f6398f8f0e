"""A scalar autograd engine in sixty lines: the oracle of the real one.

A `Scalar` keeps its value and, for each number it was made from, the slope towards it. `gradients`
counts how often each number is used and hands a cotangent on only when all its users have spoken,
an order found without the clock that the real engine sorts by. Object arrays of Scalars make it an
oracle for arrays: NumPy itself then does the broadcasting, the summing and the indexing.
"""

import math


class Scalar:
    """A number and the slopes towards the numbers it was made from."""

    def __init__(self, value, *edges):
        self.value = float(value)
        self.edges = edges

    def __add__(self, other):
        return Scalar(self.value + (y := scalar(other)).value, (self, 1.0), (y, 1.0))

    def __mul__(self, other):
        y = scalar(other)
        return Scalar(self.value * y.value, (self, y.value), (y, self.value))

    def __pow__(self, other):
        y, value = scalar(other), self.value ** scalar(other).value
        slope = math.log(self.value) * value if self.value > 0 else 0.0
        return Scalar(value, (self, y.value * self.value ** (y.value - 1)), (y, slope))

    __pos__ = lambda self: Scalar(self.value, (self, 1.0))
    __neg__ = lambda self: self * -1.0
    __sub__ = lambda self, other: self + -scalar(other)
    __truediv__ = lambda self, other: self * scalar(other) ** -1.0
    __radd__, __rmul__ = __add__, __mul__
    __rsub__ = lambda self, other: scalar(other) - self
    __rtruediv__ = lambda self, other: scalar(other) / self
    __rpow__ = lambda self, other: scalar(other) ** self
    __abs__ = lambda self: self * float((self.value > 0) - (self.value < 0))
    sin = lambda self: Scalar(math.sin(self.value), (self, math.cos(self.value)))
    exp = lambda self: Scalar(math.exp(self.value), (self, math.exp(self.value)))
    log = lambda self: Scalar(math.log(self.value), (self, 1 / self.value))
    sqrt = lambda self: Scalar(math.sqrt(self.value), (self, 0.5 / math.sqrt(self.value)))
    tanh = lambda self: Scalar(math.tanh(self.value), (self, math.cosh(self.value) ** -2))


def scalar(x):
    return x if isinstance(x, Scalar) else Scalar(x)


def gradients(seeds):
    """The gradient at every Scalar behind `seeds`, a dict of outputs and their cotangents."""
    uses, stack = dict.fromkeys(seeds, 0), list(seeds)
    while stack:
        for source, _ in stack.pop().edges:
            if source not in uses:
                stack.append(source)
            uses[source] = uses.get(source, 0) + 1
    found = dict.fromkeys(uses, 0.0) | seeds
    ready = [node for node, count in uses.items() if count == 0]
    while ready:
        node = ready.pop()
        for source, slope in node.edges:
            found[source] += slope * found[node]
            uses[source] -= 1
            if uses[source] == 0:
                ready.append(source)
    return found
