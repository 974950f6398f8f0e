"""The command that prints the package in numbers."""

from pathlib import Path

import package_in_numbers

ROOT = Path(__file__).parents[1]


def test_the_command_prints_lines_and_calls(capsys):
    package_in_numbers.main()
    lines, calls = capsys.readouterr().out.split("\n\n")
    assert {"core", "compiler", "total"} <= {line.split()[0] for line in lines.splitlines()[1:]}
    walks = [line.split()[-3:] for line in calls.splitlines()[1:]]
    assert len(walks) == len(package_in_numbers.expressions())
    for files, switches, count in ((int(f), int(s), int(c)) for c, f, s in walks):
        assert 0 < files <= switches + 1 <= count


def test_the_numbers_of_a_checkout_stand_before_ours(capsys):
    package_in_numbers.main(str(ROOT))
    lines, calls = capsys.readouterr().out.split("\n\n")
    heads, *rows = lines.splitlines()
    assert heads.split() == ["lines", "lines"]
    assert all(row.split()[-1] == row.split()[-2] for row in rows)
    assert all(row.split()[-6:-3] == row.split()[-3:] for row in calls.splitlines()[1:])
