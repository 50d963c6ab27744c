"""A small Newton climb for log likelihoods of two to four log parameters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# value, gradient (d,), Hessian (d, d)
Curve = tuple[float, np.ndarray, np.ndarray]

MAX_STEPS = 100
MAX_STEP = 2.0
MAX_HALVINGS = 20
# Half of what a step still promises, in units of the log likelihood.
ENOUGH = 1e-10
# Less than this is a step within a billionth of the standard errors.
NOTHING = 1e-18
LOWEST, HIGHEST = -16.0, 14.0


def climb(
    function: Callable[[np.ndarray], Curve], start: np.ndarray
) -> tuple[np.ndarray, Curve]:
    """Climb to a maximum of `function` from `start` (d,).

    Newton's step with the absolute eigenvalues of the Hessian (so that it
    goes up from saddles too; Dauphin and others 2014), at most MAX_STEP
    long in each direction and halved until the value does not fall. Stays
    inside LOWEST..HIGHEST, where gamma functions keep their digits; a
    maximum at infinity ends there or where nothing is gained any more.
    Returns the place and value, gradient and Hessian there. Never raises.
    """
    place = np.clip(start, LOWEST, HIGHEST)
    here = function(place)
    for _ in range(MAX_STEPS):
        value, gradient, hessian = here
        # What a wall holds back can't move.
        free = ~(
            ((place <= LOWEST) & (gradient < 0)) | ((place >= HIGHEST) & (gradient > 0))
        )
        step = np.zeros_like(place)
        if free.any():
            step[free] = _step(gradient[free], hessian[np.ix_(free, free)])
        gain = float(gradient @ step) / 2
        if gain < NOTHING:
            return place, here
        if gain < ENOUGH:
            # One step more, as it doubles the digits.
            return _better(function, place, here, place + step)
        noise = 1e-13 * (1 + abs(value))
        for _ in range(MAX_HALVINGS):
            there = np.clip(place + step, LOWEST, HIGHEST)
            found = function(there)
            if found[0] >= value - (noise if gain < 1e-4 else 0):
                break
            step = step / 2
        else:
            return place, here
        place, here = there, found
    return place, here


def _step(gradient: np.ndarray, hessian: np.ndarray) -> np.ndarray:
    """Newton's step up, of limited length."""
    sizes, directions = np.linalg.eigh(hessian)
    sizes = np.maximum(np.abs(sizes), 1e-10 * (1e-10 + np.abs(sizes).max()))
    step = directions @ ((directions.T @ gradient) / sizes)
    return step * min(1.0, MAX_STEP / max(np.abs(step).max(), 1e-300))


def _better(
    function: Callable[[np.ndarray], Curve],
    place: np.ndarray,
    here: Curve,
    there: np.ndarray,
) -> tuple[np.ndarray, Curve]:
    """The place with the smaller gradient, of two that are equally high."""
    there = np.clip(there, LOWEST, HIGHEST)
    found = function(there)
    if np.abs(found[1]).max() < np.abs(here[1]).max():
        return there, found
    return place, here
