"""What surrounds the package: proxies, certificates, cookies, time zones, folders with files of any name."""

from __future__ import annotations

import base64
import http.client
import logging
import os
import re
import ssl
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import datafast_nb as dfn
from datafast_nb import Client, ConnectionFailedError
from tests.raw_server import Caller, RawServer, answer, saying
from tests.responses import with_visitor

SECRET = "not_a-real_key-but_a-secret"
FAR = "https://service.invalid/api/v1"
ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.endswith("_CA_BUNDLE") or name.startswith("DATAFAST_"):
            monkeypatch.delenv(name)


def fault(url: str = FAR) -> ConnectionFailedError:
    """Return what a client raises that can't reach the service."""
    with pytest.raises(ConnectionFailedError) as raised:
        Client(SECRET, base_url=url, retries=0).snapshot()
    return raised.value


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("scheme", ["socks4", "socks5", "socks5h"])
def test_a_socks_proxy_without_its_library_is_called_so(
    monkeypatch: pytest.MonkeyPatch, variable: str, scheme: str
) -> None:
    monkeypatch.setitem(sys.modules, "socks", None)
    monkeypatch.setattr("requests.adapters.SOCKSProxyManager", _without_library)
    monkeypatch.setenv(variable, f"{scheme}://127.0.0.1:9")
    error = fault()
    assert "pip install 'requests[socks]'" in str(error)
    assert not error.may_pass


def _without_library(*_: object, **__: object) -> None:
    import requests

    raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")


@pytest.mark.parametrize(
    "address", ["foo://x:1", "http://", "http://[", "http://:80", "http://a:b:c", "http://x:99999999", "http:/x", " "]
)
def test_an_address_that_is_no_proxys_is_called_so(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    error = fault()
    assert "address of the proxy" in str(error)
    assert not error.may_pass


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (b"407 Proxy Authentication Required", "(407 Proxy Authentication Required): give its user and password"),
        (b"403 Forbidden", "(403 Forbidden): ask whoever runs it"),
        (b"502 \x1b[31mred", "(502 "),
        (b"503 ", "(503): ask whoever runs it"),
    ],
)
def test_a_proxy_that_refuses_is_quoted(monkeypatch: pytest.MonkeyPatch, status: bytes, words: str) -> None:
    with RawServer(saying(answer(b"<html>", status=status))) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//user:their-password@"))
        error = fault()
    assert f"The proxy refused to open the way to the service {words}" in str(error)
    assert "their-password" not in str(error)
    assert str(error).isprintable()
    assert error.may_pass


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "http://proxy.invalid:8080"])
def test_a_proxy_that_is_not_there_is_called_so(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    assert "The proxy could not be reached" in str(fault())


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_what_goes_wrong_at_a_proxy_names_it(monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    with RawServer(saying(said)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert "through the proxy of HTTPS_PROXY" in str(fault())


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_that_are_not_there_are_called_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "none.pem"))
    assert f"{variable} names no file of certificates" in str(fault())
    (tmp_path / "none.pem").write_text("no certificate")
    with RawServer(Caller.wait, hears_first=False) as server:
        error = fault(server.url.replace("http", "https"))
    assert f"{variable} names no file of certificates" in str(error)
    assert not error.may_pass


def test_certificates_are_no_matter_of_the_demo_site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(variable, str(tmp_path / "none.pem"))
    assert dfn.load().visitors.height


def test_certificates_of_one_s_own_are_believed_on_this_machine_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trusted = tmp_path / "own.pem"
    _make_certificate(trusted)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted)

    def talk(caller: Caller) -> None:
        with context.wrap_socket(caller.connection, server_side=True) as secure:
            secure.recv(1 << 16)
            secure.sendall(answer(with_visitor()))

    with RawServer(talk, hears_first=False) as server:
        url = server.url.replace("http://127.0.0.1", "https://localhost")
        assert "certificate or TLS was refused" in str(fault(url))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
        assert Client(SECRET, base_url=url).snapshot().visitors.height


def _make_certificate(path: Path) -> None:
    """Write a key and a certificate for this machine, signed by itself."""
    line = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    line += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(path), "-out", str(path.with_suffix(".crt"))]
    subprocess.run(line, check=True, capture_output=True)
    with path.open("ab") as file:
        file.write(path.with_suffix(".crt").read_bytes())


def test_no_cookie_is_kept() -> None:
    numbers = iter(range(1_000))

    def talk(caller: Caller) -> None:
        caller.say(answer(with_visitor(), b"Set-Cookie: n%d=%d; Path=/" % ((next(numbers),) * 2)))

    with RawServer(talk) as server:
        client = Client(SECRET, base_url=server.url)
        for _ in range(20):
            client.snapshot()
        assert len(server.requests) == 20
        assert not any(b"cookie" in request.lower() for request in server.requests)
        assert not list(client._transport._session.cookies)


@pytest.mark.parametrize("space", ["\n", "\r\n", " ", "\t\n"])
def test_settings_from_mounted_files_lose_their_newline(monkeypatch: pytest.MonkeyPatch, space: str) -> None:
    with RawServer(saying(answer(with_visitor()))) as server:
        monkeypatch.setenv("DATAFAST_API_KEY", f"{space}{SECRET}{space}")
        monkeypatch.setenv("DATAFAST_WEBSITE_ID", f"{space}a-site{space}")
        monkeypatch.setenv("DATAFAST_BASE_URL", f"{space}{server.url}/{space}")
        assert Client().snapshot().visitors.height
        Client(f"{SECRET}{space}", website_id=f"a-site{space}", base_url=f"{server.url}{space}").snapshot()
    for request in server.requests:
        assert request.startswith(b"GET /analytics/realtime/map?websiteId=a-site HTTP/1.1")
        assert f"Authorization: Bearer {SECRET}\r\n".encode() in request + b"\r\n"


def test_blank_settings_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAFAST_WEBSITE_ID", " \n")
    monkeypatch.setenv("DATAFAST_BASE_URL", "\n")
    client = Client(SECRET)
    assert (client.website_id, client.base_url) == (None, "https://datafa.st/api/v1")


def test_debugging_http_does_not_print_the_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    caplog.set_level(logging.DEBUG)
    with RawServer(lambda caller: caller.say(answer(with_visitor()))) as server:
        client = Client(SECRET, base_url=server.url)
        client.snapshot()
        client.snapshot()
    printed = capsys.readouterr()
    assert "reply: 'HTTP/1.1 200 OK" in printed.out, "the rest of it is still told"
    assert SECRET not in printed.out + printed.err + caplog.text


ESCAPES = {
    "as it is": str,
    "JSON": lambda text: "".join(f"\\u{ord(each):04x}" for each in text),
    "JSON, in capitals": lambda text: "".join(f"\\u{ord(each):04X}" for each in text),
    "JSON, one letter": lambda text: text[:5] + f"\\u{ord(text[5]):04x}" + text[6:],
    "JSON, twice": lambda text: "".join(f"\\\\u{ord(each):04x}" for each in text),
    "a URL": lambda text: "".join(f"%{ord(each):02X}" for each in text),
    "a URL, twice": lambda text: "".join(f"%25{ord(each):02x}" for each in text),
    "HTML": lambda text: "".join(f"&#{ord(each)};" for each in text),
    "HTML, hexadecimal": lambda text: "".join(f"&#x{ord(each):X};" for each in text),
    "HTML, twice, with zeros": lambda text: "".join(f"&amp;#x00{ord(each):x};" for each in text),
    "HTML, by name": lambda text: text.replace("_", "&lowbar;"),
    "JavaScript": lambda text: "".join(f"\\\\x{ord(each):02x}" for each in text),
    "hexadecimal": lambda text: text.encode().hex(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of the header": lambda text: base64.b64encode(f"Bearer {text}".encode()).decode(),
}


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)
@pytest.mark.parametrize("status", [b"200 OK", b"401 No", b"500 No"])
@pytest.mark.parametrize(
    "page", [b'{"status":"error","error":{"code":401,"message":"no: %s"}}', b"<title>no: %s</title>"]
)
def test_no_message_holds_the_key_in_any_form(status: bytes, escape: object, page: bytes) -> None:
    quoted = escape(SECRET)  # type: ignore[operator]
    with (
        RawServer(saying(answer(page % quoted.encode(), status=status))) as server,
        pytest.raises(dfn.DataFastError) as raised,
    ):
        Client(SECRET, base_url=server.url, retries=0).snapshot()
    said = str(raised.value)
    assert "no: ***" in said
    assert SECRET not in said
    assert quoted not in said


def test_the_type_of_an_answer_that_quotes_the_key_is_blanked() -> None:
    said = answer(b"no", f"Content-Type: text/{SECRET}".encode(), status=b"403 No")
    with RawServer(saying(said)) as server, pytest.raises(dfn.GatewayError, match=r"text/\*\*\*"):
        Client(SECRET, base_url=server.url).snapshot()


def test_without_a_database_of_time_zones_everything_works(tmp_path: Path) -> None:
    code = """
import sys
from datetime import UTC, timedelta
import polars as pl
import datafast_nb as dfn
site, where = dfn.demo.Site(visitors=20), sys.argv[1]
with dfn.History(where) as history:
    snap = site.snapshot()
    history.append(snap)
    assert history.at(snap.fetched_at + timedelta(seconds=1)).visitors.height == snap.visitors.height
    history.gaps(), history.info(), history.events().collect().to_dicts()
assert snap.visitors.to_dicts() and snap.events.to_dicts()
frame = pl.DataFrame({"t": [snap.fetched_at]}).with_columns(pl.col("t").dt.convert_time_zone("Europe/Lisbon"))
assert frame["t"].to_list()[0].astimezone(UTC) == snap.fetched_at
"""
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", code, str(tmp_path / "site")],
        env={**os.environ, "PYTHONTZPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    names = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert any(name.startswith("tzdata") for name in names), "the database comes with the package"


def test_pyodide_or_the_lite_site_has_each_dependency_in_a_version_that_is_accepted() -> None:
    section = (ROOT / "CONTRIBUTING.md").read_text().split("## In the browser alone")[1].split("\n## ")[0]
    released = dict(re.findall(r"`([\w-]+)==([\d.]+)`", section))
    (session,) = re.findall(r"^LITE = (\[.*?^\])", (ROOT / "noxfile.py").read_text(), re.DOTALL | re.MULTILINE)
    site = re.findall(r'"([\w-]+)"', session)
    named = map(Requirement, tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"])
    needed = [each for each in named if not each.marker or each.marker.evaluate({"sys_platform": "emscripten"})]
    taken = {each.name for each in needed if each.name in released and released[each.name] in each.specifier}
    assert {each.name for each in needed} - taken - {*site} == set(), "neither Pyodide nor the site has them"
    assert {*released} - taken <= {*site}, "Pyodide's are too old"
    assert taken.isdisjoint(site), "Pyodide's are new enough: the site need not hold them"


def test_without_threads_processes_and_what_draws_pictures_all_is_shown_as_in_a_browser() -> None:
    code = """
import asyncio, sys, threading, warnings
import altair as alt, deltalake, ipyleaflet, polars, requests, subprocess
def refuse(*_, **__): raise RuntimeError("can't start new thread")
threading.Thread.start = refuse
subprocess.Popen = None
sys.modules["vl_convert"] = None
sys.platform = "emscripten"
import datafast_nb as dfn
site = dfn.demo.Site(seed=0, visitors=20)
warnings.simplefilter("ignore", dfn.errors.DrawingWarning)
from datafast_nb.charts.renderer import VEGALITE, render
assert set(render(dfn.charts.scores(site.snapshot()).to_dict())[0]) == {VEGALITE, "text/plain"}
async def cells():
    live = dfn.LiveMap(site, every=1)
    assert "text/plain" in live._repr_mimebundle_()[0]
    while live.snapshot is None:
        await asyncio.sleep(0.01)
    assert live._view.front.clusters is not None and live.status.state == "live"
    assert "Visitors now: " in live._repr_mimebundle_()[0]["text/plain"]
    live.close()
    while len(asyncio.all_tasks()) > 1:
        await asyncio.sleep(0.01)
asyncio.run(cells())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
