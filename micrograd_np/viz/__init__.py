"""Pictures: the recorded graph as DOT, laid out by Graphviz.

`subgraph` finds what there is to draw, `values`, `symbols` and `labels` say it in words, `style` gives
it colours and type, `dot` writes it down, `rendering` lays it out, and `picture` is what `draw`
returns.
"""

from micrograd_np.viz.draw import draw as draw
from micrograd_np.viz.picture import Picture as Picture
