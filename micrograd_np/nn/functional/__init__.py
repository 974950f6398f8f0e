"""Networks' functions of arrays and Tensors: convolution and pooling, in PyTorch's signatures."""

import sys
from typing import TYPE_CHECKING

from micrograd_np.errors import habits
from micrograd_np.nn.functional.conv import conv1d as conv1d
from micrograd_np.nn.functional.conv import conv2d as conv2d
from micrograd_np.nn.functional.conv import conv3d as conv3d
from micrograd_np.nn.functional.conv import conv_transpose1d as conv_transpose1d
from micrograd_np.nn.functional.conv import conv_transpose2d as conv_transpose2d
from micrograd_np.nn.functional.conv import conv_transpose3d as conv_transpose3d
from micrograd_np.nn.functional.pool import adaptive_avg_pool1d as adaptive_avg_pool1d
from micrograd_np.nn.functional.pool import adaptive_avg_pool2d as adaptive_avg_pool2d
from micrograd_np.nn.functional.pool import adaptive_avg_pool3d as adaptive_avg_pool3d
from micrograd_np.nn.functional.pool import avg_pool1d as avg_pool1d
from micrograd_np.nn.functional.pool import avg_pool2d as avg_pool2d
from micrograd_np.nn.functional.pool import avg_pool3d as avg_pool3d
from micrograd_np.nn.functional.pool import max_pool1d as max_pool1d
from micrograd_np.nn.functional.pool import max_pool2d as max_pool2d
from micrograd_np.nn.functional.pool import max_pool3d as max_pool3d

if not TYPE_CHECKING:  # type checkers must not see `__getattr__`
    __getattr__ = habits.no_attribute(sys.modules[__name__], habits.NN)
