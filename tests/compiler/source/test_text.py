"""Other people's text in printed and saved source: their lines, names and files.

None of it becomes code that nobody wrote, and a saved module has the lines that were meant.
"""

import ast
import importlib.util
import linecache
import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from program_builder import Builder, assert_same

import micrograd_np as mg
from micrograd_np.compiler.blocks.fusion import fuse
from micrograd_np.compiler.source import build, save
from micrograd_np.compiler.source.comments import comment
from micrograd_np.compiler.source.reading import segment
from micrograd_np.compiler.source.saving import check_text, write
from micrograd_np.errors import SourceError

MATRIX = np.arange(6.0).reshape(2, 3) - 2.5

# What ends a line for Python, for `str.splitlines`, or for nobody though it cannot be seen.
BREAKS = ["\r", "\n", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"]
UNSEEN = [*BREAKS, "\x00", "\x08", "\x1b", "\u202e", "\ud800", "\ufeff"]
EVIL = "raise SystemExit('code that nobody wrote')"


def assert_harmless(source):
    """Source with the text of `EVIL` in it, though not as code, and with lines all agree upon."""
    names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    assert "SystemExit" not in names
    assert source.splitlines() == source.removesuffix("\n").split("\n")


# ---------------------------------------------------------------- comments


@pytest.mark.parametrize("character", UNSEEN, ids=ascii)
def test_a_comment_is_one_line(character):
    assert comment(f"a{character}b").isprintable()


def test_a_comment_that_is_read_by_people_stays_as_it_is():
    assert comment("σ = x @ W  # größe, 大きさ") == "σ = x @ W  # größe, 大きさ"
    assert len(comment("x" * 10_000)) <= 80


@pytest.mark.parametrize("character", UNSEEN, ids=ascii)
def test_a_note_never_becomes_code(character, tmp_path):
    b = Builder()
    x = b.parameter(MATRIX)
    program = b.program(b(np.exp, b(np.negative, x)))
    text = f"x = -x  # {character}    {EVIL}"
    noted = program.with_instructions(i._replace(note=text) for i in program.instructions)
    for each in (noted, fuse(noted, smallest=0, work=0)):
        executable = build(each)
        assert_same(executable(MATRIX), program.run([MATRIX]))
        assert_harmless(executable.source)
        save(each, tmp_path / "saved.py")
        assert_harmless((tmp_path / "saved.py").read_text(encoding="utf-8"))


@pytest.mark.parametrize("character", ["\r", "\x0c", "\u2028"], ids=ascii)
def test_a_line_of_the_user_never_becomes_code(character):
    line = f"    return np.exp(-x)  #{character}    {EVIL}\n"
    file = "<a cell of a notebook>"
    scope = {"np": np}
    exec(compile("def f(x):\n    return np.exp(-x)\n", file, "exec"), scope)  # noqa: S102 - as a notebook does
    linecache.cache[file] = (1, None, ["def f(x):\n", line], file)
    try:
        compiled = mg.compile(scope["f"])
        np.testing.assert_array_equal(compiled(MATRIX), np.exp(-MATRIX))
        assert_harmless(compiled.source)
    finally:
        del linecache.cache[file]


@pytest.mark.parametrize("character", ["\r", "\n", "\u2028"], ids=ascii)
def test_the_name_of_an_op_never_becomes_code(character):
    def cubed(x):
        return x**3

    cubed.__name__ = f"cubed{character}    {EVIL}"
    op = mg.primitive(cubed, partials=[lambda out, x: 3 * x**2])
    compiled = mg.compile(mg.grad(lambda x: np.sum(op(x))))
    np.testing.assert_allclose(np.asarray(compiled(MATRIX)), 3 * MATRIX**2)
    assert_harmless(compiled.source)


# ---------------------------------------------------------------- names

HOSTILE = [
    f"a\r{EVIL}\r", f"a)\n{EVIL}#", "a; b", "__import__", "None", "class", "match", "np", "exp",
    "pool", "memory", "print", "größe", "ﬁ", "x²", "\u0661", "", " ", "\x00", "a" * 300, "'\"\\",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_names_of_values_never_become_code(name, tmp_path):
    captured = mg.Tensor(MATRIX, name=name)
    compiled = mg.compile(lambda given, x: np.exp(given[name] * x + captured))
    x = np.ones(3)
    np.testing.assert_allclose(
        np.asarray(compiled({name: 2.0}, x)), np.exp(2.0 * x + MATRIX), rtol=1e-14
    )
    assert_harmless(compiled.source)
    compiled.save(tmp_path / "saved.py")
    assert_harmless((tmp_path / "saved.py").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_names_in_blocks_never_become_code(name):
    b = Builder()
    x, y = b.parameter(MATRIX, name), b.parameter(MATRIX, "fi")
    z = b(np.multiply, b(np.exp, x), y)
    program = b.program(z, b(np.sum, z))
    executable = build(fuse(program, smallest=0, work=0))
    assert "run(" in executable.source
    assert_same(executable(MATRIX, MATRIX), program.run([MATRIX, MATRIX]))
    assert_harmless(executable.source)


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_the_name_of_a_function_never_becomes_code(name):
    def function(x):
        return np.exp(-x)

    function.__name__ = name
    compiled = mg.compile(function)
    np.testing.assert_array_equal(compiled(MATRIX), np.exp(-MATRIX))
    assert_harmless(compiled.source)


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_renamed_function_of_a_module_never_becomes_code(name, monkeypatch):
    monkeypatch.setattr(doubled, "__name__", name)
    b = Builder()
    program = b.program(b(doubled, b.parameter(MATRIX), view=True))
    executable = build(program)
    assert_same(executable(MATRIX), program.run([MATRIX]))
    assert_harmless(executable.source)


@pytest.mark.parametrize("name", [*HOSTILE, f"x=1)\n{EVIL}\n("], ids=ascii)
def test_names_of_options_never_become_code(name):
    b = Builder()
    program = b.program(b(doubled, b.parameter(MATRIX), view=True, **{name: 3.0}))
    executable = build(program)
    assert_same(executable(MATRIX), program.run([MATRIX]))
    assert_harmless(executable.source)


def doubled(x, **options):
    return 2 * x + sum(map(len, options)) + sum(options.values())


def test_a_value_with_a_long_or_strange_repr_never_becomes_code():
    class Strange:
        def __repr__(self):
            return f"<strange\r{EVIL}\x00{'x' * 10_000}>"

    b = Builder()
    program = b.program(b(first_of, b.parameter(MATRIX), Strange(), view=True))
    executable = build(program)
    assert_same(executable(MATRIX), program.run([MATRIX]))
    assert_harmless(executable.source)
    assert len(executable.source) < 2_000


def first_of(x, _):
    return np.negative(x)


# ---------------------------------------------------------------- files

MODULE = '''\
"""A user's module."""
import numpy as np
# a page{0}break = "in a comment"
WORD = "in{0}a string"; FACTOR = 2.0; OTHER = 5.0{1}# behind it{0}too
NEXT = 7.0

def unrelated(x):  #{0}
    return x - 1000.0

def scaled(x):
    """Text{0}in a docstring."""
    # a comment{0}inside
    size = len("one{0}two")
    return np.multiply(x, FACTOR) + size * len(WORD)

def last(x):
    return x
'''
SEPARATORS = ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"]

ALONE = """
import sys
sys.modules["micrograd_np"] = None  # importing it is an error
import numpy as np
import saved
np.save("found.npy", saved.step(np.load("given.npy"))[0])
"""


def module_of(text, folder, name):
    """A module imported from a file with this text."""
    path = folder / f"{name}.py"
    path.write_bytes(text.encode())
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def saved_and_run(function, folder):
    """What a program that calls `function` returns from a file, in a process of its own."""
    b = Builder()
    save(b.program(b(function, b.parameter(MATRIX), view=True)), folder / "saved.py")
    np.save(folder / "given.npy", MATRIX)
    command = [sys.executable, "-W", "error", "-c", ALONE]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return np.load(folder / "found.npy")


@pytest.fixture
def users_module(tmp_path):
    made = []

    def make(text):
        name = f"users_module_{os.getpid()}_{len(made)}"
        made.append(name)
        sys.modules[name] = module_of(text, tmp_path, name)
        return sys.modules[name]

    yield make
    for name in made:
        del sys.modules[name]


def test_saved_lines_are_those_of_the_function(tmp_path, users_module):
    text = "".join(MODULE.format(c, "  ") for c in SEPARATORS)
    scaled = users_module(text).scaled
    np.testing.assert_array_equal(saved_and_run(scaled, tmp_path), scaled(MATRIX))
    saved = (tmp_path / "saved.py").read_text(encoding="utf-8")
    assert "# a comment\u2029inside" in saved
    assert not {"unrelated", "OTHER", "NEXT"} & {
        node.id if isinstance(node, ast.Name) else getattr(node, "name", "")
        for node in ast.walk(ast.parse(saved))
    }


@pytest.mark.parametrize("separator", SEPARATORS, ids=ascii)
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"], ids=ascii)
def test_saved_functions_mean_what_they_did(tmp_path, users_module, separator, end):
    text = MODULE.format(separator, "  ").replace("\n", end)
    scaled = users_module(text).scaled
    b = Builder()
    save(b.program(b(scaled, b.parameter(MATRIX), view=True)), tmp_path / "saved.py")
    step = module_of((tmp_path / "saved.py").read_text(encoding="utf-8"), tmp_path, "saved").step
    np.testing.assert_array_equal(step(MATRIX)[0], scaled(MATRIX))


def test_a_module_that_is_in_no_file(tmp_path, monkeypatch):
    text = MODULE.format("\u2028", "  ")
    module = types.ModuleType("users_module_in_memory")
    module.__loader__ = types.SimpleNamespace(get_source=lambda _: text)
    module.__file__ = "<somewhere>/users_module_in_memory.py"
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(text, module.__file__, "exec", dont_inherit=True), vars(module))  # noqa: S102 - as an import
    np.testing.assert_array_equal(saved_and_run(module.scaled, tmp_path), module.scaled(MATRIX))


def test_a_file_that_was_edited_is_not_saved(tmp_path, users_module):
    scaled = users_module(MODULE.format(" ", "  ")).scaled
    path = Path(scaled.__code__.co_filename)
    text = path.read_text()
    path.write_text(f"{text}\nMORE = 1\n")  # nothing that matters
    np.testing.assert_array_equal(saved_and_run(scaled, tmp_path), scaled(MATRIX))
    before = (tmp_path / "saved.py").read_bytes()
    path.write_text(text.replace("FACTOR) +", "FACTOR) -"))
    with pytest.raises(SourceError, match=r"(?s)scaled.*edited"):
        saved_and_run(scaled, tmp_path)
    assert (tmp_path / "saved.py").read_bytes() == before


def test_names_bound_by_patterns_stay_local(tmp_path, users_module):
    module = users_module(
        "import numpy as np\nrest = kind = None\n\ndef step(x):\n    match [x, 2.0, 3.0]:\n"
        "        case [kind, *rest]:\n            return kind * sum(rest)\n"
    )
    np.testing.assert_array_equal(saved_and_run(module.step, tmp_path), MATRIX * 5.0)


def test_a_segment_is_the_text_of_one_statement():
    source = "a = 'é'; b = [1,\n 2]; c = 3  # π\n"
    assert [segment(x, source) for x in ast.parse(source).body] == [
        "a = 'é'",
        "b = [1,\n 2]",
        "c = 3",
    ]


# ---------------------------------------------------------------- writing


def test_text_that_python_reads_otherwise_is_not_written():
    meant = [ast.dump(ast.parse("a = 1").body[0])]
    check_text("b = 2\na = 1", meant)
    for text in ("a = 1\nb = 2", "a = 1 +", "a = 2", "a = 1\x00"):
        with pytest.raises(SourceError, match="not saved"):
            check_text(text, meant)


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "saved.py"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write(path, "new \ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_saving_keeps_links_and_modes(tmp_path):
    path, link = tmp_path / "saved.py", tmp_path / "link.py"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    write(link, "new\n")
    assert link.is_symlink()
    assert path.read_bytes() == b"new\n"
    assert path.stat().st_mode & 0o777 == 0o640


def test_saving_where_there_is_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "nowhere" / "saved.py", "new")
    assert not list(tmp_path.iterdir())
