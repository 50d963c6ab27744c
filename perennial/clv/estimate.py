"""What a fit hands on: the parameters, how sure they are, and why this model."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Estimate:
    """The parameters of one model of one group.

    `values` and `standard_errors` have shape (d,), in the order of `names`; a
    standard error is nan where there is none. `log_covariance` (d, d) is the
    covariance of the logarithms of the parameters, None where there is none.
    `extras` are named numbers that are not free parameters.
    """

    status: str
    reason: str
    names: tuple[str, ...]
    values: np.ndarray
    standard_errors: np.ndarray
    log_covariance: np.ndarray | None
    log_likelihood: float | None
    customers: int
    extras: dict[str, float] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        """Return the parameter called `name`; KeyError if there is none."""
        if name not in self.names:
            raise KeyError(name)
        return float(self.values[self.names.index(name)])

    def points(self) -> np.ndarray:
        """Return equally weighted parameter points (2d, d) that carry the covariance.

        The sigma points theta * exp(+-sqrt(d) L_i), L L' the covariance of the
        logarithms (Julier and Uhlmann 1997); (1, d) without a covariance.
        """
        if self.log_covariance is None:
            return self.values[np.newaxis, :].copy()
        size = len(self.values)
        steps = np.sqrt(size) * np.linalg.cholesky(self.log_covariance).T
        return self.values * np.exp(np.concatenate([steps, -steps]))
