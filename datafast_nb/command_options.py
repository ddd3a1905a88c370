"""What the commands share: their exit codes, and the options that several of them take."""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeAlias

from datafast_nb.checks import checked_duration
from datafast_nb.errors import DataFastError

FINISHED: Final = 0
FAULT: Final = 1
USAGE: Final = 2
IN_USE: Final = 3

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no public name
"""The subcommands of a command line."""


def add_command(commands: Commands, name: str, description: str, epilog: str) -> argparse.ArgumentParser:
    """Add a command to the command line; its short help is its description without the period."""
    return commands.add_parser(
        name,
        help=(description[0].lower() + description[1:]).removesuffix("."),
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_location_to(command: argparse.ArgumentParser) -> None:
    """Add the location of a history."""
    command.add_argument("location", metavar="LOCATION", help="a history: a folder, or a URL such as s3://bucket/site")


def add_times_to(command: argparse.ArgumentParser) -> None:
    """Add the options ``--every`` and ``--duration``."""
    command.add_argument(
        "--every",
        type=_time_span,
        default=timedelta(seconds=10),
        metavar="TIME",
        help="time between snapshots, such as 10s or 1min (default: 10s; 5min at most)",
    )
    command.add_argument(
        "--duration",
        type=_time_span,
        metavar="TIME",
        help="how long to continue, such as 12h or 30d (default: until stopped)",
    )


def add_model_to(command: argparse.ArgumentParser, use: str) -> None:
    """Add the option ``--model``."""
    command.add_argument(
        "--model", type=Path, metavar="FILE", help=f"a model that dfn.learn(history).save(FILE) wrote, {use}"
    )


def add_demo_to(command: argparse.ArgumentParser) -> None:
    """Add the option ``--demo``."""
    command.add_argument("--demo", action="store_true", help="use the demo site, to try the command")


def add_redact_to(command: argparse.ArgumentParser) -> None:
    """Add the option ``--redact``."""
    command.add_argument("--redact", action="store_true", help="write pseudonyms instead of names and addresses")


def refused(command: str, error: Exception) -> int:
    """Print the error of a command, and return its exit code."""
    print(f"datafast-nb {command}: {error}", file=sys.stderr)
    return USAGE if isinstance(error, ValueError) and not isinstance(error, DataFastError) else FAULT


def _time_span(text: str) -> timedelta:
    """Parse a duration such as 10s, 5min, 12h or 30d. A number without a unit means seconds."""
    try:
        return checked_duration(text, "the time")
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r:.60} is not a duration, or too long: give one such as 10s, 5min, 12h or 30d"
        ) from error
