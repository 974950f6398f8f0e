"""Draw the pictures of these pages, by running the examples that save them.

With the package installed, `python docs/images/draw.py` runs the README's example and the tutorial
in this folder, where their pictures belong, and draws the complex plane.
"""

import os
import re
from collections.abc import Iterable
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np

import micrograd_np as mg

IMAGES = Path(__file__).resolve().parent
ROOT = IMAGES.parents[1]
PAGES = (ROOT / "README.md", ROOT / "docs/tutorial.md")


def code_of(page: Path) -> str:
    """All the Python on a page."""
    text = page.read_text("utf-8")
    return "\n".join(re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))


# ---------------------------------------------------------------- the complex plane

SQUARE = 3 + 4j  # the loss is |z² - SQUARE|², with its minima at the roots 2 + i and -2 - i
LEVELS = (0.6, 2, 3.3, 4.5, 6, 8.5, 12)  # of |z² - SQUARE|
UNIT = 80  # pixels
LEFT, TOP = -3.5, 2.5  # the corner of the picture
STYLE = """
text { font: 15px sans-serif; fill: #222 }
polyline { fill: none; stroke: #999 } polyline.level { stroke: #7aa6d1 }
.up { stroke: #c0392b; stroke-width: 3 } .down { stroke: #1e8449; stroke-width: 2 }
.root { fill: #222 } .step { fill: #1e8449 } .at { fill: #fff; stroke: #222; stroke-width: 2 }
#tip { fill: #c0392b }
"""


def complex_plane() -> str:
    """The level lines of a real loss, the gradient at a point, and the steps against it."""
    start, rate = -1.1 + 1.2j, 0.01
    up = mg.grad(loss)(start).item()
    steps = [start]
    for _ in range(40):
        steps.append(steps[-1] - rate * mg.grad(loss)(steps[-1]).item())
    tip = start + up / np.abs(up) * 0.9
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 560 400" width="560" height="400">',
        f"<style>{STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="4" refY="4" orient="auto">',
        '<path d="M0 0 8 4 0 8z"/></marker></defs>',
        '<rect width="560" height="400" fill="#fff"/>',
        *(line("axis", ends) for ends in ([LEFT, -LEFT], [1j * TOP, -1j * TOP])),
        *(line("level", half) for size in LEVELS for half in level(size)),
        line("down", steps),
        *(dot("step", z, 3) for z in steps[1:]),
        line("up", [start, tip], 'marker-end="url(#tip)"'),
        dot("at", start, 5),
        *(dot("root", root, 4) for root in (2 + 1j, -2 - 1j)),
        label(start - 0.25 - 0.2j, "z"), label(tip + 0.15, "grad: uphill"),
        label(2.1 + 0.75j, "2 + i"), label(-1.9 - 1.25j, "−2 − i"),
        label(2.95 - 0.22j, "real"), label(0.08 + 2.3j, "imaginary"),
        "</svg>\n",
    ]  # fmt: skip
    return "\n".join(parts)


def loss(z: complex) -> float:
    """A real number for a complex one."""
    return np.abs(z**2 - SQUARE) ** 2


def level(size: float) -> Iterable[np.ndarray]:
    """Where `|z² - SQUARE|` has this size: a circle of squares, and their roots."""
    around = SQUARE + size * np.exp(2j * np.pi * np.arange(91) / 90)
    turned = np.exp(0.5j * (np.unwrap(np.angle(around)) - np.angle(around)))
    root = np.sqrt(around) * turned
    return [root, -root]


def place(z: complex) -> str:
    """A number's place in the picture."""
    return f"{(np.real(z) - LEFT) * UNIT:.1f} {(TOP - np.imag(z)) * UNIT:.1f}"


def line(kind: str, through: Iterable[complex], more: str = "") -> str:
    """Straight lines through numbers; `kind` says how they look."""
    return f'<polyline class="{kind}" {more} points="{", ".join(map(place, through))}"/>'


def dot(kind: str, z: complex, radius: int) -> str:
    """A number as a dot."""
    x, y = place(z).split()
    return f'<circle class="{kind}" cx="{x}" cy="{y}" r="{radius}"/>'


def label(z: complex, text: str) -> str:
    """Words that start at a number."""
    x, y = place(z).split()
    return f'<text x="{x}" y="{y}">{text}</text>'


if __name__ == "__main__":
    os.chdir(IMAGES)
    for page in PAGES:
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
            exec(compile(code_of(page), str(page), "exec"), {})  # noqa: S102 - our own pages
    Path("complex.svg").write_text(complex_plane(), "utf-8")
    print(*sorted(path.name for path in IMAGES.glob("*.svg")))
