"""How Sphinx builds these pages: `python -m sphinx -W --keep-going docs docs/_build`."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "extensions")]

import micrograd_np as mg  # noqa: E402 - found through the path above

project = "micrograd_np"
author = "The micrograd_np authors"
project_copyright = f"2026, {author}"
version = release = mg.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "op_table",
    "numpy_account",
    "conventions_table",
]
exclude_patterns = ["_build"]
nitpicky = True

# Markdown: definition lists, formulas between dollars, a link target at every heading.
myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 3

# Docstrings: what stands in `single backticks` is code.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings give shapes, dtypes and units, which types cannot
autodoc_class_signature = "mixed"

html_theme = "furo"
html_title = f"micrograd_np {version}"
html_show_sourcelink = False
