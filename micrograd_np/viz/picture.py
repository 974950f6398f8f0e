"""A picture: a graph that can be looked at in a notebook and saved."""

from os import PathLike, getpid
from typing import TYPE_CHECKING

from micrograd_np.viz.rendering import FORMATS, rendered

if TYPE_CHECKING:
    from graphviz import Digraph


class Picture:
    """The picture that `draw` returns, which a notebook shows as SVG.

    The program `dot` lays the graph out if installed, otherwise a package within this process.

    >>> from micrograd_np import Tensor
    >>> from micrograd_np.viz import draw
    >>> picture = draw(2 * Tensor(3.0, requires_grad=True))
    >>> print(picture.source.splitlines()[-2].strip())
    n0 -> n1
    """

    def __init__(self, graph: "Digraph", size: str) -> None:
        self._graph = graph
        self._size = size

    def __repr__(self) -> str:
        return f"<Picture of {self._size}; save it with .save('graph.svg')>"

    @property
    def source(self) -> str:
        """The picture as DOT text, which is equal on every run of a program."""
        return str(self._graph.source)

    @property
    def svg(self) -> str:
        """The picture as SVG text. Raises RenderingError where nothing can lay it out."""
        return rendered(self._graph, "svg").decode()

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | PathLike[str]) -> None:
        """Write the picture to a file whose name ends in .svg, .png, .pdf or .dot.

        The file is written whole or not at all; after a failure an older file is unchanged. Raises
        ValueError for another ending, FileNotFoundError if the folder does not exist, and
        RenderingError where the format needs the program `dot`, which is not installed.
        """
        from pathlib import Path

        target = Path(path)
        form = target.suffix.lower().removeprefix(".")
        if form not in FORMATS:
            endings = ", ".join(f".{known}" for known in FORMATS)
            raise ValueError(
                f"cannot tell from the name {target.name!r} what kind of picture to save. End it "
                f"in one of: {endings}."
            )
        if not target.parent.is_dir():
            raise FileNotFoundError(
                f"cannot save {target.name!r}: there is no folder {str(target.parent)!r}. Make it "
                f"first, for instance with os.makedirs."
            )
        content = rendered(self._graph, form)
        beside = target.with_name(f"{target.name}.{getpid()}.part")
        try:
            beside.write_bytes(content)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
