"""The tables of symbols: their rows are ops, known by their functions, not by their names."""

import numpy as np
import pytest

import micrograd_np as mg
from micrograd_np.core.op import OPS
from micrograd_np.viz import symbols

TABLES = (symbols.INFIX, symbols.SIGNS, symbols.OPERAND_NAMES, symbols.SYMMETRIC)


@pytest.mark.parametrize("table", TABLES)
def test_every_row_is_the_function_that_an_op_was_declared_on(table):
    """An alias, such as `np.linalg.matmul`, would never be found."""
    assert [f.__name__ for f in table if f not in OPS or OPS[f].function is not f] == []


def test_an_op_of_a_users_has_its_own_symbol_whatever_its_name():
    def multiply(x, y):
        return x + 2 * y

    linear = mg.primitive(multiply, partials=[lambda out, x, y: 1, lambda out, x, y: 2])
    t = mg.Tensor([1.0, 2.0], requires_grad=True)
    assert symbols.symbol(linear(t, np.ones(2))) == "multiply"
    assert symbols.edge_names(linear(t, np.ones(2))) == ["x", "y"]
    assert symbols.symbol(t * np.ones(2)) == "×"
