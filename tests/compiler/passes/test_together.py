"""All passes together keep a program's results, in every order."""

import numpy as np
from drawing import examples
from hypothesis import given
from hypothesis import strategies as st
from pass_programs import (
    BY_NAME,
    EXACT,
    FLOATS,
    Builder,
    adversarial,
    assert_close,
    assert_same,
    built,
    names,
    run,
    traced,
)
from programs import programs

import micrograd_np as mg
from micrograd_np.compiler.passes import PASSES, optimize, optimized
from micrograd_np.compiler.passes.rewriting import uses_in
from micrograd_np.compiler.program import check


def all_kept(program, arguments):
    """Each pass alone, the exact ones together, and all of them."""
    for each in PASSES:
        made = check(each.apply(program))
        if each.reorders:
            assert_close(program, made, arguments)
        else:
            assert_same(program, made, arguments)
    exactly = check(optimize(program, EXACT))
    assert_same(program, exactly, arguments)
    made = check(optimize(program))
    assert_close(program, made, arguments, ulps=1 << 12)
    assert optimize(made) is made
    assert optimize(exactly, EXACT) is exactly


@examples(1.5)
@given(programs())
def test_random_programs_keep_their_results(drawn):
    program = traced(lambda *xs: drawn.run(np, xs), *drawn.inputs)
    all_kept(program, drawn.inputs)


@examples(1)
@given(programs(longest=6), st.sampled_from(["grad", "jvp"]))
def test_derivatives_of_random_programs_keep_their_results(drawn, kind):
    def f(*xs):
        return drawn.run(np, xs)

    places = tuple(range(len(drawn.inputs)))
    if kind == "grad":
        program = traced(mg.value_and_grad(f, places), *drawn.inputs)
    else:
        program = traced(lambda *xs: mg.jvp(f, xs, drawn.directions), *drawn.inputs)
    all_kept(program, drawn.inputs)


UNARY = [np.negative, np.square, np.absolute, np.reciprocal, np.tanh]
TWO = [np.add, np.subtract, np.multiply, np.divide, np.maximum]
SCALARS = [1, 2, 0, -1, 0.5, -0.0, 3.0, -2.5, 4]


@st.composite
def tangled(draw):
    """A program of signs, factors and shared operands, on numbers of all kinds."""
    dtype = draw(st.sampled_from(FLOATS))
    shapes = [(4, 6), (6,), (4, 1)]
    examples = [
        adversarial(dtype, count=8, seed=i)[: np.prod(shape)].reshape(shape)
        for i, shape in enumerate(shapes)
    ]
    build = Builder(*examples)
    known = list(build.parameters)
    for _ in range(draw(st.integers(2, 14))):
        x = draw(st.sampled_from(known))
        kind = draw(st.sampled_from(["unary", "binary", "number", "number", "reduce", "move"]))
        if kind == "unary":
            known.append(build(draw(st.sampled_from(UNARY)), x))
        elif kind == "binary":
            y = draw(st.sampled_from([y for y in known if fit_together(x, y)]))
            known.append(build(draw(st.sampled_from(TWO)), x, y))
        elif kind == "number":
            args = draw(st.permutations([x, draw(st.sampled_from(SCALARS))]))
            known.append(build(draw(st.sampled_from(TWO)), *args))
        elif kind == "reduce" and x.shape:
            keepdims = draw(st.booleans())
            function = draw(st.sampled_from([np.sum, np.max, np.mean, np.var]))
            known.append(
                build(function, x, axis=draw(st.sampled_from([None, 0, -1])), keepdims=keepdims)
            )
        elif kind == "move" and len(x.shape) == 2:
            known.append(build(np.transpose, build(np.reshape, x, x.shape[::-1])))
    results = draw(st.lists(st.sampled_from(known), min_size=1, max_size=3))
    return build.program(*results), examples


def fit_together(x, y):
    try:
        np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        return False
    return True


@examples(3)
@given(tangled())
def test_tangled_programs_keep_every_bit_under_exact_passes(made):
    program, arguments = made
    for each in EXACT:
        assert_same(program, check(each.apply(program)), arguments)
    exactly = check(optimize(program, EXACT))
    assert_same(program, exactly, arguments)
    assert optimize(exactly, EXACT) is exactly
    all_ = check(optimize(program))
    assert optimize(all_) is all_


@examples(3)
@given(tangled())
def test_tangled_programs_stay_close_on_usual_numbers(made):
    program, examples = made
    rng = np.random.default_rng(0)
    arguments = [rng.uniform(0.5, 2, x.shape).astype(x.dtype) for x in examples]
    with np.errstate(all="ignore"):
        wide = [np.asarray(x, float) for x in program.run(arguments)]
    for each in PASSES:
        other = run(check(each.apply(program)), arguments)
        for x, y in zip(wide, other, strict=True):
            if np.isfinite(x).all() and np.abs(x).max(initial=0) < 100:
                eps = np.finfo(np.asarray(y).dtype).eps
                assert np.abs(x - y).max(initial=0) <= 1e4 * eps


def test_what_the_passes_did_is_told():
    program = traced(lambda x: np.sum((x * 1) ** 2), np.ones(3))
    made, changes = optimized(program)
    assert names(made) == ["square", "sum"]
    assert changes[0].before == len(program.instructions)
    assert changes[-1].after == len(made.instructions)
    assert {change.name for change in changes} <= BY_NAME.keys()


def test_the_table_is_in_order():
    assert len(BY_NAME) == len(PASSES)
    assert all(each.does and each.apply.__doc__ for each in PASSES)


def test_uses_are_counted_in_nested_arguments():
    def write(b, x):
        y = b(np.exp, x)
        return b(np.concatenate, [y, y]), y

    program = built(write, np.ones(2))
    assert uses_in(program)[program.instructions[0].result] == 3
