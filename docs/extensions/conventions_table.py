"""The conventions as tables: every point without a derivative, by topic, here and elsewhere.

`python docs/extensions/conventions_table.py` prints them as Markdown; Sphinx, which loads this file
as an extension, puts them where a page says `{conventions-table}`.
"""

from itertools import groupby
from operator import attrgetter
from typing import Any

import micrograd_np as mg
from micrograd_np.nonsmooth.convention import Convention, Peer, as_text, peer_text
from micrograd_np.nonsmooth.listing import HEADINGS, cells


def markdown() -> str:
    """A section for each topic; in bold what differs from what is returned here."""
    groups = groupby(mg.conventions(), key=attrgetter("topic"))
    return "\n\n".join(f"## {topic}\n\n{_table(list(group))}" for topic, group in groups)


def _table(records: list[Convention]) -> str:
    heads = [f"| {' | '.join(HEADINGS)} |", "|" + "---|" * len(HEADINGS)]
    return "\n".join([*heads, *map(_line, records)])


def _line(record: Convention) -> str:
    call, at, here, *_, reason = cells(record)
    peers = [_answer(record, peer) for peer in (record.pytorch, record.jax)]
    columns = [f"`{call}`", f"`{at}`", f"`{here}`", *peers, reason.replace("|", "\\|")]
    return f"| {' | '.join(columns)} |"


def _answer(record: Convention, peer: Peer | None) -> str:
    if peer is None:
        return peer_text(peer)
    same = as_text(peer.gradient) == as_text(record.gradient)
    return f"`{peer}`" if same else f"**`{peer}`**"


def setup(app: Any) -> dict[str, Any]:
    """Give Sphinx the directive `conventions-table`."""
    from docutils import nodes
    from docutils.parsers.rst import Directive
    from docutils.statemachine import StringList

    class ConventionsTable(Directive):
        """The tables in the place of the directive."""

        def run(self) -> list[nodes.Node]:
            holder = nodes.section()
            lines = StringList(markdown().splitlines(), source="the conventions")
            self.state.nested_parse(lines, self.content_offset, holder, match_titles=True)
            return holder.children

    app.add_directive("conventions-table", ConventionsTable)
    return {"version": mg.__version__, "parallel_read_safe": True}


if __name__ == "__main__":
    print(markdown())
