"""The derivative operators of both modes, in every nesting."""

from itertools import product

import pytest

import micrograd_np as mg


def forward(f):
    """The derivative of a function of one number, by pushing a tangent."""
    return lambda x: mg.jvp(f, [x], [1.0])[1]


def reverse(f):
    """The derivative of a function of one number, by pulling a cotangent."""
    return mg.grad(f)


MODES = {"forward": forward, "reverse": reverse}


def nestings(depth):
    combinations = [c[::-1] for c in product(MODES, repeat=depth)]
    return pytest.mark.parametrize(
        "operators",
        [[MODES[name] for name in names] for names in combinations],
        ids=[" over ".join(names) for names in combinations],
    )
