"""The command that prints the package in numbers."""

import package_in_numbers


def test_the_command_prints_lines_and_calls(capsys):
    package_in_numbers.main()
    lines, calls = capsys.readouterr().out.split("\n\n")
    assert {"core", "compiler", "total"} <= {line.split()[0] for line in lines.splitlines()}
    walks = [line.split()[-3:] for line in calls.splitlines()[1:]]
    assert len(walks) == len(package_in_numbers.expressions())
    for files, switches, count in ((int(f), int(s), int(c)) for c, f, s in walks):
        assert 0 < files <= switches + 1 <= count
