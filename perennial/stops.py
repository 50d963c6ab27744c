"""Signals that end a build or a publish: in words, and with nothing left over."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopError(Exception):
    """Which signal came, in one line that says what to do."""

    def __init__(self, number: int, words: str) -> None:
        """Take the signal, and what to say after its name."""
        super().__init__(f"stopped by {signal.Signals(number).name}; {words}")
        # As a shell tells of what a signal has ended.
        self.exit_code = 128 + number


class Stop:
    """What a signal does: it stops, until there is nothing left to stop."""

    def __init__(self, words: str) -> None:
        """Take what to say after the name of the signal."""
        self._words = words
        self._is_closed = False
        self.error: StopError | None = None

    def close(self) -> None:
        """Let no signal stop what follows: it is short, and must not be halved.

        Raises:
            StopError: a signal came where its error could not be raised.
        """
        if self.error:
            raise self.error
        self._is_closed = True

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Stop at the first signal; a second one must not stop the clearing up."""
        if self._is_closed or self.error:
            return
        self.error = StopError(number, self._words)
        raise self.error


@contextmanager
def stoppable(words: str) -> Iterator[Stop]:
    """Let what would end this process silently be an error that clears up.

    Args:
        words: what to say after the name of the signal.

    Raises:
        StopError: a signal came before `Stop.close`.
    """
    stop = Stop(words)
    # One that is ignored, as nohup has it, stays ignored.
    numbers = [
        number
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) != signal.SIG_IGN
    ]
    before = {number: signal.signal(number, stop.handle) for number in numbers}
    try:
        yield stop
    except Exception as error:
        # DuckDB says of a query that a signal ended that it was interrupted.
        if stop.error and error is not stop.error:
            raise stop.error from error
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
