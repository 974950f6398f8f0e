"""The coverage of NumPy as a page: every public callable, what becomes of it here, and why.

`python docs/extensions/numpy_account.py` prints it as Markdown; Sphinx, which loads this file as an
extension, puts it where a page says `{numpy-account}`.
"""

from collections import Counter
from itertools import groupby
from typing import Any

import numpy as np

import micrograd_np as mg
from micrograd_np.coverage.numpy_functions import Entry, account

SHOWN = {
    "differentiable": "yes",
    "constant": "constant",
    "no array": "no arrays",
    "refused": "refused",
    "unaccounted": "unaccounted",
}


def markdown() -> str:
    """A sentence with the counts, and a table for each module of NumPy."""
    entries = account()
    parts = [_counts(entries)]
    for space, group in groupby(entries, _space):
        parts += [f"## {_titled(space)}", _table(list(group))]
    return "\n\n".join(parts)


def _space(entry: Entry) -> str:
    return entry.name.rpartition(".")[0]


def _titled(space: str) -> str:
    if space == "ndarray":
        return "Methods and attributes of an array"
    return f"`np.{space}`" if space else "`numpy`"


def _counts(entries: list[Entry]) -> str:
    found = Counter(entry.status for entry in entries)
    return (
        f"NumPy {np.__version__} has {len(entries)} of them: {found['differentiable']} with a "
        f"derivative, {found['constant']} constant, {found['no array']} that take no arrays, "
        f"{found['refused']} refused."
    )


def _table(entries: list[Entry]) -> str:
    lines = [f"| {_spelled(e.name)} | {SHOWN[e.status]} | {_noted(e)} |" for e in entries]
    return "\n".join(["| name | derivative | what to know |", "|---|---|---|", *lines])


def _spelled(name: str) -> str:
    return f"`{name}`" if name.startswith("ndarray.") else f"`np.{name}`"


def _noted(entry: Entry) -> str:
    return entry.note.replace("|", "\\|")


def setup(app: Any) -> dict[str, Any]:
    """Give Sphinx the directive `numpy-account`."""
    from docutils import nodes
    from docutils.parsers.rst import Directive
    from docutils.statemachine import StringList

    class NumpyAccount(Directive):
        """The tables in the place of the directive."""

        def run(self) -> list[nodes.Node]:
            holder = nodes.section()
            lines = StringList(markdown().splitlines(), source="the coverage of NumPy")
            self.state.nested_parse(lines, self.content_offset, holder, match_titles=True)
            return holder.children

    app.add_directive("numpy-account", NumpyAccount)
    return {"version": mg.__version__, "parallel_read_safe": True}


if __name__ == "__main__":
    print(markdown())
