"""NumPy's errors about the arguments of a call: our words about the call first, NumPy's after."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from micrograd_np.errors.words import called

REWORDED = (ValueError, IndexError, np.linalg.LinAlgError)  # classes whose text is their argument

# What to do, by words of NumPy's message. A message without a row stands as NumPy has it.
ADVICE = {
    "could not be broadcast together with shapes": "axes are matched from the last to the first, "
    "and their lengths have to be equal, or one of them 1. Insert such an axis, as in x[:, None]",
    "remapped shapes [": "each letter of the subscripts stands for one length everywhere. Compare "
    "them with the shapes",
    "could not broadcast input array": "what is written needs the shape of the entries that the "
    "index selects, or one that broadcasts to it",
    "only integers, slices": "an index is an integer, a slice, or an array of integers or of "
    "booleans. Convert a float, as in x[int(i)]; a name belongs into a dict",
    "too many indices": "there is at most one index for each axis. Leave some out, or insert an "
    "axis, as in x[:, None]",
    "boolean index did not match": "a mask has the shape of what it selects from. Compute it from "
    "the array itself, as in x[x > 0]",
    "mismatch in its core dimension": "the axes that are summed over have to be equally long: of a "
    "product x @ y the last of x, and the last but one of y (or its only one). Exchange axes, as "
    "in y.T",
    "not aligned": "the axes that are summed over have to be equally long: the last of the first "
    "array, and the last but one of the second (or its only one). Exchange axes, as in y.T",
    "must have same number of dimensions": "arrays that are joined need equally many axes. Insert "
    "one, as in x[:, None], or write np.stack",
    "must match exactly": "arrays that are joined agree in all axes but the one along which they "
    "are joined. Choose another, axis=...",
    "must have the same shape": "arrays that are stacked need one shape. Write np.concatenate to "
    "join different ones",
    "cannot reshape": "the number of entries stays. Write -1 for one length, which then follows "
    "from the others",
    "Singular matrix": "no inverse exists. Write np.linalg.pinv, or add a multiple of np.eye(n)",
    "must be square": "each matrix, the last two axes, needs as many rows as columns. Write "
    "np.linalg.pinv or np.linalg.lstsq for others",
    "not positive definite": "a factor exists only for symmetric matrices whose eigenvalues are "
    "positive. Add a multiple of np.eye(n), or write np.linalg.eigh",
    "inhomogeneous shape": "rows of different lengths make no array. Make them equally long, or "
    "keep a list of Tensors",
    "equal division": "the parts have to be equally long. Write np.array_split for others",
}  # fmt: skip


def reword(error: ValueError | IndexError, function: Any, operands: Iterable[str]) -> None:
    """Say at the head of NumPy's message which call it is about, and what to do.

    A class that makes its message of other arguments than a text gets a note instead.
    """
    name = "an index" if function.__name__ == "getitem" else called(function)
    call = f"{name} of {' and '.join(operands)}"
    said = str(error)
    if type(error) not in REWORDED:
        error.add_note(f"in {call}")
        return
    advice = next((advice for words, advice in ADVICE.items() if words in said), "")
    error.args = (f"{call}: {advice}.\nNumPy says: {said}" if advice else f"{call}: {said}",)
