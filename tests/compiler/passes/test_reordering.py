"""Passes that may change the last digits: products, powers, signs, scales and stacks."""

import operator

import numpy as np
import pytest
from drawing import examples
from hypothesis import given
from hypothesis import strategies as st
from pass_programs import (
    BY_NAME,
    EXACT,
    adversarial,
    assert_close,
    built,
    names,
    run,
    simplified,
    traced,
)

import micrograd_np as mg
from micrograd_np.compiler.passes import optimize, split_invariant
from micrograd_np.compiler.program import check, name_of

# ---------------------------------------------------------------- reordering passes


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("exponent", [-4, -3, -2, -1, 3, 4, 5, 6, 3.0, -2.0])
def test_powers_are_products(exponent, dtype):
    x = adversarial(dtype)
    program = built(lambda b, x: b(np.power, x, exponent), x)
    made = simplified("powers", program)
    assert "power" not in names(made)
    (one,), (other,) = run(program, [x]), run(made, [x])
    limits = np.finfo(dtype)
    np.testing.assert_allclose(other, one, rtol=6 * limits.eps, atol=8 * limits.smallest_subnormal)


@pytest.mark.parametrize("exponent", [0, 0.5, 7, 1.5, -5])
def test_other_powers_stay(exponent):
    program = built(lambda b, x: b(np.power, x, exponent), np.ones(2))
    assert BY_NAME["powers"].apply(program) is program


def test_the_derivative_of_a_quotient_divides_once():
    def normal(x):
        return np.sum(x / np.sqrt(np.sum(x * x, axis=-1, keepdims=True)) * np.arange(4.0))

    x = np.random.default_rng(0).normal(size=(3, 4))
    program = traced(mg.grad(normal), x)
    made = check(optimize(program))
    large = [
        call for call in made.instructions if call.function is np.divide and call.result.size > 3
    ]
    assert len(large) <= 1
    assert "negative" not in names(made)
    assert_close(program, made, [x])


def test_what_a_checkpoint_computes_again_uses_nothing_of_the_first_run():
    def write(b, x, y):
        first = b(np.multiply, x, b(np.reciprocal, y))
        second = b(np.divide, x, y, region=1)
        return b(np.sum, first), b(np.sum, second)

    program = built(write, np.ones(2), np.ones(2))
    assert BY_NAME["products"].apply(program) is program


@pytest.mark.parametrize(
    ("write", "found"),
    [
        (lambda b, x: b(np.add, x, 0), []),
        (lambda b, x: b(np.add, b.constant(np.zeros(x.shape)), x), []),
        (lambda b, x: b(np.subtract, 0, x), ["negative"]),
        (lambda b, x: b(np.negative, b(np.subtract, x, 1.5)), ["subtract"]),
        (lambda b, x: b(np.sum, b(np.negative, x), axis=0), ["sum", "negative"]),
        (lambda b, x: b(np.sum, x, axis=()), ["reshape"]),
        (lambda b, x: b(np.sum, b(np.reshape, x, (1, 6)), axis=0), ["reshape"]),
        (lambda b, x: b(np.clip, x, 0.5, 1), ["maximum", "minimum"]),
        (lambda b, x: b(np.clip, x, None, 1), ["minimum"]),
        (lambda b, x: b(np.clip, x, 1, None), ["maximum"]),
        (lambda b, x: b(np.subtract, 1.5, b(np.sum, b(np.negative, x), axis=0)), ["sum", "add"]),
        (lambda b, x: b(np.matmul, b(np.negative, x), b(np.transpose, x)),
         ["transpose", "matmul", "negative"]),
        (lambda b, x: b(np.add, 1.0, b(np.matmul, b(np.negative, x), b(np.transpose, x))),
         ["transpose", "matmul", "subtract"]),
    ],
)  # fmt: skip
def test_signs_of_zeros(write, found):
    x = np.array([[-0.0, 0.0, 1.0], [2.0, -3.0, -0.0]])
    program = built(write, x)
    made = check(optimize(program))
    assert names(made) in ([[], found] if found == ["reshape"] else [found])
    np.testing.assert_array_equal(run(made, [x])[0], run(program, [x])[0])


def test_factors_are_joined():
    def write(b, x, d):
        slope = b(np.multiply, 4, b(np.divide, 0.5, d))
        double = b(np.add, x, x)
        product = b(np.multiply, b(np.multiply, double, slope), 3)
        return b(np.negative, b(np.divide, product, 5))

    arguments = [np.arange(1.0, 4.0), np.arange(2.0, 5.0)]
    program = built(write, *arguments)
    made = simplified("factors", program)
    assert names(made) == ["divide", "multiply"]
    assert_close(program, made, arguments, ulps=4)
    assert simplified("factors", made) is made


def test_a_factor_is_kept_where_the_array_is_smallest():
    def write(b, x, y):
        return b(np.multiply, b(np.multiply, 2.0, b(np.multiply, x, b(np.multiply, y, 3.0))), 5.0)

    arguments = [np.ones((4, 3)), np.arange(3.0)]
    program = built(write, *arguments)
    made = simplified("factors", program)
    assert [(name_of(call), call.result.shape) for call in made.instructions] == [
        ("multiply", (3,)), ("multiply", (4, 3)),
    ]  # fmt: skip
    assert_close(program, made, arguments, ulps=4)


def test_factors_that_undo_one_another_vanish():
    program = built(lambda b, x: b(np.divide, b(np.multiply, x, 0.3), 0.3), np.ones(3))
    assert names(simplified("factors", program)) == []


@pytest.mark.parametrize(
    "write",
    [
        lambda b, x: b(np.divide, b(np.multiply, x, 1024.0), 1024.0),  # scaled on purpose
        lambda b, x: b(np.multiply, b(np.multiply, 1e20, x), 1e-20),
        lambda b, x: b(np.multiply, b(np.exp, b(np.multiply, x, 3.0)), 2.0),
        lambda b, x: b(np.multiply, b(np.divide, 2.0, b(np.multiply, x, 3.0)), x),
    ],
)
def test_other_factors_stay(write):
    program = built(write, np.ones(3, np.float16))
    assert BY_NAME["factors"].apply(program) is program
    if program.instructions[0].args[1] != 1024.0:
        program = built(write, np.ones(3))
        assert BY_NAME["factors"].apply(program) is program


def test_a_factor_that_others_see_stays():
    def write(b, x):
        double = b(np.multiply, x, 2.0)
        return b(np.multiply, double, 3.0), b(np.exp, double)

    program = built(write, np.ones(3))
    assert BY_NAME["factors"].apply(program) is program


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_slope_of_a_large_sigmoid_is_made_of_it(dtype):
    limits = np.finfo(dtype)
    end = 0.99 * float(np.log(limits.max))
    special = np.array([-0.0, 0.0, np.inf, -np.inf, np.nan, limits.max, limits.min], dtype)
    x = np.concatenate([np.linspace(-end, end, 5000, dtype=dtype), special])
    program = traced(lambda x: mg.jvp(mg.sigmoid, (x,), (np.ones_like(x),)), x)
    made = simplified("slopes", optimize(program, EXACT))
    assert "cosh" in names(program)
    assert "cosh" not in names(made)
    (_, one), (_, other) = run(program, [x]), run(made, [x])
    np.testing.assert_allclose(other, one, rtol=6 * limits.eps, atol=limits.smallest_subnormal)


def test_the_slope_of_a_small_sigmoid_stays():
    program = traced(lambda x: mg.jvp(mg.sigmoid, (x,), (np.ones_like(x),)), np.ones(9))
    assert BY_NAME["slopes"].apply(program) is program


# ---------------------------------------------------------------- hoisting


def test_what_stays_the_same_is_computed_before_the_loop():
    rng = np.random.default_rng(0)

    def write(b, p, x, rate):
        product = b(np.matmul, b(np.transpose, x), x)
        noise = b(rng.normal, effect=True)
        scale = b(operator.mul, rate, 2.0)
        g = b(np.matmul, product, p)
        return b(np.subtract, p, b(np.multiply, scale, g)), b(np.add, noise, 0.0), product

    arguments = [np.ones(2), np.arange(6.0).reshape(3, 2), 0.1]
    program = built(write, *arguments)
    before, body = split_invariant(program, {1, 2})
    check(before)
    check(body)
    assert names(before) == ["transpose", "matmul", "mul"]
    assert names(body) == ["normal", "matmul", "multiply", "subtract", "add"]
    made = before.run(arguments)
    assert body.parameters == program.parameters + before.results
    p = arguments[0]
    rng.bit_generator.state = state = np.random.default_rng(3).bit_generator.state
    whole = [run(program, [p, *arguments[1:]]) for _ in range(2)]
    rng.bit_generator.state = state
    split = [run(body, [p, *arguments[1:], *made]) for _ in range(2)]
    for one, other in zip(whole, split, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_nothing_is_hoisted_where_all_varies():
    program = built(lambda b, x: b(np.exp, x), np.ones(2))
    before, body = split_invariant(program, ())
    assert before.instructions == ()
    assert body.instructions == program.instructions


# ---------------------------------------------------------------- stacks and scales


@pytest.mark.parametrize("shape", [(2, 4, 3), (5, 2, 4, 3), (1, 1, 3)])
def test_a_stack_times_a_matrix_is_one_product(shape):
    rng = np.random.default_rng(0)
    arguments = [rng.standard_normal(shape), rng.standard_normal((3, 6))]
    program = built(lambda b, x, y: b(np.matmul, x, y), *arguments)
    made = simplified("stacks", program)
    assert names(made) == ["reshape", "matmul", "reshape"]
    assert made.instructions[1].result.shape == (arguments[0].size // 3, 6)
    assert_close(program, made, arguments)
    assert simplified("stacks", made) is made


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.ones((2, 4, 3)).swapaxes(0, 1), np.ones((3, 6))),  # its rows lie apart
        (np.ones((2, 4, 3)), np.ones((2, 3, 6))),
        (np.ones((2, 4, 3)), np.ones(3)),
        (np.ones((4, 3)), np.ones((3, 6))),
        (np.ones((2, 0, 3)), np.ones((3, 6))),
        (np.ones((2, 4, 3), int), np.ones((3, 6), int)),
    ],
)
def test_other_products_stay(x, y):
    program = built(lambda b, x, y: b(np.matmul, x, y), x, y)
    assert BY_NAME["stacks"].apply(program) is program


def test_a_rate_moves_to_the_cotangent_that_all_gradients_come_from():
    def write(b, x, w, d):
        g = b(np.divide, 0.5, d)
        return (
            b(np.multiply, 0.1, b(np.matmul, x, g)),
            b(np.multiply, 0.1, b(np.sum, g, axis=0)),
            b(np.multiply, b(np.matmul, g, w), 0.1),
        )

    arguments = [np.arange(12.0).reshape(3, 4), np.arange(8.0).reshape(2, 4), np.ones((4, 2)) + 2]
    program = built(write, *arguments)
    made = simplified("scales", program)
    assert names(made) == ["divide", "matmul", "sum", "matmul"]
    assert made.instructions[0].args[0] == 0.5 * 0.1
    assert_close(program, made, arguments, ulps=8)
    assert simplified("scales", made) is made


def test_a_rate_stays_where_moving_it_saves_nothing():
    def used_otherwise(b, x):
        g = b(np.exp, x)
        return b(np.multiply, 0.1, b(np.negative, g)), g

    def squared(b, x):
        g = b(np.exp, x)
        return b(np.multiply, 0.1, b(np.multiply, g, g)), b(np.multiply, 0.1, b(np.sin, g))

    for write in (used_otherwise, squared):
        program = built(write, np.ones(3))
        made = simplified("scales", program)
        assert_close(program, made, [np.ones(3)], ulps=4)
        assert len(made.instructions) == len(program.instructions)


def test_a_rate_does_not_pass_through_masks_or_other_dtypes():
    def write(b, x, y):
        g = b(np.multiply, y, b(np.greater, x, 0))
        return b(np.multiply, 0.1, g), b(np.multiply, 0.1, b(np.sum, g, axis=0))

    arguments = [np.array([-1.0, 2.0], np.float32), np.ones(2, np.float32)]
    program = built(write, *arguments)
    made = simplified("scales", program)
    assert [x.dtype for x in run(made, arguments)] == [np.float32, np.float32]
    assert_close(program, made, arguments, ulps=4)


def test_numbers_within_scaled_calls_are_scaled_once():
    def write(b, x, d):
        g = b(np.multiply, 0.1, b(np.divide, 3.0, d))
        return b(np.multiply, 0.1, b(np.matmul, x, g)), b(np.multiply, 0.1, b(np.sum, g, axis=0))

    arguments = [np.arange(12.0).reshape(3, 4), np.ones((4, 2)) + 2]
    program = built(write, *arguments)
    assert_close(program, simplified("scales", program), arguments, ulps=8)


def scaled_and_used(b, x, y):
    """`y` is left out of a sum of both, where `x`, which is scaled, stands for it."""
    w = b(np.divide, 0.5, x)
    scaled = b(np.multiply, 3.0, w)
    return b(np.multiply, 3.0, b(np.add, w, scaled)), b(np.sin, scaled)


def quotient_of_itself(b, x, y):
    one = b(np.divide, x, x)
    return tuple(b(np.multiply, 3.0, b(np.multiply, one, z)) for z in (x, y))


def divided(b, x, y):
    half = b(np.divide, x, 2.0)
    return tuple(b(np.multiply, 3.0, b(np.multiply, half, z)) for z in (x, y))


@pytest.mark.parametrize("write", [scaled_and_used, quotient_of_itself, divided])
def test_a_rate_is_taken_to_the_right_operand(write):
    arguments = [np.array([0.5, -1.5]), np.array([2.0, 3.0])]
    program = built(write, *arguments)
    made = simplified("scales", program)
    assert len(made.instructions) < len(program.instructions)
    assert_close(program, made, arguments, ulps=4)


@pytest.mark.parametrize("number", [1e38, 1e-38])
def test_a_rate_and_a_number_do_not_overflow_together(number):
    def write(b, x, y):
        g = b(np.multiply, number, x)
        return tuple(b(np.multiply, number**0.2, b(np.multiply, g, z)) for z in (y, y))

    arguments = [np.full(3, 1 / number, np.float32), np.ones(3, np.float32)]
    program = built(write, *arguments)
    assert_close(program, simplified("scales", program), arguments, ulps=8)


CALLS = (
    (np.multiply,), (np.add,), (np.subtract,), (np.negative,), (np.multiply, 0.25),
    (np.divide, 3.0), (np.tanh,), (np.divide,),
)  # fmt: skip


def steps_of_descent():
    """Products, sums and choices of a few arrays, scaled by one rate at the end."""
    which = st.integers(0, len(CALLS) - 1)
    calls = st.lists(st.tuples(which, st.integers(0, 9), st.integers(0, 9)), max_size=9)
    return st.tuples(calls, st.lists(st.integers(0, 11), min_size=1, max_size=4))


@examples(4)
@given(steps_of_descent())
def test_scaled_programs_stay_close(drawn):
    calls, ends = drawn

    def write(b, *given):
        made = list(given)
        for which, i, j in calls:
            function, *fixed = CALLS[which]
            operands = (made[i % len(made)], made[j % len(made)])[: function.nin - len(fixed)]
            made.append(b(function, *operands, *fixed))
        return tuple(b(np.multiply, 0.25, made[i % len(made)]) for i in ends)

    arguments = [np.array([0.5, -1.5, 0.7]), np.array([1.1, 0.3, -0.2])]
    program = built(write, *arguments)
    made = simplified("scales", program)
    for x, y in zip(run(made, arguments), run(program, arguments), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-13)
