"""What cannot be frozen in a program is refused, and the error says where and why."""

# ruff: noqa: PLW0108 - what is compiled in these tables is a function of the user's own

import numpy as np
import pytest
from compiled_functions import VECTOR
from numpy.testing import assert_array_equal

import micrograd_np as mg
from micrograd_np import Tensor, optim
from micrograd_np.errors import TracingError

OUTSIDE = Tensor(VECTOR)
PARAMETER = Tensor(VECTOR, requires_grad=True)
ITEMS = [1.0, 2.0, 3.0]


def assigned(x):
    OUTSIDE.data = x


def added(x):
    global OUTSIDE  # noqa: PLW0603 - as a careless user has it
    OUTSIDE += 1


def written(x):
    OUTSIDE[0] = 1.0


def written_into_the_argument(x):
    x[0] = 1.0


def augmented(x):
    x += 1
    return x


def filled(x):
    out = np.zeros(2)
    out[0] = x[0]
    return out


def stepped(x):
    optim.Optimizer([PARAMETER], optim.sgd(0.1)).assign([x], ())


NOT_FROZEN = {  # what is written, and what the error advises
    "float": (lambda x: float(np.sum(x)), r"`np\.sum\(x\)` itself"),
    "int": (lambda x: int(x[0]), r"`np\.astype\(x\[0\], int\)`"),
    "bool": (lambda x: bool(x[0]), r"`x\[0\]` itself"),
    "if": (lambda x: x if np.sum(x) > 0 else -x, "np.where"),
    "and": (lambda x: x[0] > 0 and x[1] > 0, "np.logical_and"),
    "max": (lambda x: max(x[0], x[1]), "np.maximum"),
    "assert": (lambda x: [1][not np.all(x)], "np.logical_not"),
    "numpy": (lambda x: Tensor(x).numpy(), r"`Tensor\(x\)` itself"),
    "item": (lambda x: x[0].item(), r"`x\[0\]` itself"),
    "tolist": (lambda x: x.tolist(), "`x` itself"),
    "asarray": (lambda x: np.asarray(x), "`x` itself"),
    "array of parts": (lambda x: np.array([x[0], x[1]]), "mg.tensor"),
    "math": (lambda x: __import__("math").sin(x[0]), "np.sqrt for math.sqrt"),
    "mask": (lambda x: x[x > 0], "np.where"),
    "mask of a Tensor": (lambda x: Tensor(x)[x > 0], "np.where"),
    "nonzero": (lambda x: np.nonzero(x), "np.where"),
    "where": (lambda x: np.where(x > 0), "np.where"),
    "unique": (lambda x: np.unique(x), "call the function outside"),
    "unique of a Tensor": (lambda x: np.unique(Tensor(x)), "call the function outside"),
    "range": (lambda x: range(x[0]), "static_argnames='x'"),
    "list index": (lambda x: ITEMS[np.argmax(x)], r"mg\.Tensor\(ITEMS\)\[np\.argmax\(x\)\]"),
    "filled": (filled, r"out = mg\.index_update\(out, 0, value\)"),
    "backward": (lambda x: np.sum(PARAMETER * x).backward(), r"mg\.grad"),
    "assigned": (assigned, "return new values"),
    "augmented Tensor": (added, "return new values"),
    "item of a Tensor": (written, "return new values"),
    "item of an argument": (written_into_the_argument, r"mg\.index_update"),
    "augmented argument": (augmented, r"x = x \+ y"),
    "out": (lambda x: np.add(x, 1, out=x), "out"),
    "out of constants": (lambda x: np.add(x, 1, out=np.zeros(3)), "out"),
    "at": (lambda x: np.add.at(x, 0, 1), r"mg\.index_add"),
    "put": (lambda x: np.put(x, 0, 1), r"mg\.index_update"),
    "fill": (lambda x: x.fill(1), r"np\.full_like"),
    "sort": (lambda x: x.sort(), r"np\.sort"),
    "copyto": (lambda x: np.copyto(np.zeros(3), x), r"np\.where"),
    "dtype of values": (lambda x: np.emath.sqrt(x), r"x \+ 0j"),
    "eigenvalues": (lambda x: np.linalg.eigvals(x * x[:, None]), r"x \+ 0j"),
    "layout": (lambda x: np.ravel(np.outer(x, x), order="K"), "order='C'"),
    "optimizer": (stepped, "return new values"),
    "text": (lambda x: np.array_str(x), "outside"),
    "objects": (lambda x: np.frompyfunc(lambda v: v, 1, 1)(x), "outside|NumPy"),
    "vectorized": (lambda x: np.vectorize(lambda v: v + 1)(x), "mg.stack"),
}


@pytest.mark.parametrize("name", NOT_FROZEN)
def test_what_cannot_be_frozen_names_the_line_and_the_remedy(name):
    f, remedy = NOT_FROZEN[name]
    compiled = mg.compile(f)
    with pytest.raises(
        TracingError, match=rf'(?s)File ".*test_frozen\.py", line \d+.*{remedy}'
    ) as error:
        compiled(np.abs(VECTOR))
    assert not compiled.specializations
    line = str(error.value).splitlines()[0]
    number = int(line.partition(", line ")[2].partition(",")[0])
    first = f.__code__.co_firstlineno
    assert first <= number <= first + 3
    assert_array_equal(OUTSIDE.data, VECTOR)


@pytest.mark.parametrize("given", [Tensor(VECTOR), Tensor(VECTOR, requires_grad=True)])
def test_tensors_that_are_arguments_are_not_changed_either(given):
    def assigned(t):
        t.data = t.detach().data * 2

    def backward(t):
        np.sum(t * PARAMETER).backward()

    for f in (assigned, backward):
        with pytest.raises(TracingError, match=r"test_frozen\.py"):
            mg.compile(f)(given)
    assert_array_equal(given.data, VECTOR)
    assert given.grad is None


def test_printing_shows_stand_ins(capsys):
    @mg.compile
    def f(x):
        print(x, f"{x}", Tensor(x))
        return x + 1

    f(VECTOR)
    f(VECTOR)
    assert capsys.readouterr().out.count("traced, shape (3,), float64") == 3


def test_values_that_escape():
    kept = []
    mg.compile(lambda x: kept.append(x) or x)(VECTOR)
    with pytest.raises(TracingError, match="after the function had returned"):
        kept[0] + 1


def test_arrays_of_other_libraries_are_refused():
    array = pytest.importorskip("dask.array")
    for x in (array.ones(3), Tensor(array.ones(3)), [array.ones(3)]):
        with pytest.raises(TracingError, match="another library"):
            mg.compile(lambda x: x)(x)
    outside = Tensor(array.ones(3))
    with pytest.raises(TracingError, match="another library"):
        mg.compile(lambda x: x + outside)(VECTOR)
