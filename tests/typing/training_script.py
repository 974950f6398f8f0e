"""A training script as users write it, with types throughout; a test runs it, too."""

import numpy as np

import micrograd_np as mg
from micrograd_np import Tensor, nn, optim

Floats = np.ndarray[tuple[int, int], np.dtype[np.float64]]


def spirals(rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    """Points on two interleaved spirals, and which spiral each point is on."""
    turn = np.linspace(0.25, 1.0, count) * 2 * np.pi
    arm = np.stack([turn * np.cos(turn), turn * np.sin(turn)], axis=1)
    X = np.concatenate([arm, -arm]) + 0.1 * rng.normal(size=(2 * count, 2))
    y = np.repeat([0.0, 1.0], count).reshape(-1, 1)
    return X / 6, y


class Residual(nn.Module):
    """A layer that adds what it computes to its input, and a scale that is learned."""

    def __init__(self, width: int, rng: np.random.Generator) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width, rng=rng)
        self.scale = Tensor(0.5, requires_grad=True)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.scale * mg.tanh(self.linear(x))


def accuracy(model: nn.Module, X: Floats, y: Floats) -> float:
    """The share of points on the right side."""
    with mg.no_grad():
        right = (model(X).sigmoid() > 0.5).numpy() == y
    return float(right.mean())


def penalty(model: nn.Module) -> Tensor:
    """The squares of all parameters."""
    return mg.stack([np.sum(w**2) for w in model.parameters()]).sum()


def train_by_hand(model: nn.Module, X: Floats, y: Floats, steps: int, rate: float) -> list[float]:
    """Plain gradient descent."""
    losses = []
    for _ in range(steps):
        model.zero_grad()
        logits: Tensor = model(X)
        loss = nn.binary_cross_entropy_with_logits(logits, y) + 1e-4 * penalty(model)
        loss.backward()
        for w in model.parameters():
            w.data -= rate * w.grad
        losses.append(loss.item())
    return losses


def main() -> None:
    """Train by hand, then by `fit`, and look at the slope in one input."""
    rng = np.random.default_rng(0)
    X, y = spirals(rng, 40)
    model = nn.Sequential(nn.Linear(2, 8, rng=rng), Residual(8, rng), nn.Linear(8, 1, rng=rng))
    losses = train_by_hand(model, X, y, steps=20, rate=0.5)
    loss = nn.binary_cross_entropy_with_logits
    history = mg.fit(model, X, y, loss=loss, optimizer=optim.adam(0.01), epochs=20, progress=False)
    slope = mg.grad(lambda x: model(x).sum())(X)
    print(losses[-1] < losses[0], history.losses[-1] < losses[-1], slope.shape)
    print(accuracy(model, X, y) > 0.5)


if __name__ == "__main__":
    main()
