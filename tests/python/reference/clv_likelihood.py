"""Maximum likelihood without knowing the derivatives.

The log likelihood is written once, for complex parameters: the imaginary part
of f(θ + ih) ÷ h is the slope, exact to the last digit (the complex step of
Squire and Trapp 1998), so that a search without slopes can be polished to the
very optimum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize

STEP = 1e-30
# A parameter known to less than a factor of e^6 is not known.
WIDEST_STANDARD_ERROR = 3.0

Logs = np.ndarray
LogLikelihood = Callable[[np.ndarray], complex]


@dataclass(frozen=True)
class Model:
    """A fitted model; without a covariance where nothing was searched for."""

    name: str
    parameters: dict[str, float] = field(default_factory=dict)
    standard_errors: dict[str, float] = field(default_factory=dict)
    log_likelihood: float | None = None
    log_covariance: np.ndarray | None = None
    customers: int = 0
    # What is told beside the parameters, and estimated apart.
    extras: dict[str, float] = field(default_factory=dict)
    # Of one share: how many were seen, as the two numbers of a beta law together.
    certainty: float = 0.0

    def __getitem__(self, name: str) -> float:
        return self.parameters[name]

    def points(self) -> list[dict[str, float]]:
        """Parameters about the optimum that carry its uncertainty.

        Of d parameters 2d points, with the mean and the covariance of their
        logarithms; each counts alike.
        """
        if self.log_covariance is None:
            return [self.parameters]
        names = list(self.parameters)
        center = np.log([self.parameters[name] for name in names])
        root = np.linalg.cholesky(self.log_covariance) * np.sqrt(len(names))
        return [
            dict(zip(names, np.exp(center + sign * side), strict=True))
            for side in root.T
            for sign in (1, -1)
        ]


@dataclass(frozen=True)
class Optimum:
    """Where the likelihood is largest, and how sharply."""

    logs: np.ndarray
    log_likelihood: float
    hessian: np.ndarray

    @property
    def covariance(self) -> np.ndarray | None:
        """Of the logs; None where it is not one, or too wide to say anything."""
        if not np.all(np.isfinite(self.hessian)):
            return None
        if np.any(np.linalg.eigvalsh(-self.hessian) <= 0):
            return None
        found = np.linalg.inv(-self.hessian)
        if np.any(np.sqrt(np.diag(found)) > WIDEST_STANDARD_ERROR):
            return None
        return found

    def model(
        self,
        name: str,
        names: tuple[str, ...],
        customers: int,
        extras: dict[str, float] | None = None,
    ) -> Model | None:
        if self.covariance is None:
            return None
        values = np.exp(self.logs)
        errors = values * np.sqrt(np.diag(self.covariance))
        return Model(
            name,
            dict(zip(names, map(float, values), strict=True)),
            dict(zip(names, map(float, errors), strict=True)),
            self.log_likelihood,
            self.covariance,
            customers,
            extras or {},
        )


def slope(function: LogLikelihood, logs: Logs) -> np.ndarray:
    found = []
    for number in range(len(logs)):
        moved = logs.astype(complex)
        moved[number] += 1j * STEP
        found.append(function(moved).imag / STEP)
    return np.array(found)


def curvature(function: LogLikelihood, logs: Logs) -> np.ndarray:
    """Differences of the exact slope."""
    width, rows = 1e-5, []
    for number in range(len(logs)):
        up, down = logs.copy(), logs.copy()
        up[number] += width
        down[number] -= width
        rows.append((slope(function, up) - slope(function, down)) / (2 * width))
    hessian = np.array(rows)
    return (hessian + hessian.T) / 2


def maximise(function: LogLikelihood, starts: list[list[float]]) -> Optimum:
    """The best of all starts, each searched without slopes, then polished."""
    with np.errstate(all="ignore"):
        searched = [search(function, np.log(start)) for start in starts]
        best = max(searched, key=lambda logs: value(function, logs))
        logs = polish(function, best)
        return Optimum(logs, value(function, logs), curvature(function, logs))


def value(function: LogLikelihood, logs: Logs) -> float:
    found = function(logs.astype(complex)).real
    return float(found) if np.isfinite(found) else -np.inf


def search(function: LogLikelihood, start: Logs) -> Logs:
    for _ in range(2):
        start = minimize(
            lambda logs: -value(function, logs),
            start,
            method="Nelder-Mead",
            options={"xatol": 1e-5, "fatol": 1e-7, "maxiter": 2000, "maxfev": 2000},
        ).x
    return start


def polish(function: LogLikelihood, logs: Logs) -> Logs:
    """Newton's steps, halved while they lead down."""
    for _ in range(20):
        hessian = curvature(function, logs)
        if not np.all(np.isfinite(hessian)) or np.linalg.cond(hessian) > 1e14:
            return logs
        step = np.linalg.solve(hessian, -slope(function, logs))
        before = value(function, logs)
        while value(function, logs + step) < before - 1e-9 * abs(before) * 1e-3:
            step = step / 2
            if np.max(np.abs(step)) < 1e-13:
                return logs
        logs = logs + step
        if np.max(np.abs(step)) < 1e-11:
            return logs
    return logs
