"""The ways in: one's own website where a key is set, the demo site where none is."""

from __future__ import annotations

import pytest

import datafast_nb as dfn


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATAFAST_API_KEY", "DATAFAST_WEBSITE_ID", "DATAFAST_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_key_the_demo_site_answers_and_one_line_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    client = dfn.connect()
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert "Demo data" in printed
    assert client.snapshot().visitors.height


def test_the_demo_site_s_data_arrive_as_they_were_sent() -> None:
    site = dfn.demo.Site(visitors=3000)
    with dfn.demo.serve(site) as server:
        events = server.client().snapshot().events
    assert "watch_demo" in events["type"]
    assert "*" not in events.write_json()


def test_the_demo_site_is_started_once() -> None:
    assert dfn.connect().base_url == dfn.connect().base_url


def test_settings_for_another_site_do_not_disturb_the_demo_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAFAST_WEBSITE_ID", "another")
    monkeypatch.setenv("DATAFAST_BASE_URL", "https://another.invalid")
    assert dfn.connect().snapshot().visitors.height


def test_with_a_key_the_service_itself_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATAFAST_API_KEY", "a-key")
    monkeypatch.setenv("DATAFAST_WEBSITE_ID", "a-site")
    client = dfn.connect()
    assert (client.base_url, client.website_id) == ("https://datafa.st/api/v1", "a-site")
    assert capsys.readouterr().out == ""


def test_with_a_key_the_same_call_loads_from_one_s_own_site(monkeypatch: pytest.MonkeyPatch) -> None:
    with dfn.demo.serve(dfn.demo.Site(visitors=5), api_key="a-key") as server:
        monkeypatch.setenv("DATAFAST_API_KEY", "a-key")
        monkeypatch.setenv("DATAFAST_BASE_URL", server.url)
        snap = dfn.load()
        assert len(server.requests) == 1
    assert snap.visitors.schema == dfn.schema.VISITORS
