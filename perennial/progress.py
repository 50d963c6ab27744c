"""How far dbt is: one line that moves on a terminal, a line now and then elsewhere."""

import re
import shutil
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

# dbt tells of each table and test twice: that it starts, and how it ended. Hooks
# are counted apart.
ENDED = re.compile(r" \d+ of (?P<all>\d+) (?!START |OK hook)[A-Z]")
# Where there is no terminal, a line after each such part.
PARTS = 4
ERASE_LINE = "\r\x1b[K"


class Progress:
    """Counts what dbt has done, and shows it."""

    def __init__(
        self,
        say: Callable[[str], None],
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin to count.

        Args:
            say: takes the lines where the stream is no terminal.
            stream: where `say` prints; without it, standard output.
            clock: seconds that pass.
        """
        self._say = say
        self._stream = stream or sys.stdout
        self._is_terminal = self._stream.isatty()
        self._clock = clock
        self._began = clock()
        self._done = 0
        self._is_shown = False

    def __enter__(self) -> Self:
        """Nothing is shown before dbt does something."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave no half line behind."""
        self.clear()

    def see(self, line: str) -> None:
        """Take a line of dbt, and show how far it is if that is what it tells."""
        ended = ENDED.search(line)
        if not ended:
            return
        self._done += 1
        total = int(ended["all"])
        parts = [done * PARTS // total for done in (self._done - 1, self._done)]
        if self._is_terminal:
            self._show(f"{self._done} of {total} tables and tests")
        elif parts[0] < parts[1]:
            seconds = self._clock() - self._began
            rate = self._done / seconds if seconds else 0
            self._say(
                f"{self._done} of {total} tables and tests after "
                f"{seconds:.0f} s, {rate:.0f} a second"
            )

    def clear(self) -> None:
        """Take the moving line away, so that another one can be printed."""
        if self._is_shown:
            self._write(ERASE_LINE)
            self._is_shown = False

    def _show(self, text: str) -> None:
        seconds = self._clock() - self._began
        width = shutil.get_terminal_size().columns
        self._write(ERASE_LINE + f"{text}, {seconds:.0f} s"[: width - 1])
        self._is_shown = True

    def _write(self, text: str) -> None:
        """Write to the terminal; that it is gone is no reason to stop."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            self._is_terminal = False
