"""The command ``datafast-nb export``: write a table of a history to a file that other programs open."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from datafast_nb.checks import checked_duration
from datafast_nb.command_options import (
    FAULT,
    FINISHED,
    USAGE,
    Commands,
    add_command,
    add_location_to,
    add_redact_to,
    refused,
)
from datafast_nb.errors import DataFastError

_TABLES: Final = ("sessions", "visitors", "events", "payments")
_EPILOG: Final = f"""
examples:
  datafast-nb export site-history --since 7d --to visits.parquet
  datafast-nb export site-history --what payments --since 2026-02-01 --until 2026-03-01 --to february.xlsx --redact

sessions are visits, one row each; visitors has a row for every change of a visitor. The file is written completely or
not at all, and replaces one of the same name. The history may be recorded at the same time.

exit codes:
  {FINISHED}  the file is written
  {FAULT}  there is no history, it is damaged, or the file can't be written
  {USAGE}  wrong usage: an unknown format, table or time
"""


def add_to(commands: Commands) -> None:
    """Add the command to a command line."""
    command = add_command(
        commands, "export", "Write a table of a history to a csv, xlsx, parquet, json or ndjson file.", _EPILOG
    )
    add_location_to(command)
    command.add_argument(
        "--to", required=True, type=Path, metavar="FILE", help="the file; its extension gives the format"
    )
    command.add_argument(
        "--what", choices=_TABLES, default=_TABLES[0], help="which table (default: %(default)s, one row per visit)"
    )
    command.add_argument(
        "--since", type=_moment, metavar="TIME", help="how long ago to begin, such as 7d, or a date (default: all)"
    )
    command.add_argument(
        "--until", type=_moment, metavar="TIME", help="how long ago to end, such as 1d, or a date (default: now)"
    )
    add_redact_to(command)


def run(options: argparse.Namespace) -> int:
    """Write the file, and return the exit code."""
    from polars.exceptions import PolarsError

    from datafast_nb.export.saving import checked_suffix, save
    from datafast_nb.history import History

    try:
        checked_suffix(options.to)
        with History(options.location) as history:
            table = getattr(history, options.what)(options.since, options.until)
            save(table, options.to, redact=options.redact)
    except (DataFastError, ImportError, OSError, PolarsError, TypeError, ValueError) as error:
        return refused("export", error)
    print(f"{options.to} ({options.to.stat().st_size:,} bytes)")
    return FINISHED


def _moment(text: str) -> datetime:
    """Parse a moment: a time ago, such as 7d, or a date or time of ISO 8601, in UTC unless it has an offset."""
    try:
        return datetime.now(UTC) - checked_duration(text, "the time")
    except (OverflowError, ValueError):
        pass
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r:.60} is not a time: give how long ago, such as 7d or 12h, or a date such as 2026-02-01"
        ) from error
    return when if when.tzinfo else when.replace(tzinfo=UTC)
