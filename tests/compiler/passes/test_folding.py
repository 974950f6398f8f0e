"""Passes that leave out work: constant folding, common subexpressions, dead code."""

import operator

import numpy as np
import pytest
from pass_programs import BY_NAME, assert_same, built, names, simplified

from micrograd_np.compiler.keys import key_of
from micrograd_np.compiler.program import check

# ---------------------------------------------------------------- constant folding


def test_calls_on_constants_are_computed():
    def write(b, x):
        c = b.constant(np.arange(3.0))
        return b(np.multiply, x, b(np.exp, b(np.add, c, 1.0)))

    program = built(write, np.ones(3))
    made = simplified("folding", program)
    assert names(made) == ["multiply"]
    assert [array.tolist() for array in made.constants.values()] == [
        np.exp([1.0, 2.0, 3.0]).tolist()
    ]
    assert_same(program, made, [np.ones(3)])


def test_numbers_made_of_numbers_stand_in_the_calls():
    program = built(
        lambda b, x: b(np.multiply, x, b(operator.pow, 0.5, b(operator.add, 1, 1))), np.ones(3)
    )
    made = simplified("folding", program)
    assert [call.args[1] for call in made.instructions] == [0.25]


def test_a_number_that_is_a_result_stays_a_call():
    program = built(lambda b, x: b(operator.pow, 2, 3), 1.0)
    assert BY_NAME["folding"].apply(program) is program


def test_a_constant_does_not_grow_much():
    def write(b, x):
        c = b.constant(np.ones(1))
        return b(np.add, x, b(np.broadcast_to, c, (1000, 1000)))

    program = built(write, np.ones((1000, 1000)))
    assert BY_NAME["folding"].apply(program) is program


def test_folded_views_keep_their_layout_and_nothing_more():
    def write(b, x):
        c = b.constant(np.arange(1e4).reshape(100, 100))
        part = b(operator.getitem, b(np.transpose, c), slice(0, 2))
        return b(np.add, x, b(operator.getitem, part, (slice(None), slice(0, 3))))

    program = built(write, np.ones((2, 3)))
    made = simplified("folding", program)
    (constant,) = made.constants.values()
    assert names(made) == ["add"]
    assert_same(program, made, [np.ones((2, 3))])
    assert constant.strides == program.instructions[2].result.strides


def test_draws_are_not_folded():
    draw = np.random.default_rng(0)
    program = built(lambda b, x: b(np.add, x, b(draw.normal, effect=True)), np.ones(2))
    assert BY_NAME["folding"].apply(program) is program


# ---------------------------------------------------------------- common subexpressions


def test_what_is_the_same_is_computed_once():
    def write(b, x, y):
        left = b(np.add, b(np.exp, x), b(np.sum, y, axis=0))
        right = b(np.add, b(np.sum, y, axis=0), b(np.exp, x))
        return left, right, b(np.subtract, left, right)

    program = built(write, np.arange(3.0), np.ones((2, 3)))
    made = simplified("subexpressions", program)
    assert names(made) == ["exp", "sum", "add", "subtract"]
    assert made.results[0] is made.results[1]
    assert_same(program, made, [np.arange(3.0), np.ones((2, 3))])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0), (1, True), (0.0, -0.0), (np.float32(1), np.float64(1)), (1.0, np.float64(1)),
        ("a", None), ((1, 2), [1, 2]), (slice(0, 1), (0, 1, None)), (np.int32(1), np.int64(1)),
        (np.arange(3), np.arange(3.0)), (np.dtype("f4"), np.dtype("f8")), (1j, -1j),
        (complex(0.0, 0.0), complex(0.0, -0.0)), ({"a": 1}, {"a": 1.0}),
        (np.zeros(2), -np.zeros(2)),
        (np.zeros((4, 4)), np.zeros((4, 4), order="F")),
        (np.timedelta64(1, "s"), np.timedelta64(1, "m")),
    ],
)  # fmt: skip
def test_keys_tell_apart(one, other):
    assert key_of(one) != key_of(other)
    assert key_of((one,)) != key_of((other,))


@pytest.mark.parametrize(
    "make",
    [
        lambda: [1, (2.0, "a"), {"x": slice(None, 3)}, None, ...], lambda: np.arange(4),
        lambda: float("nan"), lambda: np.float32(-0.0), lambda: np.dtype("f8"),
    ],
)  # fmt: skip
def test_keys_of_the_same_are_equal(make):
    assert key_of(make()) == key_of(make())
    hash(key_of(make()))


def test_unhashable_and_large_things_are_told_apart_by_identity():
    class Unhashable:
        __hash__ = None

    thing, large = Unhashable(), np.zeros(10_000)
    assert key_of(thing) == key_of(thing) != key_of(Unhashable())
    assert key_of(large) == key_of(large) != key_of(large.copy())


def test_draws_and_runs_of_checkpoints_are_not_shared():
    rng = np.random.default_rng(0)

    def write(b, x):
        draws = [b(rng.normal, effect=True) for _ in range(2)]
        runs = [b(np.exp, x, region=region) for region in (0, 1, 1, 2)]
        return (*draws, *runs)

    program = built(write, np.ones(2))
    made = simplified("subexpressions", program)
    assert names(made) == ["normal"] * 2 + ["exp"] * 3
    assert len(set(made.results)) == 5


def test_equal_constants_are_one():
    def write(b, x):
        one, other = b.constant(np.arange(3.0)), b.constant(np.arange(3.0))
        return b(np.multiply, b(np.add, x, one), other)

    made = simplified("subexpressions", built(write, np.ones(3)))
    assert len(made.constants) == 1


def test_complex_products_keep_their_order():
    z = np.array([1 + 2j])
    program = built(lambda b, x, y: (b(np.multiply, x, y), b(np.multiply, y, x)), z, z)
    assert BY_NAME["subexpressions"].apply(program) is program


# ---------------------------------------------------------------- dead code


def test_what_no_result_depends_on_is_left_out():
    rng = np.random.default_rng(0)

    def write(b, x):
        b(np.exp, b(np.sin, x))
        drawn = b(rng.normal, effect=True)
        b(np.add, drawn, 1.0)
        b(np.add, x, b.constant(np.ones(2)))
        quotient, _ = b(np.divmod, x, 2.0)
        return quotient

    program = built(write, np.ones(2))
    made = check(BY_NAME["dead code"].apply(program))
    assert names(made) == ["normal", "divmod"]
    assert made.constants == {}
