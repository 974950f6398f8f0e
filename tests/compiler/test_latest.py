"""`source`, `report` and `save` of a compiled function: of its last call, whichever way it took."""

import numpy as np
import pytest

import micrograd_np as mg

VECTOR, MATRIX = np.ones(3), np.ones((2, 5))


def shapes_in(compiled):
    """What the source says of its argument's shape."""
    return [shape for shape in ((3,), (2, 5), (7,)) if f"x,  # {shape}" in compiled.source]


def test_the_source_is_that_of_the_last_call():
    compiled = mg.compile(lambda x: np.exp(-x) * x)
    for _ in range(3):  # the first time the long way, then the short one
        for x in (VECTOR, MATRIX):
            compiled(x)
            assert shapes_in(compiled) == [x.shape]
    compiled(x=VECTOR)  # by name there is no short way
    assert shapes_in(compiled) == [(3,)]
    compiled(MATRIX)
    assert shapes_in(compiled) == [(2, 5)]


def test_save_and_report_are_of_the_last_call(tmp_path):
    compiled = mg.compile(lambda x: np.sum(np.exp(-x)) if x.ndim == 1 else x * 2.0)
    for _ in range(2):
        compiled(VECTOR)
        compiled(MATRIX)
    compiled(VECTOR)
    compiled.save(tmp_path / "saved.py")
    assert "(3,) float64" in (tmp_path / "saved.py").read_text()
    calls = compiled.report().calls
    compiled(MATRIX)
    assert compiled.report().calls < calls


def test_static_arguments_and_steps_count_as_calls():
    compiled = mg.compile(lambda x, how: np.exp(x) if how else np.sin(x))
    for how, name in ((True, "exp("), (False, "sin("), (True, "exp(")):
        compiled(VECTOR, how)
        assert name in compiled.source
    compiled.repeat(2)(VECTOR, False)
    assert "sin(" in compiled.source


def test_a_call_that_is_in_a_graph_counts():
    compiled = mg.compile(lambda x: np.sum(x * x))
    w = mg.Tensor(VECTOR, requires_grad=True)
    compiled(MATRIX)
    compiled(w).backward()
    assert shapes_in(compiled) == [(3,)]


def test_forgotten_programs_are_not_called():
    compiled = mg.compile(lambda x: x * 2.0, cache_size=1)
    for _ in range(2):
        for x in (VECTOR, MATRIX, np.ones(7)):
            compiled(x)
            compiled(x)
            assert shapes_in(compiled) == [x.shape]
    compiled(x=VECTOR)
    compiled(np.ones(7))
    assert shapes_in(compiled) == [(7,)]
    compiled.clear()
    with pytest.raises(mg.errors.GraphError, match="no program yet"):
        _ = compiled.source
