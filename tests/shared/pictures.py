"""Reading pictures back: the boxes, edges and texts of an SVG.

A picture's contents are read back from its SVG: `boxes` gives the lines of each box.
"""

import xml.etree.ElementTree as ET

import numpy as np

import micrograd_np as mg
from micrograd_np import Tensor

SVG = "{http://www.w3.org/2000/svg}"


def plain(text):
    """Text with ordinary spaces, where Graphviz writes some that do not break."""
    return (text or "").replace("\N{NO-BREAK SPACE}", " ")


def texts(element):
    return [plain(text.text) for text in element.iter(f"{SVG}text")]


def parsed(svg):
    return ET.fromstring(svg)  # noqa: S314  # we made it ourselves


def groups(picture):
    """What the SVG draws for every node, oldest first."""
    found = parsed(picture.svg).iter(f"{SVG}g")
    nodes = [g for g in found if g.get("class", "").startswith("node")]
    return sorted(nodes, key=lambda g: int(g.get("id").removeprefix("node")))


def boxes(picture):
    """The class and the lines of every node, oldest first."""
    return [(g.get("class").removeprefix("node "), texts(g)) for g in groups(picture)]


def box(picture, first_line):
    """The one box that begins with a line."""
    (found,) = (lines for _, lines in boxes(picture) if lines[0] == first_line)
    return found


def parameter(value, name=None, dtype=None):
    return Tensor(value, requires_grad=True, name=name, dtype=dtype)


def xor():
    """The network of the second article, with round weights."""
    X = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], name="X")
    Y = Tensor([[0.0], [1.0], [1.0], [0.0]], name="Y")
    W1 = parameter([[0.5, -1.0, 0.25], [1.0, 0.75, -0.5]], "W1")
    b1 = parameter([[0.0, 0.5, -0.25]], "b1")
    W2 = parameter([[1.0], [-0.5], [0.25]], "W2")
    b2 = parameter([[0.125]], "b2")
    hidden = mg.sigmoid(X @ W1 + b1)
    loss = 0.5 * np.sum((Y - mg.sigmoid(hidden @ W2 + b2)) ** 2)
    loss.name = "loss"
    return loss
