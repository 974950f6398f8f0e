"""Conventions: the gradient that is returned where a function has no derivative.

The gradient is the first of these that exists:

1. the derivative;
2. where the function is convex around the point, or concave, the shortest subgradient, in which
   equal candidates share evenly;
3. the limit of the derivative, which may be infinite;
4. the result of the arithmetic of the rule: NaN.

`convention` defines the record of one point. Each table holds the records of one topic, and is read
when `conventions` is first called, which finds the records of an op.
"""

from micrograd_np.nonsmooth.convention import Convention as Convention
from micrograd_np.nonsmooth.convention import Peer as Peer
from micrograd_np.nonsmooth.listing import Conventions as Conventions
from micrograd_np.nonsmooth.listing import conventions as conventions
