"""The types of expressions, which both type checkers must infer. Nothing here is run."""

from typing import Any, assert_type

import numpy as np

import micrograd_np as mg
from micrograd_np import Tensor, nn, optim

Plain = np.ndarray[Any, Any]
Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]


def operators(w: Tensor, x: Matrix) -> None:
    assert_type(mg.Tensor([1.0]), Tensor)
    assert_type(w * 2, Tensor)
    assert_type(2 * w, Tensor)
    assert_type(2.5 / w, Tensor)
    assert_type(1j * w, Tensor)
    assert_type(np.float64(2) * w, Tensor)
    assert_type(np.float32(2) ** w, Tensor)
    assert_type(np.int64(2) - w, Tensor)
    assert_type(w @ x, Tensor)
    assert_type(w + x, Tensor)
    assert_type(w**2, Tensor)
    assert_type(-w, Tensor)
    assert_type(abs(w), Tensor)
    assert_type(round(w, 2), Tensor)
    assert_type(divmod(w, 2), tuple[Tensor, Tensor])
    assert_type(w > 0, Tensor)
    assert_type(w == 1, Tensor)
    assert_type(w[0], Tensor)
    assert_type(w[..., None], Tensor)
    assert_type(w[w > 0], Tensor)
    assert_type([row for row in w], list[Tensor])  # noqa: C416 - the type of what it gives
    w -= 1
    assert_type(w, Tensor)


def attributes_and_methods(w: Tensor) -> None:
    assert_type(w.T, Tensor)
    assert_type(w.mT, Tensor)
    assert_type(w.real, Tensor)
    assert_type(w.data, Plain)
    assert_type(w.shape, tuple[int, ...])
    assert_type(w.ndim, int)
    assert_type(w.requires_grad, bool)
    assert_type(w.name, str | None)
    assert_type(w.is_leaf, bool)
    assert_type(w.sum(), Tensor)
    assert_type(w.sum(axis=(0, 1), keepdims=True), Tensor)
    assert_type(w.mean(0), Tensor)
    assert_type(w.std(ddof=1), Tensor)
    assert_type(w.max(axis=-1), Tensor)
    assert_type(w.argmax(), Tensor)
    assert_type(w.reshape(2, -1), Tensor)
    assert_type(w.reshape((2, 3)), Tensor)
    assert_type(w.transpose(1, 0), Tensor)
    assert_type(w.astype(np.float32), Tensor)
    assert_type(w.clip(0, 1), Tensor)
    assert_type(w.relu().sigmoid(), Tensor)
    assert_type(w.detach(), Tensor)
    assert_type(w.numpy(), Plain)
    assert_type(w.item(), Any)
    assert_type(float(w), float)
    assert_type(w.sum().backward(), None)
    gradient: Plain | None = w.grad
    w.data -= 0.1 * w.grad
    w.grad = None
    w.data = [1.0, 2.0]
    print(gradient, w.grad.sum(), w.data.sum())


def functions(w: Tensor, x: Matrix) -> None:
    assert_type(mg.relu(w), Tensor)
    assert_type(mg.relu(x), Plain)
    assert_type(mg.softmax(w, axis=0), Tensor)
    assert_type(mg.logsumexp(w), Tensor)
    assert_type(mg.stop_gradient(w), Tensor)
    assert_type(mg.tensor([w, 2 * w]), Tensor)
    assert_type(mg.exp(x @ w), Tensor)
    assert_type(mg.matmul(x, w), Tensor)
    assert_type(mg.stack([w, w]), Tensor)
    assert_type(mg.where(w > 0, w, 0.0), Tensor)
    assert_type(mg.mean(w), Tensor)
    assert_type(mg.asarray(x), Tensor)
    assert_type(mg.linalg.solve(w, x), Tensor)
    assert_type(mg.fft.fft(w), Tensor)
    assert_type(np.exp(w), Any)
    assert_type(np.sum(w), Any)
    assert_type(np.sum(w**2, axis=0), Any)
    assert_type(np.moveaxis(w, 0, 1), Tensor)


def loss(w: Tensor, x: Matrix) -> Tensor:
    return ((x - w) ** 2).mean()


def plain_loss(w: Plain) -> Plain:
    return np.square(w)


def number(x: float) -> float:
    return x * x


def several(w: Tensor) -> tuple[Tensor, Tensor]:
    return w, 2 * w


def transforms(w: Tensor, x: Matrix) -> None:
    assert_type(mg.grad(loss)(w, x), Tensor)
    assert_type(mg.grad(loss)(w, x=x), Tensor)
    assert_type(mg.grad(plain_loss)(x), Matrix)
    assert_type(mg.grad(lambda w: w.sum())(w), Tensor)
    assert_type(mg.grad(mg.grad(loss))(w, x), Tensor)
    assert_type(mg.grad(loss)({"w": w}, x), dict[str, Tensor])
    assert_type(mg.grad(number)(3.0), Any)
    assert_type(mg.grad(loss, has_aux=True)(w), tuple[Tensor, Any])
    assert_type(mg.grad(loss, (0, 1))(w, x), Any)
    assert_type(mg.value_and_grad(loss)(w, x), tuple[Tensor, Tensor])
    assert_type(mg.value_and_grad(plain_loss)(x), tuple[Any, Matrix])
    assert_type(mg.elementwise_grad(np.sin)(w), Tensor)
    assert_type(mg.jacobian(loss)(w, x), Tensor)
    assert_type(mg.jacobian(plain_loss)(x), Plain)
    assert_type(mg.jacobian(several)(w), Any)
    assert_type(mg.hessian(loss)(w, x), Tensor)
    assert_type(mg.vmap(loss)(w, x), Tensor)
    assert_type(mg.vmap(plain_loss)(x), Plain)
    assert_type(mg.vmap(number)(x), Any)
    assert_type(mg.vmap(mg.grad(loss), in_axes=(None, 0))(w, x), Tensor)
    assert_type(mg.vmap(mg.grad(number))(x), Matrix)
    assert_type(mg.checkpoint(loss)(w, x), Tensor)
    value, pullback = mg.vjp(loss, w, x)
    print(value, pullback(w))


def compiled(w: Tensor, x: Matrix) -> None:
    step = mg.compile(loss)
    assert_type(step(w, x), Tensor)
    assert_type(step.repeat(3)(w, x), Tensor)
    assert_type(step.source, str)
    step.save("step.py")
    assert_type(mg.compile(mg.grad(loss))(w, x), Tensor)
    assert_type(mg.compile(mg.grad(plain_loss))(x), Matrix)
    assert_type(mg.compile(mg.grad(number))(3.0), Any)
    assert_type(mg.compile(mg.relu)(x), Plain)
    assert_type(mg.vmap(mg.compile(loss))(w, x), Tensor)
    assert_type(mg.grad(mg.compile(loss))(w, x), Tensor)


@mg.no_grad
def frozen(w: Tensor, x: Matrix) -> Tensor:
    return w @ x


@mg.compile(backend="numpy", threads=1)
def fast(w: Tensor) -> Tensor:
    return w.relu()


@mg.checkpoint
def block(w: Tensor) -> Tensor:
    return w.sigmoid()


@mg.dispatching
def cube(x: Plain, scale: float = 1.0) -> Plain:
    return x**3 * scale


class Trainer:
    @mg.compile
    def step(self, w: Tensor) -> Tensor:
        return w - mg.grad(loss)(w)


def decorators(w: Tensor, x: Matrix) -> None:
    with mg.no_grad():
        assert_type(frozen(w, x), Tensor)
    with mg.no_grad(), mg.enable_grad():
        assert_type(fast(w), Tensor)
    assert_type(block(w), Tensor)
    assert_type(cube(w, scale=2.0), Tensor)
    assert_type(cube(x), Plain)
    print(Trainer().step(w))


class Scaled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
        self.scale = Tensor(1.0, requires_grad=True)

    def forward(self, x: Tensor | Plain) -> Tensor:
        return self.scale * self.inner(x)


def networks(X: Matrix, y: Matrix) -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Sigmoid())
    assert_type(model(X), Tensor)
    assert_type(nn.Linear(2, 3)(X), Tensor)
    assert_type(nn.ReLU()(X), Any)
    assert_type(nn.mse(model(X), y), Any)
    assert_type(mg.grad(lambda model: model(X).sum())(model), nn.Sequential)
    assert_type(model.parameters(), list[Tensor])
    history = mg.fit(Scaled(), X, y, loss=nn.mse, optimizer=optim.sgd(0.1), epochs=1)
    assert_type(history, mg.History)
    assert_type(history.losses, Plain)
    picture: mg.Picture = mg.draw(nn.mse(model(X), y))
    report: mg.GradientReport = mg.gradcheck(mg.sigmoid, [X])
    assert_type(Scaled()(X), Tensor)
    print(picture, report)


def what_is_wrong(w: Tensor, x: Matrix) -> None:
    print(mg.gard)  # type: ignore[attr-defined]
    mg.grad(1)  # type: ignore[call-overload]
    print(w.requires_gard)  # type: ignore[attr-defined]
    w.sum(axes=0)  # type: ignore[call-arg]
    mg.compile(loss, treads=2)  # type: ignore[call-overload]
    mg.compile(loss)(w)  # type: ignore[call-arg, misc]
    frozen(w)  # type: ignore[call-arg]
    Scaled()(x, 2)  # type: ignore[call-arg]
