"""Print all mistakes of the table with what they are told: `python tests/shared/print_mistakes.py`.

A reader who did not write the messages can grade each: what happened, where, and what to do.
"""

from contextlib import redirect_stdout
from io import StringIO
from itertools import count
from textwrap import indent

from mistakes.table import PREAMBLE, TOPICS, told


def main() -> None:
    """Print the table."""
    number = count(1)
    print(f"Before each of them:\n\n{indent(PREAMBLE, '    ')}")
    for topic, rows in TOPICS.items():
        print(f"{'=' * 30} {topic}\n")
        for row in rows:
            with redirect_stdout(StringIO()):  # some of the code prints
                found = told(row)
            print(f"{next(number)}.\n{indent(row.code, '    ')}\n")
            said = f"{type(found.error).__name__}: {found.text}" if found else "nothing was said"
            print(f"{indent(said, '  ')}\n")


if __name__ == "__main__":
    main()
