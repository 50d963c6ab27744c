"""Lets `python -m perennial` do what the command `perennial` does."""

from perennial.cli import main

if __name__ == "__main__":
    main(prog_name="perennial")
