"""The command ``datafast-nb mcp``: answer programs that write notebooks, over the Model Context Protocol."""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
from typing import Final

from datafast_nb.command_options import FAULT, FINISHED, Commands, add_command

_EPILOG: Final = f"""
The program that needs answers starts this command, and talks to it over standard input and output. Its tools
only read: snapshot, breakdown, history_at and forecast. Each answer has the Python code that gives the same in a
notebook.

example of an entry in such a program's settings:
  {{"command": "datafast-nb", "args": ["mcp", "--history", "site-history"]}}

exit codes:
  {FINISHED}  the program ended the conversation
  {FAULT}  the package mcp is not installed
"""


def add_to(commands: Commands) -> None:
    """Add the command to a command line."""
    command = add_command(
        commands, "mcp", "Answer programs that write notebooks, over the Model Context Protocol.", _EPILOG
    )
    command.add_argument("--history", metavar="LOCATION", help="a history, for questions about the past and the future")
    command.add_argument("--names", action="store_true", help="give real names and addresses instead of pseudonyms")


def run(options: argparse.Namespace) -> int:
    """Answer until the other program ends the conversation, and return the exit code."""
    if find_spec("mcp") is None:
        print("The package mcp is not installed. Get it with: pip install 'datafast_nb[mcp]'", file=sys.stderr)
        return FAULT
    from datafast_nb.mcp_server import Answers, server

    server(Answers(options.history, names=options.names)).run()
    return FINISHED
