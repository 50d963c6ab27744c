"""How a command ends that does not do what was asked: a sentence and a code.

0 is done, 1 failed with a sentence, 2 wrong usage; what a signal stopped ends
with 128 and the number of the signal, as shells count it: 130 for Ctrl-C.
"""

import os
import signal
import sys
from typing import IO, Any, TextIO

import click

from perennial.stops import StopError


class Failure(click.ClickException):
    """A sentence for the person, and the code for the shell."""

    def __init__(self, message: str, exit_code: int) -> None:
        """Take both."""
        super().__init__(message)
        self.exit_code = exit_code

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the sentence; in colour where somebody sees it."""
        label = painted("Error:", sys.stderr, fg="red", bold=True)
        click.echo(f"{label} {self.format_message()}", file=file, err=True)


class Commands(click.Group):
    """A group of commands that all fail in the same way."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a signal that stops it is a code of its own."""
        try:
            return super().invoke(ctx)
        except click.UsageError:
            raise
        except click.ClickException as error:
            stopped = error.__cause__
            code = stopped.exit_code if isinstance(stopped, StopError) else 1
            raise Failure(error.message, code) from error
        except KeyboardInterrupt as error:
            raise Failure("stopped by SIGINT", 128 + signal.SIGINT) from error


def painted(text: str, stream: TextIO, **style: Any) -> str:
    """A text in colour, if the stream is a terminal whose user wants colours."""
    wants_none = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    if wants_none or not stream.isatty():
        return text
    return click.style(text, **style)
