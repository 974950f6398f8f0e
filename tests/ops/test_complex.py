"""Complex numbers: the convention, the corners of single ops, what is refused, PyTorch and JAX.

For a real loss, the gradient of a complex number `z = x + iy` is `dL/dx + i dL/dy`. Most ops are
checked along the real and the imaginary direction by the rows of `optable`; here is the rest.
"""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from differences import assert_close, directional, flat
from folding import each
from op_calls import Call, assert_first_derivatives, assert_second_derivatives, tensors
from optable import CONSTANT, DIFFERENTIABLE, Case, Row

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.errors import GraphError, NotDifferentiableError, OptionError
from micrograd_np.optim import Optimizer, adam, sgd

Z = np.array([3 + 4j, -1 + 0.5j, 2 - 1j])


def draw(*shape: int, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


# ---------------------------------------------------------------- the convention


def test_the_gradient_is_the_direction_of_steepest_ascent() -> None:
    def loss(z: Any) -> Any:
        return np.sum(np.abs(z**2 - 1) ** 2 + np.real(z) * np.imag(z))

    gradient = mg.grad(loss)(Z)
    assert_close(flat(gradient), [*_slopes(loss, Z)])
    downhill = loss(Z - 1e-3 * gradient / np.abs(gradient).max())
    assert downhill < loss(Z) < loss(Z + 1e-3 * gradient / np.abs(gradient).max())


def _slopes(loss: Any, z: Any) -> Any:
    for entry in range(z.size):
        for unit in (1, 1j):
            yield directional(loss, [z], [unit * np.eye(1, z.size, entry)[0]])[0]


def test_a_cotangent_and_a_tangent_are_real_ones_in_pairs() -> None:
    """The vjp of `a z` is `conj(a) g` and its jvp is `a t`, each number being two real ones."""
    a, g, t = 2 - 3j, 1 + 0.5j, -1 + 2j
    out, pullback = mg.vjp(lambda z: a * z, 1 + 1j)
    assert pullback(g)[0].item() == np.conj(a) * g
    assert mg.jvp(lambda z: a * z, [1 + 1j], [t])[1].item() == a * t
    z = Tensor(1 + 1j, requires_grad=True)
    (a * z).backward(g)
    assert z.grad == np.conj(a) * g
    assert out.item() == a * (1 + 1j)


def test_complex_gradients_accumulate() -> None:
    z = Tensor(Z, requires_grad=True)
    for _ in range(2):
        np.sum(np.real(z * np.conj(z))).backward()
    np.testing.assert_array_equal(z.grad, 4 * Z)
    assert z.grad.dtype == np.complex128


@pytest.mark.parametrize("operand", [Z, 1 + 2j, np.array(1 + 2j), draw(2, 1)], ids=np.shape)
@pytest.mark.parametrize(
    "f",
    [
        lambda x, z: x * z, lambda x, z: z / x, lambda x, z: x**z, lambda x, z: z**x,
        lambda x, z: x - z, lambda x, z: np.where(np.real(z) > 0, x, z),
    ],
)  # fmt: skip
@pytest.mark.parametrize("x", [np.array([0.5, 2.0, 1.5]), np.array(0.75), np.array([[2.0]])])
def test_what_is_real_receives_a_real_gradient(f: Any, x: Any, operand: Any) -> None:
    def loss(x: Any, z: Any) -> Any:
        return np.sum(np.abs(f(x, z) - 1j) ** 2)

    found = mg.grad(loss, (0, 1))(x, operand)
    assert found[0].dtype == np.float64
    assert found[1].dtype == np.complex128
    for place, (g, given) in enumerate(zip(found, (x, operand), strict=True)):
        assert g.shape == np.shape(given)
        at = np.asarray(given)

        def along(value: Any, place: int = place) -> Any:
            return loss(value, operand) if place == 0 else loss(x, value)

        for unit in (1,) if place == 0 else (1, 1j):
            slope = directional(along, [at], [unit * np.ones_like(at)])[0]
            assert_close(np.sum(np.real(np.conj(unit) * g)), slope)


def test_a_real_leaf_that_becomes_complex_on_the_way() -> None:
    x = np.array([-4.0, 0.5, 2.0])

    def loss(x: Any) -> Any:
        return np.sum(np.abs(np.log(x.astype(complex)) + np.sqrt(x + 0j)) ** 2)

    gradient = mg.grad(loss)(x)
    assert gradient.dtype == np.float64
    expected = [directional(loss, [x], [row])[0] for row in np.eye(3)]
    assert_close(gradient, expected)
    assert mg.gradcheck(loss, x, order=2)


def test_parts_as_attributes() -> None:
    z = Tensor(Z, requires_grad=True)
    np.sum(z.real**2 + 3 * z.imag).backward()
    np.testing.assert_array_equal(z.grad, 2 * Z.real + 3j)
    x = Tensor(Z.real, requires_grad=True)
    np.sum(x.real + x.imag).backward()
    np.testing.assert_array_equal(x.grad, np.ones(3))
    np.testing.assert_array_equal(z.conj().imag.data, -Z.imag)
    assert z[0].item() == 3 + 4j


# ---------------------------------------------------------------- what is refused


def test_a_complex_loss_is_refused_with_advice() -> None:
    z = Tensor(2j, requires_grad=True)
    with pytest.raises(GraphError, match=r"direction of ascent(.|\n)*np\.abs"):
        (z * z).backward()
    for transform in (mg.grad, mg.value_and_grad):
        with pytest.raises(GraphError, match=r"np\.abs, np\.real"):
            transform(lambda z: z * z)(2j)
    with pytest.raises(GraphError, match="complex"):
        mg.grad(lambda x: np.sum(np.fft.fft(x)))(np.ones(3))


def test_a_complex_vector_for_a_real_value_is_refused() -> None:
    x = Tensor(np.ones(2), requires_grad=True)
    vector = np.array([1j, 1])
    for call in (
        lambda: np.exp(x).backward(vector),
        lambda: mg.vjp(np.exp, np.ones(2))[1](vector),
        lambda: mg.jvp(np.exp, [np.ones(2)], [vector]),
    ):
        with pytest.raises(NotDifferentiableError, match="imaginary part would be lost"):
            call()
    assert mg.vjp(np.exp, Z)[1](np.ones(3))[0].dtype == np.complex128


def test_casting_to_real_numbers_is_refused() -> None:
    z = Tensor(Z, requires_grad=True)
    for dtype in (float, np.float32, int):
        with pytest.raises(TypeError, match=r"np\.real\(t\)"):
            z.astype(dtype)
    assert z.astype(np.complex64).dtype == np.complex64


def test_what_needs_an_order_or_real_numbers_is_refused() -> None:
    z = Tensor(Z, requires_grad=True)
    for f in (mg.relu, mg.softplus, mg.logsigmoid, np.floor, np.cbrt, np.fabs, np.deg2rad):
        with pytest.raises(TypeError, match=r"complex|not supported"):
            f(z)
    for f in (np.hypot, np.arctan2, np.copysign, np.logaddexp, np.remainder, np.fmod, np.heaviside):
        with pytest.raises(TypeError, match="not supported"):
            f(z, z)
    with pytest.raises(TypeError, match="not supported"):
        np.fft.rfft(z)


def complexified(row: Row) -> Case:
    """The row's first case that draws numbers, with complex ones."""
    case = next(case for case in row.cases if _draws(case))
    return case._replace(kinds="c" * len(case.inputs))


def _draws(case: Case) -> bool:
    shapes = [given for given in case.inputs if type(given) is tuple]
    return bool(shapes) and not any(0 in shape for shape in shapes)


def has_complex_cases(row: Row) -> bool:
    return any(
        isinstance(x, np.ndarray) and x.dtype.kind == "c"
        for case in row.cases
        for x in row.draw(case)
    )


ELSEWHERE = {
    # what they return is fixed up to a phase, or they need a Hermitian matrix
    "linalg.eig", "linalg.eigh", "svd",
    # the order of what it returns is not NumPy's for complex numbers, nor promised by NumPy
    "unique_values",
}  # fmt: skip


REAL_ONLY = [
    row for row in DIFFERENTIABLE if row.name not in ELSEWHERE and not has_complex_cases(row)
]


@each("row", REAL_ONLY, ids=lambda row: row.name)
def test_an_op_is_right_for_complex_numbers_or_refuses_them(row: Row) -> None:
    case = complexified(row)
    call = Call(row, case)
    try:
        call(*tensors(call.inputs))
        assert_first_derivatives(row, call, call)
        if row.order > 1:
            assert_second_derivatives(row, call)
    except TypeError as refusal:
        assert any(word in str(refusal) for word in ("complex", "not supported"))  # noqa: PT017 - or right


def test_of_the_constant_ops_only_rounding_and_filling_give_complex_numbers() -> None:
    found = set()
    for row in CONSTANT:
        for case in filter(_draws, row.cases):
            given = case._replace(kinds="c" * len(case.inputs))
            try:
                out = row.expect(row.draw(given), case.options)
            except TypeError:
                continue
            if isinstance(out, np.ndarray | np.generic) and out.dtype.kind == "c":
                found.add(row.name)
    assert found == {"rint", "round", "around", "zeros_like", "ones_like", "filled_like"}


# ---------------------------------------------------------------- corners of single ops


def test_the_size_of_zero_is_flat_to_second_order() -> None:
    z = np.array([0, 1 + 1j])
    np.testing.assert_array_equal(mg.grad(lambda z: np.sum(np.abs(z)))(z)[0], 0)
    assert mg.hvp(lambda z: np.sum(np.abs(z)), [z], [np.array([1j, 0])])[0] == 0
    assert mg.grad(np.angle)(0j).item() == 0
    assert mg.jvp(np.sign, [0j], [1 + 1j])[1].item() == 0
    assert mg.vjp(np.sign, 0j)[1](1 + 1j)[0].item() == 0


def test_the_sign_of_a_complex_number_turns_but_does_not_grow() -> None:
    assert mg.jvp(np.sign, [Z], [Z])[1] == pytest.approx(np.zeros(3), abs=1e-15)
    turned = mg.jvp(np.sign, [Z], [1j * Z])[1]
    np.testing.assert_allclose(turned, 1j * np.sign(Z), rtol=1e-14)
    x = Tensor([-2.0, 0.0, 3.0], requires_grad=True)
    np.sum(np.sign(x)).backward()
    np.testing.assert_array_equal(x.grad, np.zeros(3))


def test_the_angle_of_a_real_number_is_flat() -> None:
    x = Tensor([-2.0, 3.0], requires_grad=True)
    out = np.angle(x, deg=True)
    np.testing.assert_array_equal(out.data, [180, 0])
    np.sum(out).backward()
    np.testing.assert_array_equal(x.grad, [0, 0])


ON_THE_CUT = [
    (np.arcsin, (2, -2), 0.0), (np.arccos, (2, -2), 0.0), (np.arccosh, (0.5, -2), 0.0),
    (np.arcsinh, (2, -2), 1.0), (np.sqrt, (-2, -3), 0.0), (np.log, (-2, -3), 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("f", "places", "imaginary"), ON_THE_CUT)
@pytest.mark.parametrize("side", [0.0, -0.0])
def test_on_a_branch_cut_the_slope_is_that_of_the_side_numpy_chose(
    f: Any, places: Any, imaginary: Any, side: float
) -> None:
    for place in places:
        z = complex(side, place) if imaginary else complex(place, side)
        beside = complex(np.copysign(1e-8, side), place) if imaginary else None
        beside = beside or complex(place, np.copysign(1e-8, side))
        found = mg.jvp(f, [z], [1.0 + 0j])[1].item()
        np.testing.assert_allclose(found, mg.jvp(f, [beside], [1.0 + 0j])[1].item(), rtol=1e-7)


@pytest.mark.parametrize("imaginary", [0.0, 1.0, -2.5])
def test_slopes_keep_their_accuracy_far_out_and_never_overflow(imaginary: float) -> None:
    z = 20 + 1j * imaginary
    exact = 4 * np.exp(-2 * z)  # to a relative error of exp(-40)
    np.testing.assert_allclose(mg.jvp(np.tanh, [z], [1 + 0j])[1].item(), exact, rtol=1e-13)
    np.testing.assert_allclose(mg.jvp(np.tan, [1j * z], [1 + 0j])[1].item(), exact, rtol=1e-13)
    for far in (800, -800):
        z = far + 1j * imaginary
        for f in (np.tanh, mg.sigmoid):
            assert mg.jvp(f, [z], [1 + 0j])[1].item() == 0
        assert mg.sigmoid(Tensor(z)).item() == (1 if far > 0 else 0)


def test_logsumexp_of_complex_numbers_is_the_principal_logarithm() -> None:
    z = np.array([1000 + 3j, 1000 + 3.1j, 999 - 3j])
    out = mg.logsumexp(z)
    assert np.abs(np.imag(out)) <= np.pi
    np.testing.assert_allclose(np.exp(out - 1000), np.sum(np.exp(z - 1000)), rtol=1e-12)


def test_a_product_with_complex_zeros() -> None:
    z = np.array([0, 2 + 1j, 1 - 1j])
    found = mg.grad(lambda z: np.real(np.prod(z)))(z)
    np.testing.assert_allclose(found, [np.conj((2 + 1j) * (1 - 1j)), 0, 0], rtol=1e-14, atol=0)


def test_powers_at_the_corners() -> None:
    z = Tensor([0j, 0j, -1 + 0j], requires_grad=True)
    np.sum(np.real(z ** np.array([0, 2, 0.5]))).backward()
    np.testing.assert_allclose(z.grad, [0, 0, -0.5j * -1], atol=1e-15)
    x = Tensor([-2.0, 3.0], requires_grad=True)
    np.sum(np.abs(x**1j)).backward()  # |x^i| = exp(-angle): flat in x
    np.testing.assert_allclose(x.grad, [0, 0], atol=1e-15)
    w = Tensor(1j, requires_grad=True)
    np.real((-2.0) ** w).backward()
    out = (-2.0) ** 1j
    np.testing.assert_allclose(w.grad, np.conj(out * np.log(-2 + 0j)), rtol=1e-14)


def test_real_if_close_follows_the_values() -> None:
    z = Tensor([1 + 1e-16j, 2], requires_grad=True)
    out = np.real_if_close(z)
    assert out.dtype == np.float64
    np.sum(out**2).backward()
    np.testing.assert_array_equal(z.grad, [2, 4])
    assert np.real_if_close(Tensor(Z)).dtype == np.complex128


def test_the_spread_of_complex_numbers() -> None:
    expected = 2 * (Z - Z.mean()) / 3
    np.testing.assert_allclose(mg.grad(np.var)(Z), expected, rtol=1e-14)
    assert mg.grad(np.std)(np.ones(3, complex)).tolist() == [0, 0, 0]


# ---------------------------------------------------------------- Fourier transforms


def test_the_imaginary_part_of_an_unpaired_bin_is_ignored() -> None:
    for n in (4, 5):
        bins = draw(n // 2 + 1)
        g = mg.grad(lambda z, n=n: np.sum(np.fft.irfft(z, n) ** 3))(bins)
        assert g[0].imag == 0
        assert (g[-1].imag == 0) == (n % 2 == 0)


def test_power_is_the_same_in_time_and_frequency() -> None:
    x = np.random.default_rng(0).normal(size=8)

    def power(x: Any) -> Any:
        return np.sum(np.abs(np.fft.fft(x, norm="ortho")) ** 2)

    np.testing.assert_allclose(mg.grad(power)(x), 2 * x, rtol=1e-13)
    np.testing.assert_allclose(mg.hessian(power)(x), 2 * np.eye(8), atol=1e-13)


def test_a_convolution_by_transforms_has_the_gradient_of_the_convolution() -> None:
    rng = np.random.default_rng(0)
    x, kernel, weights = rng.normal(size=9), rng.normal(size=4), rng.normal(size=12)

    def by_transforms(x: Any, kernel: Any) -> Any:
        spectrum = np.fft.rfft(x, 12) * np.fft.rfft(kernel, 12)
        return np.sum(weights * np.fft.irfft(spectrum, 12))

    for found, other in zip(
        mg.grad(by_transforms, (0, 1))(x, kernel),
        mg.grad(lambda x, k: np.sum(weights * np.convolve(x, k)), (0, 1))(x, kernel),
        strict=True,
    ):
        np.testing.assert_allclose(found, other, rtol=1e-12)


def test_transforms_along_several_axes_refuse_what_is_ambiguous() -> None:
    x = Tensor(np.ones((2, 3)), requires_grad=True)
    with pytest.raises(ValueError, match="without axes"):
        np.fft.fftn(x, s=(4,))
    with pytest.raises(ValueError, match="different lengths"):
        np.fft.rfft2(x, s=(4, 4), axes=(0,))
    with pytest.raises(OptionError, match="norm"):
        np.fft.fft(x, out=np.zeros((2, 3), complex))
    with pytest.raises(ValueError, match="norm"):
        np.fft.fft2(x, norm="unitary")


def test_frequencies_may_have_a_spacing_that_varies() -> None:
    spacing = Tensor(0.5, requires_grad=True)
    out = np.fft.fftfreq(4, d=spacing)
    np.testing.assert_array_equal(out.data, np.fft.fftfreq(4, d=0.5))
    out[1].backward()
    assert spacing.grad == -1 / (4 * 0.5**2)


# ---------------------------------------------------------------- descent


def test_gradient_descent_finds_a_complex_number() -> None:
    z, target = Tensor(np.zeros(3, complex), requires_grad=True), Z
    optimizer = Optimizer([z], sgd(learning_rate=0.25))
    for _ in range(40):
        optimizer.zero_grad()
        np.sum(np.abs(z - target) ** 2).backward()
        optimizer.step()
    np.testing.assert_allclose(z.data, target, rtol=1e-10)


def test_adam_steps_by_the_size_of_a_complex_gradient() -> None:
    z = Tensor(Z, requires_grad=True)
    optimizer = Optimizer([z], adam(0.1))
    np.sum(np.real(np.array([3 - 4j, 1j, -2]) * z)).backward()
    optimizer.step()
    directions = np.conj([0.6 - 0.8j, 1j, -1])
    np.testing.assert_allclose(z.data, Z - 0.1 * directions, rtol=1e-7)
    state = adam(0.1).init([np.ones(2, np.complex64)])[0]
    assert state.square[0].dtype == np.float32


# ---------------------------------------------------------------- PyTorch and JAX

SAME_NAME = [
    "absolute", "angle", "conj", "real", "imag", "reciprocal", "square", "sqrt", "exp", "exp2",
    "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "arcsin", "arccos", "arctan",
    "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "sum", "mean", "prod", "var", "std",
    "cumsum", "cumprod",
]  # fmt: skip
OTHER_NAME = {"sign": "sgn"}
OPTIONS: dict[str, dict[str, Any]] = {
    "var": {"correction": 0}, "std": {"correction": 0}, "cumsum": {"dim": 0}, "cumprod": {"dim": 0},
}  # fmt: skip
MIXED = {
    "multiply": np.multiply, "divide": np.divide, "pow": np.power, "matmul": np.matmul,
    "vdot": np.vdot,
}  # fmt: skip
TRANSFORMS = [
    "fft", "ifft", "hfft", "irfft", "fft2", "ifft2", "irfft2", "fftn", "ifftn", "irfftn",
]  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("name", [*SAME_NAME, *OTHER_NAME])
def test_torch_agrees(name: str) -> None:
    torch = pytest.importorskip("torch")
    function = getattr(torch, OTHER_NAME.get(name, name))
    options = OPTIONS.get(name, {})
    compare_with_torch(torch, getattr(np, name), lambda z: function(z, **options), [draw(4)])


@pytest.mark.oracle
@pytest.mark.parametrize("kinds", ["cc", "cf", "fc"])
@pytest.mark.parametrize("name", MIXED)
def test_torch_agrees_on_two_inputs(name: str, kinds: str) -> None:
    torch = pytest.importorskip("torch")
    drawn = [draw(3), draw(3, seed=1) + 2]
    given = [x if kind == "c" else np.abs(x) for x, kind in zip(drawn, kinds, strict=True)]

    def theirs(x: Any, y: Any) -> Any:
        if name in ("matmul", "vdot"):
            x, y = x.to(torch.complex128), y.to(torch.complex128)
        return getattr(torch, name)(x, y)

    compare_with_torch(torch, MIXED[name], theirs, given)


@pytest.mark.oracle
@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
@pytest.mark.parametrize("name", TRANSFORMS)
def test_torch_agrees_on_transforms(name: str, norm: str | None) -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = getattr(np.fft, name), getattr(torch.fft, name)
    compare_with_torch(
        torch, lambda z: ours(z, norm=norm), lambda z: theirs(z, norm=norm), [draw(3, 4)]
    )


def compare_with_torch(torch: Any, ours: Any, theirs: Any, given: list[Any]) -> None:
    """The value, and the gradient for a complex cotangent, which follow one convention."""
    out, pullback = mg.vjp(ours, *given)
    leaves = [torch.tensor(x, requires_grad=True) for x in given]
    expected = theirs(*leaves)
    right = expected.detach().resolve_conj().numpy()
    np.testing.assert_allclose(out, right, rtol=1e-12, atol=1e-14)
    g = draw(*out.shape, seed=2)
    g = g if out.dtype.kind == "c" else g.real
    expected.backward(torch.tensor(g))
    for found, leaf in zip(pullback(g), leaves, strict=True):
        right = leaf.grad.resolve_conj().numpy()
        np.testing.assert_allclose(found, right, rtol=1e-9, atol=1e-12)


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["absolute", "exp", "tan", "conj", "angle", "square"])
def test_jax_has_the_conjugate(name: str) -> None:
    jax = pytest.importorskip("jax")
    z = draw(4)
    with jax.enable_x64(True):
        out, their_pullback = jax.vjp(getattr(jax.numpy, name), jax.numpy.asarray(z))
        ours, pullback = mg.vjp(getattr(np, name), z)
        np.testing.assert_allclose(ours, out, rtol=1e-12)
        g = draw(4, seed=1) if ours.dtype.kind == "c" else draw(4, seed=1).real
        theirs = their_pullback(jax.numpy.asarray(np.conj(g)))[0]
        np.testing.assert_allclose(pullback(g)[0], np.conj(theirs), rtol=1e-9, atol=1e-12)


# ---------------------------------------------------------------- the page


def test_the_picture_of_the_page_is_the_one_it_describes() -> None:
    images = Path(__file__).parents[2] / "docs/images"
    spec = importlib.util.spec_from_file_location("draw", images / "draw.py")
    assert spec
    assert spec.loader
    draw_module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(draw_module)
    assert (images / "complex.svg").read_text("utf-8") == draw_module.complex_plane(), (
        "complex.svg is out of date: run `python docs/images/draw.py`"
    )
