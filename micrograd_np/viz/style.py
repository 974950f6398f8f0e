"""The style of a picture: colors and type, for Graphviz and for the style sheet of an SVG.

People who do not see the difference of red and green can tell the colors apart. Pictures are for
white and dark pages: boxes are filled, so their text has one contrast on both, and lines are gray.

Graphviz gives a box one size of type. The style sheet makes names bold, symbols large and shapes
small, and no text wider than Graphviz measured.
"""

INK = "#1d2733"
MUTED = "#53616f"
LINE = "#8390a0"
GRADIENT = "#8a4600"

# A face whose widths the in-process layout knows; those of the style sheet are no wider.
FACE = "Courier New"
FACES = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace'

GRAPH = {
    "class": "micrograd_np",
    "bgcolor": "transparent",
    "pad": "0.1",
    "ranksep": "0.42",
    "nodesep": "0.25",
    "ordering": "in",  # operands stand in the order in which they are written
}
NODE = {
    "shape": "Mrecord",
    "style": "filled",
    "fontname": FACE,
    "fontsize": "11",
    "fontcolor": INK,
    "penwidth": "1.2",
    "margin": "0.12,0.06",
    "width": "0.3",
    "height": "0.3",
}
EDGE = {
    "color": LINE,
    "fontcolor": LINE,
    "fontname": FACE,
    "fontsize": "9",
    "penwidth": "1.2",
    "arrowsize": "0.6",
    "labeldistance": "1.7",
    "labelangle": "40",
}
ROLES = {
    "parameter": {"fillcolor": "#fff1d6", "color": "#d68b00"},
    "constant": {"fillcolor": "#f7f8fa", "color": "#b9c2cd", "fontcolor": MUTED},
    "op": {"fillcolor": "#e3f0fb", "color": "#2b7bba"},
}
BARE = {"fontsize": "13"}  # an op that shows no numbers has room for a large symbol
OUTPUT = {"fillcolor": "#dcf3ea", "color": "#00795c", "penwidth": "2.4"}
SPINE = {"weight": "20"}  # what ops hand on keeps to a line, with the leaves beside it

STYLE_SHEET = f"""\
.micrograd_np text {{ font-family: {FACES}; }}
.micrograd_np .node text {{ font-size: 9px; fill: {MUTED}; }}
.micrograd_np .node polyline {{ opacity: 0.35; stroke-width: 1px; }}
.micrograd_np .node polyline ~ text {{ font-size: 10px; fill: {INK}; }}
.micrograd_np .constant polyline ~ text {{ fill: {MUTED}; }}
.micrograd_np .gradient polyline:last-of-type ~ text {{ fill: {GRADIENT}; }}
.micrograd_np .gradient polyline:last-of-type + text {{ font-size: 9px; font-style: italic; }}
.micrograd_np .named text:first-of-type {{ font-size: 11px; font-weight: bold; fill: {INK}; }}
.micrograd_np .op text:first-of-type {{ font-size: 11px; font-weight: normal; fill: {INK}; }}
.micrograd_np .op.bare text:first-of-type {{ font-size: 13px; }}
.micrograd_np .op.named text:nth-of-type(2) {{ font-size: 11px; font-weight: bold; fill: {INK}; }}
"""
