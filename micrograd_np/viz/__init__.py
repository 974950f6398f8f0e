"""Pictures: the recorded graph as DOT, laid out by Graphviz.

`subgraph` finds the nodes and edges to draw. `array_text`, `symbols` and `labels` write the text of
each node, `style` chooses colors and type, `dot` writes DOT, and `rendering` lays the graph out.
`picture` is what `draw` returns.
"""

from micrograd_np.viz.draw import draw as draw
from micrograd_np.viz.picture import Picture as Picture
