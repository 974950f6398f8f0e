"""What the project says about itself: the README, the pages of the documentation, the packaging.

Every block marked `python` on a page is run, from top to bottom in one namespace, in a folder of
its own; what it prints must be the block marked `output` that follows it. The rest compares what is
written with what is there.
"""

import contextlib
import html
import importlib
import io
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import array_api_names
import package_in_numbers
import pytest
from array_api_names import NAMES as STANDARD
from page_code import examples, text_of

import micrograd_np as mg
from micrograd_np.core.op import EXPRESSIONS, OPS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
PAGES = [README, CONTRIBUTING, *sorted(DOCS.glob("*.md"))]
ILLUSTRATED = [README, DOCS / "tutorial.md"]
NEEDED = {"foreign_arrays.md": ["dask"], "native.md": ["numba"]}  # beyond our own packages
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = SETTINGS["project"]


# ---------------------------------------------------------------- the code on the pages


@pytest.mark.parametrize(
    "page", [page for page in PAGES if examples(page)], ids=lambda page: page.name
)
def test_the_code_on_a_page_prints_what_the_page_says(page, tmp_path, monkeypatch):
    for package in NEEDED.get(page.name, ()):
        pytest.importorskip(package, reason=f"the page needs the extra `{package}`")
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": page.stem}
    for example in examples(page):
        printed = io.StringIO()
        code = compile("\n" * example.line + example.code, str(page), "exec")
        with contextlib.redirect_stdout(printed):
            exec(code, namespace)  # noqa: S102 - the project's own pages
        assert printed.getvalue() == example.printed, f"{page.name}, line {example.line + 1}"
    if page in ILLUSTRATED:
        assert_the_pictures_are_those_of_the_page(tmp_path)


def test_every_output_block_belongs_to_code():
    for page in PAGES:
        outputs = text_of(page).count("\n```output\n")
        assert outputs == sum(bool(example.printed) for example in examples(page)), page.name


def test_the_readme_example_has_fifteen_lines_at_most():
    code = examples(README)[0].code
    assert len(code.splitlines()) <= 15


def written(picture: Path) -> list[str]:
    """The texts in an SVG."""
    return sorted(html.unescape(t) for t in re.findall(r"<text[^>]*>([^<]*)<", text_of(picture)))


def assert_the_pictures_are_those_of_the_page(folder: Path) -> None:
    """The layout may differ between programs; what is written in the boxes may not."""
    drawn = sorted(folder.glob("*.svg"))
    assert drawn
    for picture in drawn:
        assert written(DOCS / "images" / picture.name) == written(picture), (
            f"{picture.name} is out of date: run `python docs/images/draw.py`"
        )


# ---------------------------------------------------------------- the README's claims


def test_the_two_commands_stand_alone_in_the_readme():
    commands = re.findall(r"^```bash\n(.*?)^```$", text_of(README), re.DOTALL | re.MULTILINE)
    assert commands == [
        "pip install . && python -m micrograd_np demo\n",
        "pip install '.[test]' && python -m pytest\n",
    ]


LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
LINKED = [*PAGES, ROOT / "CHANGELOG.md"]


@pytest.mark.parametrize("page", LINKED, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file(page):
    targets = [target for target in LINK.findall(text_of(page)) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_map_of_the_package_names_what_is_there():
    rows = re.findall(r"^\| (`[^|]*`) \|", text_of(README), re.MULTILINE)
    names = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    places = [ROOT, ROOT / "micrograd_np"]
    assert names
    assert [n for n in names if not any((place / n).exists() for place in places)] == []
    folders = {path.parent.name for path in (ROOT / "micrograd_np").glob("*/__init__.py")}
    assert folders - {part for name in names for part in name.split("/")} == set()


QUOTED = re.compile(r"In `([\w/.]+)`:\n\n```py\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_the_rows_of_the_recipes_stand_in_the_files_that_they_name():
    quoted = QUOTED.findall(text_of(CONTRIBUTING))
    assert len(quoted) == text_of(CONTRIBUTING).count("```py\n")
    for name, rows in quoted:
        there = " ".join(text_of(ROOT / name).split())
        assert [row for row in rows.splitlines() if " ".join(row.split()) not in there] == [], name


def test_the_recipes_name_files_that_exist():
    names = re.findall(r"`((?:micrograd_np|tests|docs)/[\w/.]*)`", text_of(CONTRIBUTING))
    assert names
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_the_numbers_of_the_package_are_about_those_of_the_page():
    shown = re.findall(r"^([\w./ ]+?) +[\d,]+ +([\d,]+)$", text_of(CONTRIBUTING), re.MULTILINE)
    written = {name: int(count.replace(",", "")) for name, count in shown}
    there = package_in_numbers.lines_by_folder()
    assert {name for name, count in written.items() if count and "total" not in name} == {*there}
    far = [name for name in there if abs(there[name] - written[name]) > max(50, written[name] / 10)]
    assert not far, f"run `python tests/benchmarks/package_in_numbers.py ../before` for {far}"
    assert set(package_in_numbers.expressions()) <= set(
        re.findall(r"^(\S.*?)  ", text_of(CONTRIBUTING), re.MULTILINE)
    )


def layers_of_the_essay() -> list[set[str]]:
    """The modules that stand directly in the package, layer by layer, the lowest first."""
    rows = re.findall(r"^\| \d+ \| ([^|]*) \|", text_of(DOCS / "design.md"), re.MULTILINE)
    return [{name.strip("/") for name in re.findall(r"`([^`]+)`", row)} for row in rows]


def test_the_layers_in_the_essay_name_every_module_of_the_package():
    there = {path.stem for path in (ROOT / "micrograd_np").iterdir() if path.name[:2] != "__"}
    assert set().union(*layers_of_the_essay()) - {"__main__"} == there - {"py"}  # py.typed


def test_the_layers_in_the_essay_are_those_that_imports_keep_to():
    contract = SETTINGS["tool"]["importlinter"]["contracts"][0]
    layers = [set(layer.split(" | ")) for layer in contract["layers"]]
    assert layers_of_the_essay() == layers[::-1]


# ---------------------------------------------------------------- the reference

PACKAGES = ["nn", "nn.functional", "optim", "train", "viz", "checking"]
PUBLIC = [mg, *(importlib.import_module(f"micrograd_np.{name}") for name in PACKAGES)]
DIRECTIVE = re.compile(r"^\.\. auto(?:class|function):: ([\w.]+)$", re.MULTILINE)
DESCRIBED = DIRECTIVE.findall(text_of(DOCS / "api.md"))


def public(module: ModuleType) -> dict[str, Any]:
    """The functions and classes that a package offers, by name, but for the Array API's."""
    offered = {name: getattr(module, name) for name in dir(module) if not name.startswith("_")}
    return {
        name: value
        for name, value in offered.items()
        if callable(value)
        and str(getattr(value, "__module__", "")).startswith("micrograd_np")
        and name not in STANDARD
    }


@pytest.mark.parametrize("module", PUBLIC, ids=lambda module: module.__name__)
def test_the_reference_describes_every_public_name(module):
    places = (path.rpartition(".") for path in DESCRIBED)
    described = {id(getattr(importlib.import_module(place), name)) for place, _, name in places}
    assert [name for name, value in public(module).items() if id(value) not in described] == []


@pytest.mark.parametrize("module", PUBLIC, ids=lambda module: module.__name__)
def test_every_public_name_has_a_docstring(module):
    assert [name for name, value in public(module).items() if not value.__doc__] == []


def test_the_reference_describes_nothing_twice():
    assert sorted(set(DESCRIBED)) == sorted(DESCRIBED)


def test_the_reference_lists_the_array_api():
    """By name; what is particular about them stands on a page of its own."""
    rows = re.findall(r"^\| (.+) \| `(.+)` \|$", section("The Array API"), re.MULTILINE)
    listed = {kind: sorted(names.split()) for kind, names in rows}
    assert listed.pop("`linalg`") == sorted(array_api_names.LINALG.split())
    assert listed.pop("`fft`") == sorted(array_api_names.FFT.split())
    assert sorted(name for names in listed.values() for name in names) == sorted(STANDARD)


def test_the_reference_describes_the_special_functions():
    """All of a module at once, which the reference asks Sphinx for."""
    assert ".. automodule:: micrograd_np.special\n   :members:\n" in section("SciPy")
    special = importlib.import_module("micrograd_np.special")
    assert [n for n, value in public(special).items() if not value.__doc__] == []


def section(title: str) -> str:
    """What stands below a heading of the reference, up to the next."""
    below = re.compile(rf"^## {title}$(.*?)^## ", re.MULTILINE | re.DOTALL)
    return below.search(text_of(DOCS / "api.md"))[1]


# ---------------------------------------------------------------- the table of operations


@pytest.fixture(scope="module")
def extensions() -> SimpleNamespace:
    """The modules of `docs/extensions` that make the table, which find each other by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS / "extensions")
        names = "rule_files", "op_table"
        return SimpleNamespace(**{name: importlib.import_module(name) for name in names})


def test_the_table_of_operations_shows_the_whole_registry(extensions):
    files, table = extensions.rule_files, extensions.op_table
    shown = [row.op for module in files.MODULES for row in files.rows(module)]
    shown += [*table.constants(of_scipy=False), *table.constants(of_scipy=True)]
    assert set(shown) == set(OPS.values())
    assert len(shown) == len(set(shown))


def test_the_table_of_operations_shows_every_expression(extensions):
    files = extensions.rule_files
    shown = [w.expression for module in files.MODULES for w in files.expressions(module)]
    assert set(shown) == set(EXPRESSIONS.values())
    assert len(shown) == len(set(shown))


def test_every_rule_file_has_its_place_in_the_table(extensions):
    files, table = extensions.rule_files, extensions.op_table
    assert len(files.SCIPY) == len(files.SPECIAL.split())
    assert "Further operations" not in map(table.family, files.NUMPY)


def test_the_table_of_operations_shows_the_rule_as_it_is_written(extensions):
    lines = extensions.op_table.markdown().splitlines()
    assert "| `np.sin` | elementwise | `cos(x)` |" in lines
    assert "| `np.subtract` | elementwise | ①: `1`<br>②: `-1` |" in lines
    assert "| `np.deg2rad`, `np.radians` | elementwise | `pi / 180` |" in lines
    assert "- `np.linalg.eigvals`: `linalg.eig(a)[0]`" in lines
    assert "- `np.hsplit`: In terms of `split`." in lines


def test_the_families_of_scipy_name_every_function_that_is_declared():
    special = pytest.importorskip("scipy.special")
    importlib.import_module("micrograd_np.ops.derivatives.special")
    declared = {op.name for f, op in OPS.items() if getattr(special, op.name, None) is f}
    table = text_of(DOCS / "scipy.md").partition("| family |")[2].partition("\n\n")[0]
    named = re.findall(r"[\w*]+", table)
    assert {name for name in declared if not any(fnmatch(name, row) for row in named)} == set()
    assert len(declared) > 180


def test_the_table_of_scipy_shows_what_is_refused(extensions):
    lines = extensions.op_table.markdown(of_scipy=True).splitlines()
    hyp1f1 = "①②: refused (parameters)<br>③: `hyp1f1(a + 1, b + 1, z) * (a / b)`"
    airy = "`(out[1], x * out[0], out[3], x * out[2])`"
    assert f"| `scipy.special.hyp1f1` | elementwise | {hyp1f1} |" in lines
    assert f"| `scipy.special.airy` | several | {airy} |" in lines


def test_the_table_explains_the_functions_in_its_rules(extensions):
    text = extensions.op_table.markdown()
    assert "\n`power_base(out, x, y)`\n: `y x^(y-1)`; 0 where y is 0" in text
    assert "\ndef is_complex(x):\n    return" in text


# ---------------------------------------------------------------- packaging


def test_the_errors_name_extras_that_exist():
    named = set()
    for path in (ROOT / "micrograd_np").rglob("*.py"):
        named |= set(re.findall(r'MissingExtraError\([^)]*"(\w+)"\s*\)', text_of(path)))
    assert named <= set(PROJECT["optional-dependencies"])


def test_all_leaves_out_what_needs_special_hardware_or_is_only_for_comparison():
    (everything,) = PROJECT["optional-dependencies"]["all"]
    chosen = set(re.search(r"\[(.*)\]", everything)[1].split(","))
    assert chosen == set(PROJECT["optional-dependencies"]) - {
        "all", "gpu", "test", "bench", "docs", "lint",
    }  # fmt: skip


def test_the_version_has_an_entry_in_the_changelog():
    assert f"## [{mg.__version__}] - " in text_of(ROOT / "CHANGELOG.md")


TEXT = {".py", ".md", ".toml", ".yaml", ".yml", ".cfg", ".txt", ".svg", ".css", ".html", ""}
FOLDERS = ["micrograd_np", "tests", "docs", "examples", ".ci"]


def text_files() -> list[Path]:
    """The files that a reader of the repository meets, without what tools leave behind."""
    below = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    return [
        path
        for path in [*ROOT.iterdir(), *below]
        if path.is_file()
        and path.suffix in TEXT
        and path.name != ".git"  # a file that names the repository, in a work tree beside it
        and not {"__pycache__", "_build"} & set(path.parts)
    ]


def test_no_file_names_a_machine_or_a_package_host():
    package_hosts = "py" + r"pi\.org|python" + r"hosted\.org|conda\.(io|org)|deb" + r"ian\.org"
    machine_paths = r"(?<![\w.~*\]-])/(home|root|Users|work|tmp)/\w"
    forbidden = re.compile(f"{package_hosts}|{machine_paths}")
    found = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in text_files()
        for match in forbidden.finditer(text_of(path))
    }
    assert found == set()
