"""What a fit hands on: a status, named numbers and how sure they are."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import cholesky

# e^3 is a factor of 20 either way: such a parameter is not known.
MAX_LOG_ERROR = 3.0


@dataclass(frozen=True)
class Estimate:
    """The outcome of fitting one model to one group.

    status: name of the model that was kept (`bg_nbd`, `pooled_rate`, ...).
    reason: one plain sentence, never empty.
    names, values, standard_errors: one entry per parameter, nan where an
    error is not known.
    log_covariance: (d, d), of the logarithms of the parameters, or None.
    log_likelihood: None where the model has none.
    customers: how many units the fit has seen.
    extras: further named numbers that are not parameters.
    """

    status: str
    reason: str
    names: tuple[str, ...] = ()
    values: np.ndarray = field(default_factory=lambda: np.empty(0))
    standard_errors: np.ndarray = field(default_factory=lambda: np.empty(0))
    log_covariance: np.ndarray | None = None
    log_likelihood: float | None = None
    customers: int = 0
    extras: dict[str, float] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        return float(self.values[self.names.index(name)])

    def points(self) -> np.ndarray:
        """Parameter sets that stand for the uncertainty, each equally likely.

        Returns (2d, d): values * exp(± sqrt(d) L_i), L_i the columns of the
        Cholesky factor of log_covariance. Their logarithms have exactly the
        estimate as mean and that covariance (Julier and Uhlmann 1997, the
        unscented transform without a central point). Without a covariance:
        (1, d), the values alone.
        """
        if self.log_covariance is None:
            return self.values[np.newaxis, :].copy()
        size = len(self.values)
        shifts = np.sqrt(size) * cholesky(self.log_covariance, lower=True).T
        return self.values * np.exp(np.concatenate([shifts, -shifts]))


def from_logs(
    log_values: np.ndarray, hessian: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Values, standard errors and log covariance at a maximum, or None.

    log_values: (d,); hessian: (d, d), of the log likelihood in the log
    parameters. The errors of the parameters follow from those of their
    logarithms by the delta method. None where -hessian is not positive
    definite or a log parameter has a standard error above MAX_LOG_ERROR:
    then the data don't tell it.
    """
    information = -(hessian + hessian.T) / 2
    diagonal = np.diag(information)
    if not (np.all(np.isfinite(information)) and np.all(diagonal > 0)):
        return None
    # To a unit diagonal, so that definite means the same in all units.
    unit = np.sqrt(np.outer(diagonal, diagonal))
    try:
        cholesky(information / unit, lower=True)
        covariance = np.linalg.inv(information / unit) / unit
        covariance = (covariance + covariance.T) / 2
        cholesky(covariance, lower=True)
    except np.linalg.LinAlgError:
        return None
    log_errors = np.sqrt(np.diag(covariance))
    if np.any(log_errors > MAX_LOG_ERROR):
        return None
    values = np.exp(log_values)
    return values, values * log_errors, covariance
