"""Checking: comparison of the derivatives that rules give with slopes measured from values.

`check` does the whole check in order. `vector_function` turns a function of trees into a function
of vectors. `agreement` compares the values on arrays and on Tensors. `differences` measures slopes,
`comparison` judges every entry, and `report` writes the answer for a reader.
"""

from micrograd_np.checking.check import assert_gradcheck as assert_gradcheck
from micrograd_np.checking.check import gradcheck as gradcheck
from micrograd_np.checking.report import GradientReport as GradientReport
from micrograd_np.checking.report import InputReport as InputReport
