"""Networks: modules, layers, initialisers and losses, all plain expressions of Tensors."""

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
