"""dbt in a process that ends with the one that started it.

A build that is killed must not leave a dbt behind that holds the work file. The
starter keeps the other end of standard input open and never writes: its end,
however it came about, is the end of the input.

Usage: python -m perennial.dbt_process build ...
"""

import os
import sys
import threading


def end_with_input() -> None:
    """Wait until standard input ends, then end at once, whatever is running."""
    while os.read(0, 1024):
        pass
    os._exit(1)


def main() -> None:
    """Run dbt with the arguments of the command line."""
    threading.Thread(target=end_with_input, daemon=True).start()
    # Here, so that a starter that is gone is noticed while dbt is loaded.
    from dbt.cli.main import cli

    cli(sys.argv[1:])


if __name__ == "__main__":
    main()
