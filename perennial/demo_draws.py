"""Random draws that are the same on every machine and Python version.

Only `random.Random.random()` is promised to repeat for a seed, and only
+, -, *, / and comparisons are rounded alike everywhere: `log`, `exp` and
`pow` come from the machine's own library, and `sum` of floats adds in another
way since Python 3.12. So every law is built from those operations only.
"""

import hashlib
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def add_up(numbers: Iterable[float]) -> float:
    """The sum, added from left to right: the same in every Python."""
    total = 0.0
    for number in numbers:
        total += number
    return total


class Draws:
    """A stream of random draws with a name of its own.

    Each customer and topic has its own stream, so that a table added later
    changes no row of the tables that are already there.
    """

    def __init__(self, seed: int, stream: str) -> None:
        digest = hashlib.sha256(f"{seed}/{stream}".encode()).digest()
        self._random = random.Random(int.from_bytes(digest, "big"))

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """Any number from low up to, but not including, high."""
        return low + (high - low) * self._random.random()

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int((high - low + 1) * self._random.random())

    def chance(self, share: float) -> bool:
        """True in the given share of draws."""
        return self._random.random() < share

    def one_of(self, items: Sequence[Item]) -> Item:
        """One of the items, all equally likely."""
        return items[int(len(items) * self._random.random())]

    def weighted(self, weights: Mapping[Item, float]) -> Item:
        """One of the keys, as likely as its weight says."""
        left = self.uniform(0.0, add_up(weights.values()))
        for item, weight in weights.items():
            left -= weight
            if left < 0:
                return item
        return item

    def exponential(self) -> float:
        """Mean 1, by von Neumann's method: comparisons only, no logarithm.

        Falling runs of uniform draws: a run of odd length gives its first
        draw, a run of even length adds 1 and starts again.
        """
        passed = 0
        while True:
            first = last = self._random.random()
            length = 1
            while (following := self._random.random()) < last:
                last = following
                length += 1
            if length % 2 == 1:
                return passed + first
            passed += 1

    def gamma(self, shape: int) -> float:
        """Gamma with a whole shape and scale 1: a sum of exponentials."""
        return add_up(self.exponential() for _ in range(shape))

    def beta(self, alpha: int, beta: int) -> float:
        """Beta with whole parameters: a share of two gammas."""
        ours = self.gamma(alpha)
        return ours / (ours + self.gamma(beta))
