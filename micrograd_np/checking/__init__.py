"""Checking: whether the derivatives the rules give are the derivatives the values show.

`subject` sees a function as a map between vectors, `agreement` makes sure that it is one function
on arrays and on Tensors, `differences` measures its slopes, `comparison` judges every entry,
`report` puts it in words, `check` does it in order.
"""

from micrograd_np.checking.check import assert_gradcheck as assert_gradcheck
from micrograd_np.checking.check import gradcheck as gradcheck
from micrograd_np.checking.report import GradientReport as GradientReport
from micrograd_np.checking.report import InputReport as InputReport
