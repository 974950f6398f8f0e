"""The state that is loaded into a module: checked as a whole before anything is assigned."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from micrograd_np.core import tree
from micrograd_np.core.foreign import is_foreign, like, to_numpy
from micrograd_np.core.op import Array
from micrograd_np.core.record import as_input, value_of
from micrograd_np.core.safety.casting import overflows
from micrograd_np.core.tensor import Tensor
from micrograd_np.errors import MeaningLostError, listed

SHOWN = 3  # names of arrays of PyTorch that a message gives


def arrays_for(own: Mapping[str, Tensor], state: Any, owner: str) -> dict[str, Array]:
    """The values of `state` as arrays for the Tensors of their paths, in the Tensors' dtypes.

    Raises what `load_state_dict` raises. `owner` is the name of the module's class.
    """
    if not isinstance(state, Mapping):
        raise TypeError(
            f"load_state_dict takes a dictionary from paths to arrays, as state_dict() returns it, "
            f"not a {type(state).__name__}."
        )
    refuse_pytorch(state)
    wrong = [f"missing: {path} of shape {own[path].shape}" for path in own if path not in state]
    for path in (path for path in state if path not in own):
        hint = ", a dictionary: is the state inside it?" if isinstance(state[path], Mapping) else ""
        wrong.append(f"unexpected: {path}{hint}")
    given: dict[str, np.ndarray[Any, Any]] = {}
    lost: dict[str, MeaningLostError] = {}
    for path in (path for path in state if path in own):
        try:
            value = value_of(state[path])
            given[path] = to_numpy(value) if is_foreign(value) else np.asarray(as_input(value))
        except MeaningLostError as error:
            lost[path] = error
        except ValueError as error:
            wrong.append(f"no array: {path}; {error}")
    if lost:
        raise MeaningLostError.among(lost)
    for path, array in given.items():
        wrong += complaints(path, state[path], array, own[path])
    if wrong:
        raise ValueError(f"the state does not fit this {owner}; nothing was loaded:{listed(wrong)}")
    return {path: like(own[path], array.astype(own[path].dtype)) for path, array in given.items()}


def complaints(path: str, value: Any, array: np.ndarray[Any, Any], tensor: Tensor) -> Iterator[str]:
    """Complaints about a value for the Tensor at a path; `array` is the value as an array."""
    if isinstance(value, Tensor) and value.op is not None and value.requires_grad:
        yield f"cut off from its graph: {path}, which an op made; give its `.data`"
    if array.shape != tensor.shape or not np.can_cast(array.dtype, tensor.dtype, "same_kind"):
        yield f"of the wrong kind: {path} is {described(tensor)} here, {described(array)} given"
    elif overflows(array, tensor.dtype):
        yield f"too large for {tensor.dtype}: {path}, of {array.dtype}"


def described(value: Any) -> str:
    """The shape and dtype of an array or Tensor, for messages."""
    return f"{value.dtype} of shape {value.shape}"


def refuse_pytorch(state: Mapping[str, Any]) -> None:
    """Raise TypeError for arrays of PyTorch, whose weights of linear layers are transposed."""
    names = [path for path, value in tree.paths({**state}) if is_pytorch(value)]
    if not names:
        return
    more = ", …" if len(names) > SHOWN else ""
    raise TypeError(
        f"load_state_dict was given arrays of PyTorch ({', '.join(names[:SHOWN])}{more}). The "
        f"weight of its Linear has shape (out_features, in_features), that of Linear here "
        f"(in_features, out_features), so a square one would be loaded transposed; all other "
        f"layers have one layout in both. Nothing was loaded. Write\n"
        f"    arrays = {{name: w.detach().cpu().numpy() for name, w in state.items()}}\n"
        f"    model.load_state_dict({{n: a.T if a.ndim == 2 else a for n, a in arrays.items()}})"
    )


def is_pytorch(value: Any) -> bool:
    """Whether a value is of a class of PyTorch's, which need not be installed."""
    return any(base.__module__.partition(".")[0] == "torch" for base in type(value).__mro__)
