"""Random programs against differences, PyTorch and JAX.

The ordinary suite tries 60 programs against our own forward mode and differences, 200 with
`-m thorough`, and, where the `bench` extra is installed, 200 against PyTorch and JAX.
`-m exhaustive` tries 20,000 against both.
"""

from itertools import product
from typing import Any

import numpy as np
import programs
import pytest
from differences import directional
from drawing import examples
from hypothesis import given, settings
from programs import EXHAUSTIVE, ORDINARY


def assert_close(found: Any, expected: Any, what: str, program: programs.Program) -> None:
    """Equal to 1e-8, relative to the largest entry of all."""
    largest = max((float(np.max(np.abs(e), initial=0)) for e in expected), default=0.0)
    for one, other in zip(found, expected, strict=True):
        assert np.shape(one) == np.shape(other), (what, program)
        np.testing.assert_allclose(
            one, other, rtol=1e-8, atol=1e-9 * (1 + largest), err_msg=f"{what}\n{program!r}"
        )


def compare(program: programs.Program, peer: programs.Derivatives, name: str) -> None:
    for nesting, found in programs.ours(program).items():
        assert_close([found.value], [peer.value], f"value, {name}", program)
        assert_close(found.gradient, peer.gradient, f"gradient, {name}", program)
        assert_close([found.slope], [peer.slope], f"jvp, {name}", program)
        if nesting == "forward over forward":
            terms = zip(peer.product, program.directions, strict=True)
            expected = [sum(np.sum(p * t) for p, t in terms)]
        else:
            expected = peer.product
        assert_close(found.product, expected, f"Hessian's product, {nesting}, {name}", program)


@examples(3)
@given(programs.programs())
def test_programs_against_differences(program: programs.Program) -> None:
    compare_with_differences(program)


@pytest.mark.thorough
@ORDINARY
@given(programs.programs())
def test_more_programs_against_differences(program: programs.Program) -> None:
    compare_with_differences(program)


def compare_with_differences(program: programs.Program) -> None:
    found = programs.ours(program)

    def f(*xs: Any) -> Any:
        with np.errstate(all="ignore"):
            return program.run(np, xs)

    largest = 1 + abs(float(found["forward over reverse"].value))
    slope = directional(f, program.inputs, program.directions)[0]
    first = found["forward over reverse"]
    np.testing.assert_allclose(first.slope, slope, rtol=1e-4, atol=1e-5 * largest)
    inner = [np.sum(g * t) for g, t in zip(first.gradient, program.directions, strict=True)]
    np.testing.assert_allclose(sum(inner), first.slope, rtol=1e-9, atol=1e-10 * largest)
    products = [found[name].product for name in found if name != "forward over forward"]
    for other in products[1:]:
        assert_close(other, products[0], "nestings", program)
    curvature = [np.sum(p * t) for p, t in zip(products[0], program.directions, strict=True)]
    assert_close(found["forward over forward"].product, [sum(curvature)], "nestings", program)


@pytest.mark.oracle
@ORDINARY
@given(programs.programs())
def test_programs_against_torch(program: programs.Program) -> None:
    pytest.importorskip("torch")
    compare(program, programs.by_torch(program), "PyTorch")


@pytest.mark.oracle
@ORDINARY
@given(programs.programs())
def test_programs_against_jax(program: programs.Program) -> None:
    pytest.importorskip("jax")
    compare(program, programs.by_jax(program), "JAX")


@pytest.mark.exhaustive
@pytest.mark.oracle
@EXHAUSTIVE
@given(programs.programs())
def test_many_programs_against_both(program: programs.Program) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("jax")
    compare(program, programs.by_torch(program), "PyTorch")
    compare(program, programs.by_jax(program), "JAX")


def test_every_operation_fits_what_programs_start_from() -> None:
    """Each can be applied to some of the inputs, away from its kinks."""
    arrays = [
        np.cos(np.arange(np.prod(shape)) + place + 1).reshape(shape)
        for place, shape in enumerate(programs.SHAPES)
    ]
    for operation in programs.OPERATIONS:
        numbers = (0,) if operation.numbers else ()
        steps = (
            programs.Step(operation, places, numbers)
            for places in product(range(len(arrays)), repeat=operation.arity)
            if operation.fits(*(arrays[place].shape for place in places))
        )
        assert any(programs.applied(step, arrays) is not None for step in steps), operation.name


@pytest.mark.thorough
def test_every_operation_is_drawn() -> None:
    """The strategy reaches all operations, and its programs are not all trivial."""
    seen: set[str] = set()
    lengths = []

    @settings(max_examples=1500, derandomize=True)
    @given(programs.programs())
    def draw(program: programs.Program) -> None:
        seen.update(step.operation.name for step in program.steps)
        lengths.append(len(program.steps))

    draw()
    assert {operation.name for operation in programs.OPERATIONS} == seen
    assert np.mean(lengths) > 2
