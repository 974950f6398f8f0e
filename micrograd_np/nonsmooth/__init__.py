"""The policy at points without a derivative: what is returned there, here and elsewhere.

In order: the derivative where it exists; the shortest subgradient where the function is convex
around the point (or concave), equal candidates sharing evenly; else the limit of the derivative,
which may be infinite; else what arithmetic leaves, NaN. `convention` says what is known of one point,
the tables say it of all of them, by topic, and `conventions` finds those of an op. Tables are read
when they are asked for.
"""

from micrograd_np.nonsmooth.convention import Convention as Convention
from micrograd_np.nonsmooth.convention import Peer as Peer
from micrograd_np.nonsmooth.listing import Conventions as Conventions
from micrograd_np.nonsmooth.listing import conventions as conventions
