"""Draw the pictures of these pages, by running the examples that save them.

With the package installed, `python docs/images/draw.py` runs the README's example and the tutorial
in this folder, where their pictures belong.
"""

import os
import re
from contextlib import redirect_stdout
from pathlib import Path

IMAGES = Path(__file__).resolve().parent
ROOT = IMAGES.parents[1]
PAGES = (ROOT / "README.md", ROOT / "docs/tutorial.md")


def code_of(page: Path) -> str:
    """All the Python on a page."""
    text = page.read_text("utf-8")
    return "\n".join(re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))


if __name__ == "__main__":
    os.chdir(IMAGES)
    for page in PAGES:
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
            exec(compile(code_of(page), str(page), "exec"), {})  # noqa: S102 - our own pages
    print(*sorted(path.name for path in IMAGES.glob("*.svg")))
