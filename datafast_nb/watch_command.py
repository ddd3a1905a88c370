"""The command ``datafast-nb watch``: report what happens on a website, on servers, with log lines of JSON."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from datafast_nb.api_key import VARIABLE, Concealed
from datafast_nb.command_options import (
    FAULT,
    FINISHED,
    IN_USE,
    USAGE,
    Commands,
    add_command,
    add_demo_to,
    add_model_to,
    add_times_to,
)
from datafast_nb.record_command import log, model_of, serve, source_of

if TYPE_CHECKING:
    from datafast_nb.alerts import Alert, Watcher

_OF_ONE: Final = ("where", "goal", "notify", "message", "name", "names", "site")
"""The options that describe an alert; a file can replace them."""

_EPILOG: Final = f"""
examples:
  datafast-nb watch --where "score > 80 and country_code = 'DE' and not is_customer" --notify env:NTFY_URL
  datafast-nb watch --about traffic --where "visitors > 50" --notify desktop
  datafast-nb watch --where "probability > 0.05" --model model.json --notify env:NTFY_URL
  datafast-nb watch --alerts alerts.toml

Anyone who lists the processes of this computer can read a URL on the command line. Put a URL with a token into an
environment variable and give its name as env:NAME, or into a file:

  [[alert]]
  name = "Likely buyers from Germany"
  where = "score > 80 and country_code = 'DE' and not is_customer"
  notify = ["ntfy://host/topic", "env:SLACK_URL"]
  at_most = "1 per 10m"

Each visitor, payment and goal is reported once, even after a restart: the file of --state remembers it. Without
--notify, messages are only in the log, which never shows a URL. On SIGTERM, SIGINT and SIGHUP, waiting messages
are still sent, for up to 5 seconds.

exit codes:
  {FINISHED}  stopped by a signal, or at the end of the duration
  {FAULT}  a permanent fault: the key is refused
  {USAGE}  wrong usage, such as a condition with an unknown column, or no {VARIABLE}
  {IN_USE}  another watcher uses the file of --state
"""


def add_to(commands: Commands) -> None:
    """Add the command to a command line."""
    command = add_command(
        commands, "watch", "Watch your site, and report what happens by mail, chat or telephone.", _EPILOG
    )
    command.add_argument("--where", metavar="SQL", help='a condition, such as "score > 80" (default: everything)')
    command.add_argument(
        "--about",
        choices=("visitor", "payment", "goal", "traffic"),
        default="visitor",
        help="what to look for (default: %(default)s)",
    )
    command.add_argument("--goal", metavar="NAME", help="with --about goal: which goal (default: any)")
    command.add_argument(
        "--notify",
        action="append",
        type=Concealed,
        metavar="URL",
        help="a URL of Apprise, env:NAME for one in the environment, desktop or print; can be given several times",
    )
    command.add_argument(
        "--at-most",
        default="1 per 10m",
        metavar="RATE",
        help="how many messages, or none for no limit (default: %(default)s)",
    )
    command.add_argument("--message", metavar="TEXT", help='a template, such as "{city}: {score:.0f}"')
    command.add_argument("--name", help="the title of the messages")
    command.add_argument("--names", action="store_true", help="use real names instead of pseudonyms")
    command.add_argument("--site", metavar="URL", help="the website's address, for links")
    command.add_argument("--alerts", type=Path, metavar="FILE", help="a TOML file of alerts, instead of the above")
    add_times_to(command)
    command.add_argument(
        "--state",
        type=Path,
        metavar="FILE",
        help="the file of what was reported (default: datafast-alerts.json in this folder; none with --demo)",
    )
    command.add_argument("--history", metavar="LOCATION", help="a history, for traffic that is not as usual")
    add_model_to(command, "for alerts with probability")
    add_demo_to(command)


def run(options: argparse.Namespace) -> int:
    """Watch until a signal, the end of the duration or a permanent fault; return the exit code."""
    return serve(lambda stack: _watching(options, stack))


def _watching(options: argparse.Namespace, stack: contextlib.ExitStack) -> Watcher:
    """Begin to watch."""
    if options.alerts is not None and (given := [name for name in _OF_ONE if getattr(options, name)]):
        raise ValueError(
            f"--{given[0]} has no effect with --alerts: put it into {options.alerts}, or leave out --alerts."
        )
    from datafast_nb.alerts import watch
    from datafast_nb.alerts.settings import read

    alerts, state = ([_alert(options)], None) if options.alerts is None else read(options.alerts)
    source = source_of(demo=options.demo)
    more: dict[str, Any] = {}
    if options.history is not None:
        from datafast_nb.history import History

        more["history"] = stack.enter_context(History(options.history))
    more["model"] = model_of(options.model)
    state = options.state or state or (None if options.demo else Path("datafast-alerts.json"))
    return stack.enter_context(watch(source, alerts, options.every, options.duration, state=state, report=log, **more))


def _alert(options: argparse.Namespace) -> Alert:
    """Return the alert of the command line."""
    from datafast_nb.alerts import Alert
    from datafast_nb.alerts.settings import nobody

    return Alert(
        options.where,
        options.about,
        options.notify or nobody,
        None if options.at_most == "none" else options.at_most,
        options.message,
        name=options.name,
        goal=options.goal,
        names=options.names,
        site=options.site,
    )
