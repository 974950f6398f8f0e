"""Print all mistakes of the table with what they are told: `python tests/shared/print_mistakes.py`.

A reader who did not write the messages can grade each: what happened, where, and what to do.
"""

from itertools import count
from textwrap import indent

from mistakes import TOPICS
from mistakes.table import PREAMBLE, told

print(f"Before each of them:\n{indent(PREAMBLE, '    ')}")
number = count(1)
for topic, rows in TOPICS.items():
    print(f"\n{'=' * 30} {topic}\n")
    for row in rows:
        found = told(row)
        print(f"{next(number)}.\n{indent(row.code, '    ')}\n")
        if found is None:
            print("  nothing was said\n")
        else:
            where = f"line {found.line}" if found.line else "NO LINE OF THE USER'S"
            print(f"{indent(f'{type(found.error).__name__}: {found.text}', '  ')}  [{where}]\n")
