"""Optimizers: pure update rules over trees, and the object that applies a rule to parameters."""

import sys
from typing import TYPE_CHECKING

from micrograd_np.errors import habits
from micrograd_np.optim.optimizer import Optimizer as Optimizer
from micrograd_np.optim.rules import adam as adam
from micrograd_np.optim.rules import momentum as momentum
from micrograd_np.optim.rules import scale as scale
from micrograd_np.optim.rules import scale_by_adam as scale_by_adam
from micrograd_np.optim.rules import sgd as sgd
from micrograd_np.optim.transformation import Transformation as Transformation
from micrograd_np.optim.transformation import apply_updates as apply_updates
from micrograd_np.optim.transformation import chain as chain

if not TYPE_CHECKING:  # type checkers must not see `__getattr__`
    __getattr__ = habits.no_attribute(sys.modules[__name__], habits.OPTIM)
