"""Constants of programs: arrays of every layout, kept and saved as they were when traced."""

import importlib.util
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from program_builder import Builder

import micrograd_np as mg
from micrograd_np.compiler.source import save
from micrograd_np.compiler.source.saving import constant_lines
from micrograd_np.compiler.tracing.trace import copied

DTYPES = ["f8", "f4", "i2", "?", "c16", "f2", "g"]


class Layout(NamedTuple):
    """A view, made of a fresh array by cutting, reordering and repeating its axes."""

    shape: tuple[int, ...]
    cuts: tuple[slice, ...]
    order: tuple[int, ...]
    repeats: tuple[int, ...]  # lengths of axes of length 1; 0 for those that stay
    dtype: str

    def array(self):
        size = int(np.prod(self.shape))
        whole = (np.arange(size) - size // 2).reshape(self.shape).astype(self.dtype)
        x = whole[self.cuts].transpose(self.order)
        shape = tuple(
            times if n == 1 and times else n for n, times in zip(x.shape, self.repeats, strict=True)
        )
        return np.broadcast_to(x, shape)


@st.composite
def layouts(draw):
    shape = draw(st.lists(st.integers(0, 5), max_size=3).map(tuple))
    bound, step = st.none() | st.integers(-6, 6), st.sampled_from([1, -1, 2, -2, -3])
    cuts = [slice(draw(bound), draw(bound), draw(step)) for _ in shape]
    order = draw(st.permutations(range(len(shape))))
    repeats = [draw(st.sampled_from([0, 0, 3])) for _ in shape]
    return Layout(shape, tuple(cuts), tuple(order), tuple(repeats), draw(st.sampled_from(DTYPES)))


@given(layouts())
def test_a_copy_has_the_entries_and_nothing_of_the_memory(layout):
    x = layout.array()
    made = copied(x)
    np.testing.assert_array_equal(made, x)
    assert (made.shape, made.dtype) == (x.shape, x.dtype)
    assert not np.shares_memory(made, x)


@given(layouts())
def test_saved_constants_are_the_same(layout):
    x = copied(layout.array())
    scope = {}
    exec(DECODER, scope)  # noqa: S102 - lines of a saved module
    exec("\n".join(constant_lines("x", x)), scope)  # noqa: S102
    np.testing.assert_array_equal(scope["x"], x)
    assert (scope["x"].shape, scope["x"].dtype) == (x.shape, x.dtype)


DECODER = """
from base64 import b64decode
from numpy import broadcast_to, frombuffer
def from_text(text, dtype, shape):
    return frombuffer(b64decode(text), dtype).reshape(shape)
"""


@given(layouts())
def test_programs_with_constants_of_every_layout(layout):
    x = layout.array()
    y = x[::-1] if x.ndim else x
    f = lambda scale: (x * scale, x.sum(), np.concatenate([np.ravel(y), np.ravel(x)]))
    compiled = mg.compile(f)
    for scale in (np.float64(2.0), np.float64(-1.0)):
        for found, expected in zip(compiled(scale), f(scale), strict=True):
            np.testing.assert_array_equal(found, expected)


EMPTY = [
    np.ones((4, 6))[:0, ::-1], np.ones((4, 6))[::-1, :0], np.ones((4, 6))[::-1, ::-1][1:1, 2:2],
    np.ones((4, 6), "f4")[::-2, 3:3], np.ones((0, 3))[:, ::-1], np.broadcast_to(1.0, (3, 0)),
]  # fmt: skip


@pytest.mark.parametrize("empty", EMPTY, ids=lambda x: str(x.strides))
def test_empty_constants(empty, tmp_path):
    compiled = mg.compile(lambda x: (x * empty, np.sum(empty, axis=0), np.add(empty, 1.0) * x))
    for x in (2.0, 3.0):
        for found, expected in zip(compiled(x), compiled.function(x), strict=True):
            np.testing.assert_array_equal(found, expected)
    compiled.save(tmp_path / "saved.py")
    spec = importlib.util.spec_from_file_location("saved", tmp_path / "saved.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


@pytest.mark.parametrize(
    "view",
    [lambda x: np.broadcast_to(x, (2, 3)), lambda x: np.diagonal(np.outer(x, x)), np.transpose],
)
def test_a_view_that_is_read_only_of_an_array_that_is_not(view):
    base = np.arange(3.0)
    shown = view(base)
    if shown.flags.writeable:
        shown.flags.writeable = False
    expected = shown.copy()
    compiled = mg.compile(lambda x: x * shown)
    np.testing.assert_array_equal(compiled(1.0), expected)
    (program,) = (each.program for each in compiled.specializations.values())
    base += 100.0
    assert not any(np.shares_memory(x, base) for x in program.constants.values())


def test_a_saved_program_with_constants_of_many_layouts(tmp_path):
    b = Builder()
    x = b.parameter(np.ones(3))
    table = np.arange(24.0).reshape(4, 6)
    views = [
        table[::-1, ::2],
        table.T[::-1, 1:],
        np.broadcast_to(table[:1], (3, 6)),
        table[:0, ::-1],
    ]
    results = [b(np.add, b.constant(copied(view)), b(np.sum, x)) for view in views]
    program = b.program(*results)
    save(program, tmp_path / "saved.py")
    spec = importlib.util.spec_from_file_location("saved", tmp_path / "saved.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for found, view in zip(module.step(np.ones(3)), views, strict=True):
        np.testing.assert_array_equal(found, view + 3.0)
