"""The command ``datafast-nb forecast``: print what the next hour, day or week of a recorded site will bring."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, Final

from datafast_nb.command_options import (
    FAULT,
    FINISHED,
    USAGE,
    Commands,
    add_command,
    add_location_to,
    add_model_to,
    refused,
)
from datafast_nb.errors import DataFastError

if TYPE_CHECKING:
    from datafast_nb.forecast import Forecast

_HORIZONS: Final = ("1h", "1d", "7d")
_EPILOG: Final = f"""
The table has the mean and the 95 % interval of visitors, sales and revenue, and the same for today: what was counted so
far, what is still to come, and both together. The forecast starts at the last recorded snapshot.

example:
  datafast-nb forecast site-history --next 1d --time-zone Europe/Berlin --rate EUR=1.08

exit codes:
  {FINISHED}  the forecast was printed
  {FAULT}  nothing or too little is recorded there, the tables are damaged, or SciPy is not installed
  {USAGE}  wrong usage
"""


def add_to(commands: Commands) -> None:
    """Add the command to a command line."""
    command = add_command(
        commands, "forecast", "Print what the next hour, day or week of a recorded site will bring.", _EPILOG
    )
    add_location_to(command)
    command.add_argument("--next", choices=_HORIZONS, default="1d", help="how far to look (default: %(default)s)")
    add_model_to(command, "with the same horizon: predicts what the visitors on the site now will buy")
    command.add_argument(
        "--time-zone",
        default="UTC",
        metavar="ZONE",
        help="the time zone of the hours and of today, such as Europe/Berlin",
    )
    command.add_argument(
        "--rate",
        type=_rate,
        action="append",
        metavar="CODE=USD",
        help="what a unit of a currency is worth in USD, such as EUR=1.08; may be repeated",
    )
    command.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Print the forecast, and return the exit code."""
    from datafast_nb.forecast import Model, forecast
    from datafast_nb.history import History

    try:
        found = forecast(
            History(options.location),
            options.next,
            model=Model.load(options.model) if options.model else None,
            time_zone=options.time_zone,
            rates=dict(options.rate) if options.rate else None,
        )
    except (DataFastError, ImportError, ValueError) as error:
        return refused("forecast", error)
    print(_json(found) if options.json else _text(found))
    return FINISHED


def _rate(text: str) -> tuple[str, float]:
    """Parse a rate such as EUR=1.08."""
    code, _, worth = text.partition("=")
    try:
        return code.strip(), float(worth)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r:.60} is not a rate: give one such as EUR=1.08") from error


def _json(found: Forecast) -> str:
    """Return the forecast as JSON."""
    import msgspec

    summary: dict[str, Any] = {
        "next": found.horizon,
        "now": found.now,
        "time_zone": found.time_zone,
        "watched_seconds": found.watched.total_seconds(),
        "table": found.table.to_dicts(),
        "steps": found.steps.to_dicts(),
        "notes": found.notes,
    }
    return msgspec.json.format(msgspec.json.encode(summary), indent=2).decode()


def _text(found: Forecast) -> str:
    """Return the forecast as a table, with notes below it."""
    rows = [_cells(row) for row in found.table.iter_rows(named=True)]
    table = [("", "", "mean", "low", "high"), *rows]
    widths = [max(len(row[place]) for row in table) for place in range(len(table[0]))]
    lines = [
        "  ".join(cell.ljust(width) if place < 2 else cell.rjust(width) for place, (cell, width) in enumerate(cells))  # noqa: PLR2004 - two names
        for cells in ([*zip(row, widths, strict=True)] for row in table)
    ]
    local = found.now.astimezone(found.zone)
    about = f"From {local:%Y-%m-%d %H:%M} {found.time_zone}; low and high are a 95 % interval."
    advice = str(found).replace("rates={'EUR': 1.08}", "--rate EUR=1.08")
    return "\n".join([*(line.rstrip() for line in lines), "", about, advice])


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    """Return a row of the table as texts."""
    from datafast_nb.text import money

    ends = [row[name] for name in ("mean", "low", "high")]
    if row["measure"] == "revenue":
        amounts = ["not known" if end is None else money(end, row["currency"]) for end in ends]
    else:
        amounts = [f"{ends[0]:,.1f}", *(f"{end:,.0f}" for end in ends[1:])]
    return (row["period"], row["measure"], *amounts)
