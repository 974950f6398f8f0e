"""The names of other libraries: none is a name of ours, and what is to be written is there."""

import re

import numpy as np
import pytest

import micrograd_np as mg
from micrograd_np import nn, optim
from micrograd_np.errors import habits

TABLES = {
    "PACKAGE": (habits.PACKAGE, mg.__all__),
    "NN": (habits.NN, [*dir(nn), *dir(nn.functional)]),
    "OPTIM": (habits.OPTIM, dir(optim)),
    "TENSOR": (habits.TENSOR, dir(np.ndarray)),
    "TRANSFORMATION": (habits.TRANSFORMATION, optim.Transformation._fields),
}
NAMES = {"mg": mg, "np": np, "nn": nn, "optim": optim}
CODE = re.compile(r"\b(mg|np|nn|optim)\.([a-z_A-Z]\w*)")


@pytest.mark.parametrize("name", TABLES)
def test_no_name_of_ours_is_taken_for_anothers(name):
    table, ours = TABLES[name]
    assert table.keys().isdisjoint(ours)


@pytest.mark.parametrize("name", [*TABLES, "OPTIONS"])
def test_what_is_to_be_written_is_there(name):
    written = " ".join(getattr(habits, name).values())
    assert [".".join(x) for x in CODE.findall(written) if not hasattr(NAMES[x[0]], x[1])] == []


def test_names_of_other_libraries_are_not_there():
    t = mg.Tensor([1.0, 2.0], requires_grad=True)
    assert [name for name in habits.TENSOR if hasattr(t, name)] == []
    assert [name for name in habits.TRANSFORMATION if hasattr(optim.sgd(0.1), name)] == []
    with pytest.raises(AttributeError, match=r"has no attribute 'nothing'$"):
        nn.nothing  # noqa: B018 - to read it is what is tested
