"""Networks: modules, layers, initializers and losses, all plain expressions of Tensors."""

import sys
from typing import TYPE_CHECKING

from micrograd_np.errors import habits
from micrograd_np.nn import functional as functional
from micrograd_np.nn.convolutional import AdaptiveAvgPool1d as AdaptiveAvgPool1d
from micrograd_np.nn.convolutional import AdaptiveAvgPool2d as AdaptiveAvgPool2d
from micrograd_np.nn.convolutional import AdaptiveAvgPool3d as AdaptiveAvgPool3d
from micrograd_np.nn.convolutional import AvgPool1d as AvgPool1d
from micrograd_np.nn.convolutional import AvgPool2d as AvgPool2d
from micrograd_np.nn.convolutional import AvgPool3d as AvgPool3d
from micrograd_np.nn.convolutional import Conv1d as Conv1d
from micrograd_np.nn.convolutional import Conv2d as Conv2d
from micrograd_np.nn.convolutional import Conv3d as Conv3d
from micrograd_np.nn.convolutional import ConvTranspose1d as ConvTranspose1d
from micrograd_np.nn.convolutional import ConvTranspose2d as ConvTranspose2d
from micrograd_np.nn.convolutional import ConvTranspose3d as ConvTranspose3d
from micrograd_np.nn.convolutional import Flatten as Flatten
from micrograd_np.nn.convolutional import MaxPool1d as MaxPool1d
from micrograd_np.nn.convolutional import MaxPool2d as MaxPool2d
from micrograd_np.nn.convolutional import MaxPool3d as MaxPool3d
from micrograd_np.nn.initializers import glorot_uniform as glorot_uniform
from micrograd_np.nn.layers import Linear as Linear
from micrograd_np.nn.layers import LogSigmoid as LogSigmoid
from micrograd_np.nn.layers import LogSoftmax as LogSoftmax
from micrograd_np.nn.layers import ReLU as ReLU
from micrograd_np.nn.layers import Sequential as Sequential
from micrograd_np.nn.layers import Sigmoid as Sigmoid
from micrograd_np.nn.layers import Softmax as Softmax
from micrograd_np.nn.layers import Softplus as Softplus
from micrograd_np.nn.layers import Tanh as Tanh
from micrograd_np.nn.losses import binary_cross_entropy as binary_cross_entropy
from micrograd_np.nn.losses import (
    binary_cross_entropy_with_logits as binary_cross_entropy_with_logits,
)
from micrograd_np.nn.losses import cross_entropy as cross_entropy
from micrograd_np.nn.losses import mse as mse
from micrograd_np.nn.module import Module as Module

if not TYPE_CHECKING:  # type checkers must not see `__getattr__`
    __getattr__ = habits.no_attribute(sys.modules[__name__], habits.NN)
