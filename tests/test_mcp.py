"""The command ``datafast-nb mcp``, asked by the protocol's own client over its standard input and output."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from mcp import Client, StdioServerParameters
from polars.testing import assert_frame_equal

import datafast_nb as dfn
from datafast_nb import mcp_server
from datafast_nb.__main__ import main
from datafast_nb.mcp_server import Answers, server
from tests.livemap.sources import people

ADDRESS = "jane.quartz@example.org"


def ask(client: Any, tool: str, **arguments: Any) -> Any:
    """Ask one thing, and return the answer; an error is returned as text."""

    async def conversation() -> Any:
        async with Client(client) as session:
            result = await session.call_tool(tool, arguments)
            text = result.content[0].text
            return text if result.is_error else json.loads(text)

    return asyncio.run(conversation())


@pytest.fixture(scope="module")
def location(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("site")
    dfn.demo.simulate(folder, days=4, visitors_per_day=100, every=300, progress=False)
    return str(folder)


@pytest.fixture
def jane(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the site have one visitor who is known by name."""
    here = people(30).visitors.with_columns(customer_email=pl.lit(ADDRESS), current_url=pl.lit(f"/?mail={ADDRESS}"))

    class Site:
        def snapshot(self) -> dfn.Snapshot:
            return dfn.Snapshot(here)

    monkeypatch.setattr(dfn, "connect", Site)


def test_a_program_starts_it_and_asks_over_its_standard_input_and_output(location: str) -> None:
    command = ["-m", "datafast_nb", "mcp", "--history", location]
    client = StdioServerParameters(command=sys.executable, args=command)
    answer = ask(client, "breakdown", by=["device"])
    assert {row["device"] for row in answer["data"]} >= {"desktop", "mobile"}


def test_all_tools_say_that_they_only_read() -> None:
    async def listed() -> list[Any]:
        async with Client(server(Answers())) as session:
            return list((await session.list_tools()).tools)

    tools = asyncio.run(listed())
    assert [tool.name for tool in tools] == ["snapshot", "breakdown", "history_at", "forecast"]
    assert all(tool.annotations.read_only_hint for tool in tools)


@pytest.mark.usefixtures("jane")
@pytest.mark.parametrize("names", [False, True])
@pytest.mark.parametrize(("tool", "arguments"), [("snapshot", {}), ("breakdown", {"by": ["current_url"]})])
def test_names_are_pseudonyms_unless_asked_for(tool: str, arguments: dict[str, Any], *, names: bool) -> None:
    answer = ask(server(Answers(names=names)), tool, **arguments)
    assert (ADDRESS in json.dumps(answer["data"])) is names
    assert (".redacted()" in answer["code"]) is not names


def test_the_code_of_an_answer_gives_the_same(location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    site = dfn.demo.Site(seed=0)
    moment = site.snapshot()
    monkeypatch.setattr(dfn, "connect", type("Site", (), {"snapshot": lambda _: moment}))
    answers = server(Answers(location))
    last = dfn.History(location).polls().select("seen_at").max().collect().item()
    when = (last - timedelta(hours=1)).isoformat()
    for tool, arguments, result, answered in (
        ("breakdown", {"by": ["channel"]}, lambda found: found, lambda data: data),
        ("snapshot", {"rows": 1}, lambda found: found[3], lambda data: [data["summary"]]),
        ("history_at", {"when": when}, lambda found: found[3], lambda data: [data["summary"]]),
        ("forecast", {"horizon": "1h"}, lambda found: found.table, lambda data: data["table"]),
    ):
        answer = ask(answers, tool, **arguments)
        *lines, last_line = answer["code"].splitlines()
        scope = {"dfn": dfn}
        exec("\n".join(lines), scope)
        rows = json.loads(result(eval(last_line, scope)).write_json())
        # Polars sums in no fixed order, so the last digit may differ.
        assert_frame_equal(pl.DataFrame(rows), pl.DataFrame(answered(answer["data"])), rel_tol=1e-12)


@pytest.mark.usefixtures("jane")
def test_two_questions_within_seconds_are_about_the_same_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers()
    moments = [answers.snapshot()["data"]["fetched_at"] for _ in range(2)]
    assert moments[0] == moments[1]
    monkeypatch.setattr(mcp_server, "_FRESH", 0.0)
    assert answers.snapshot()["data"]["fetched_at"] != moments[0]


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("forecast", {}, "datafast-nb record"),
        ("history_at", {"when": "2026-01-01T00:00:00+00:00"}, "datafast-nb record"),
        ("breakdown", {"by": ["chanel"]}, "channel"),
    ],
)
@pytest.mark.usefixtures("jane")
def test_a_wrong_question_is_answered_with_what_to_do(tool: str, arguments: dict[str, Any], says: str) -> None:
    assert says in ask(server(Answers()), tool, **arguments)


def test_without_the_package_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("datafast_nb.mcp_command.find_spec", lambda _: None)
    assert main(["mcp"]) == 1
    assert "datafast_nb[mcp]" in capsys.readouterr().err
