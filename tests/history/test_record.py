"""Recording in the background, and the command for servers."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest

import datafast_nb as dfn
from datafast_nb import polling
from datafast_nb.__main__ import main
from datafast_nb.history import recorder
from datafast_nb.polling import Pace, back_off
from tests import faults
from tests.history.moments import after, shown, snapshot

GENEROUS = 60  # seconds that nothing here takes
PACE = Pace(recorder.LONGEST_WAIT, recorder.LONGEST_RETRY_AFTER, steady=True)


class Scripted:
    """A source that gives what it is told, one after the other, and then quiet moments."""

    def __init__(self, *script: dfn.Snapshot | BaseException) -> None:
        self.script = list(script)
        self.given: list[dfn.Snapshot] = []
        self.done = threading.Event()
        self.quiet = count(100_000)

    def snapshot(self) -> dfn.Snapshot:
        if not self.script:
            self.done.set()
            return snapshot(next(self.quiet))
        following = self.script.pop(0)
        if isinstance(following, BaseException):
            raise following
        self.given.append(following)
        return following


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "LONGEST_WAIT", 0.01)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[dfn.History]:
    with dfn.History(tmp_path / "site") as opened:
        yield opened


def record(history: dfn.History, *script: dfn.Snapshot | BaseException, **options: Any) -> tuple[Any, Scripted]:
    source = Scripted(*script)
    recording = history.record(source, **{"every": 0.001, "progress": False, **options})
    return recording, source


def some(seconds: float) -> dfn.Snapshot:
    names = [f"{seconds:.0f} {place}" for place in range(3)]
    return snapshot(seconds, events=[{"_id": name, "timestamp": after(seconds - 1).isoformat()} for name in names])


def test_it_appends_until_it_is_stopped(history: dfn.History) -> None:
    recording, source = record(history, some(0), some(10), some(20))
    assert source.done.wait(GENEROUS)
    assert recording.running
    recording.stop()
    assert not recording.running
    assert recording.error is None
    assert sorted(history.events().collect()["event_id"]) == shown(source.given, "events")
    assert recording.progress.snapshots == history.info().rows["polls"]
    assert "stopped" in repr(recording)


def test_it_ends_when_its_time_is_over(history: dfn.History) -> None:
    recording, _ = record(history, duration=timedelta(milliseconds=200))
    assert recording.wait(GENEROUS)
    assert recording.error is None
    assert recording.progress.snapshots


@pytest.mark.parametrize(
    "fault",
    [
        dfn.ServerError("down"),
        dfn.GatewayError("a page"),
        dfn.ConnectionFailedError("gone"),
        ZeroDivisionError("bug"),
        OSError("broken"),
    ],
)
def test_after_a_fault_it_catches_up(history: dfn.History, fault: Exception) -> None:
    reported: list[tuple[str, dict[str, Any]]] = []
    recording, source = record(history, some(0), fault, fault, some(300), report=lambda *what: reported.append(what))
    assert source.done.wait(GENEROUS)
    recording.stop()
    assert sorted(history.events().collect()["event_id"]) == shown(source.given, "events")
    assert [what for what, _ in reported[:4]] == ["stored", "failed", "failed", "stored"]
    assert str(fault) in reported[1][1]["message"]
    assert reported[-1][0] == "stopped"


def test_a_fault_longer_than_the_window_is_a_gap(history: dfn.History) -> None:
    recording, source = record(history, some(0), dfn.ServerError("down"), some(700))
    assert source.done.wait(GENEROUS)
    recording.stop()
    assert history.gaps().row(0)[:2] == (after(0), after(700))
    assert recording.progress.gaps >= 1


def test_a_clock_that_stepped_back_is_waited_for(history: dfn.History) -> None:
    recording, source = record(history, some(100), some(50), some(110))
    assert source.done.wait(GENEROUS)
    recording.stop()
    assert recording.error is None
    assert {it.fetched_at for it in history.snapshots(end=after(1_000))} == {after(100), after(110)}


@pytest.mark.parametrize(
    "fault", [dfn.AuthenticationError("no"), dfn.NotFoundError("no"), dfn.HistoryFormatError("no")]
)
def test_a_fault_that_cannot_pass_ends_it_and_is_kept(history: dfn.History, fault: Exception) -> None:
    recording, _ = record(history, some(0), fault)
    assert recording.wait(GENEROUS)
    assert recording.error is fault
    assert type(fault).__name__ in repr(recording)


def test_a_second_recording_elsewhere_is_refused_at_once(history: dfn.History) -> None:
    recording, _ = record(history, some(0))
    with pytest.raises(dfn.HistoryInUseError):
        record(dfn.History(history.location), some(0))
    recording.stop()


@pytest.mark.parametrize(("every", "words"), [(301, "5 min"), (0, "above 0"), (-1, "above 0")])
def test_an_interval_that_would_lose_events_is_refused(history: dfn.History, every: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        history.record(Scripted(), every=every)
    with pytest.raises(TypeError, match="source"):
        history.record("site")  # type: ignore[arg-type]


def test_what_the_service_asks_for_is_waited() -> None:
    assert back_off(1, 10, 120, 1.0, PACE) == 120
    assert back_off(1, 0.001, None, 1.0, PACE) == 0.001
    assert back_off(50, 10, None, 1.0, PACE) == 60


def test_a_moment_that_a_source_has_not_recorded_is_a_failed_attempt(history: dfn.History) -> None:
    said: list[str] = []
    recording, source = record(
        history, dfn.NotRecordedError("a gap"), some(10), report=lambda what, _: said.append(what)
    )
    assert source.done.wait(GENEROUS)
    recording.stop()
    assert said[0] == "failed"
    assert "stored" in said


def test_the_service_can_not_end_a_recording_by_what_it_asks_for() -> None:
    assert back_off(1, 10, 1e12, 0.5, PACE) == 3_600


def test_a_report_that_raises_does_not_end_the_recording(
    history: dfn.History, recwarn: pytest.WarningsRecorder
) -> None:
    def report(what: str, figures: dict[str, Any]) -> None:
        raise OSError("no space left")

    recording, source = record(history, some(0), dfn.ServerError("down"), some(10), report=report)
    assert source.done.wait(GENEROUS)
    recording.stop()
    assert recording.error is None
    assert "no space left" in str(recwarn.pop(RuntimeWarning).message)
    assert sorted(history.events().collect()["event_id"]) == shown(source.given, "events")


class Hanging:
    """A source that does not answer until it is let go."""

    def __init__(self) -> None:
        self.asked, self.answers = threading.Event(), threading.Event()

    def snapshot(self) -> dfn.Snapshot:
        self.asked.set()
        self.answers.wait(GENEROUS)
        return some(0)


def test_a_request_that_hangs_is_left_behind_and_stores_nothing_later(
    history: dfn.History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "PATIENCE", 0.05)
    source, told = Hanging(), []
    recording = history.record(source, report=lambda *what: told.append(what[0]))
    assert source.asked.wait(GENEROUS)
    recording.stop()
    assert not recording.running
    source.answers.set()
    while recording._poller._thread is not None:
        time.sleep(0.002)
    assert told == ["stopped"]
    with pytest.raises(dfn.NotRecordedError):
        history.info()


def test_a_request_that_hangs_is_reported_meanwhile(history: dfn.History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "SOON", 0.01)
    source, waits, told = Hanging(), threading.Event(), []

    def report(what: str, figures: dict[str, Any]) -> None:
        told.append((what, figures))
        if what == "waiting":
            waits.set()

    recording = history.record(source, every=0.01, report=report)
    assert waits.wait(GENEROUS)
    since = recording.progress.waiting_since
    assert told == [("waiting", {"since": since})]
    assert f"waiting since {since:%H:%M:%S} UTC" in repr(recording)
    source.answers.set()
    while not recording.progress.snapshots:
        assert not recording.wait(0.01)
    recording.stop()
    assert recording.progress.waiting_since is None


@pytest.mark.parametrize("raised", [SystemExit, KeyboardInterrupt, GeneratorExit])
@pytest.mark.parametrize("at", ["stored", "failed", "stopped"])
def test_a_report_that_exits_ends_the_recording_and_lets_others_write(
    history: dfn.History, at: str, raised: type[BaseException]
) -> None:
    def report(what: str, figures: dict[str, Any]) -> None:
        if what == at:
            raise raised

    duration = 0.05 if at == "stopped" else None
    recording, _ = record(history, dfn.ServerError("down"), some(10), report=report, duration=duration)
    assert recording.wait(GENEROUS)
    assert isinstance(recording.error, raised)
    with dfn.History(history.location) as other:
        assert other.append(some(150_000)).new
    again, source = record(history, some(200_000))
    assert source.done.wait(GENEROUS)
    again.stop()
    assert again.error is None


def test_a_history_is_recorded_once_at_a_time(history: dfn.History) -> None:
    recording, source = record(history, some(0))
    with pytest.raises(dfn.HistoryInUseError, match="stop"):
        record(history, some(0))
    assert source.done.wait(GENEROUS)
    recording.stop()
    again, _ = record(history, some(200_000))
    again.stop()
    assert again.error is None


def test_closing_a_history_stops_its_recording(tmp_path: Path) -> None:
    with dfn.History(tmp_path / "site") as history:
        recording, source = record(history, some(0))
        assert source.done.wait(GENEROUS)
    assert not recording.running
    with dfn.History(tmp_path / "site") as other:
        other.append(some(500_000))


@pytest.mark.parametrize(
    ("every", "error"),
    [([10], TypeError), (None, TypeError), (True, TypeError), ("soon", ValueError), (0, ValueError), (-1, ValueError)],
)
def test_a_time_that_is_none_is_refused_with_what_to_give(
    history: dfn.History, every: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"^every .* such as"):
        history.record(Scripted(), every=every)
    if every is not None:
        with pytest.raises(error, match=r"^duration .* such as"):
            history.record(Scripted(), duration=every)
        with pytest.raises(error, match=r"^every .* such as"):
            next(history.snapshots(every=every))


def test_times_may_be_text(history: dfn.History) -> None:
    recording, source = record(history, some(0), every="0.001s", duration="1h")
    assert source.done.wait(GENEROUS)
    recording.stop()
    assert len(list(history.snapshots(every="8w"))) == 1


def test_a_progress_bar_is_drawn(history: dfn.History, capsys: pytest.CaptureFixture[str]) -> None:
    recording, source = record(history, some(0), progress=True)
    assert source.done.wait(GENEROUS)
    recording.stop()
    assert "Recording" in capsys.readouterr().err


# The command


def command(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    import os

    kept = {name: value for name, value in os.environ.items() if not name.startswith("DATAFAST_")}
    line = [sys.executable, "-m", "datafast_nb", "record", *map(str, arguments)]
    return subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**kept, **environment}
    )


def told(process: subprocess.Popen[str]) -> str:
    """Read the next line that is not of a request that takes long, as on a busy machine."""
    assert process.stdout is not None
    return next(line for line in process.stdout if '"waiting"' not in line)


def lines(text: str) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in text.splitlines()]


def test_the_command_records_until_sigterm_and_ends_well(tmp_path: Path) -> None:
    with dfn.demo.serve() as server:
        process = command(tmp_path, "--every", "0.05s", DATAFAST_API_KEY="demo", DATAFAST_BASE_URL=server.url)
        assert process.stdout is not None
        seen = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGTERM)
        rest, faults = process.communicate(timeout=GENEROUS)
    assert process.returncode == 0, faults
    told = [line for line in lines("".join(seen) + rest) if line["what"] != "waiting"]  # on a busy machine
    assert told[0]["what"] == "stored"
    assert told[-1]["what"] == "stopped"
    assert datetime.fromisoformat(told[0]["time"]) <= datetime.now(UTC)
    stored = [line for line in told if line["what"] == "stored"]
    with dfn.History(tmp_path) as history:
        assert history.info().rows["polls"] == len(stored)
        assert history.info().rows["events"] == sum(line["events"] for line in stored)


def test_the_command_ends_by_itself_after_its_duration(tmp_path: Path) -> None:
    process = command(tmp_path, "--demo", "--every", "0.1", "--duration", "0.5s", "--redact")
    text, faults = process.communicate(timeout=GENEROUS)
    assert process.returncode == 0, faults
    assert lines(text)[-1]["what"] == "stopped"
    assert (tmp_path.parent / f"{tmp_path.name}.key").is_file()


def test_each_refusal_has_its_exit_code(tmp_path: Path) -> None:
    with dfn.History(tmp_path / "busy") as busy:
        busy.append(some(0))
        process = command(busy.location, "--demo")
        text, _ = process.communicate(timeout=GENEROUS)
        assert (process.returncode, lines(text)[0]["error"]) == (3, "HistoryInUseError")
    process = command(tmp_path / "new")
    text, _ = process.communicate(timeout=GENEROUS)
    assert process.returncode == 2
    assert "DATAFAST_API_KEY" in lines(text)[0]["message"]


@pytest.mark.parametrize("option", ["--every", "--duration"])
@pytest.mark.parametrize("time", ["999999999999d", "9" * 400, "0.0000001", "0", "soon"])
def test_a_time_that_can_not_be_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, time: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["record", str(tmp_path), "--demo", option, time])
    assert "12h" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_log_that_can_not_be_written_does_not_end_the_command(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "datafast_nb", "record", str(tmp_path / "site"), "--demo"]
    with Path("/dev/full").open("w") as full:
        process = subprocess.Popen([*line, "--every", "0.1"], stdout=full, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and recorded(tmp_path / "site") < 2:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=GENEROUS)
    assert process.returncode == 0, errors
    assert "recording continues" in errors


def recorded(location: Path) -> int:
    """Return how many snapshots there are yet."""
    try:
        return dfn.History(location).info().rows["polls"]
    except dfn.NotRecordedError:
        return 0


def test_sigterm_ends_the_command_while_the_service_does_not_answer(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(GENEROUS)
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = command(tmp_path, DATAFAST_API_KEY="df_key", DATAFAST_BASE_URL=address)
        connection, _ = silent.accept()
        with connection:
            process.send_signal(signal.SIGTERM)
            text, faults = process.communicate(timeout=GENEROUS)
    assert process.returncode == 0, faults
    assert [line["what"] for line in lines(text)] == ["stopped"]  # and no word of a request that failed


def test_the_help_tells_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["record", "--help"])
    text = capsys.readouterr().out
    assert all(f"\n  {code}  " in text for code in range(4))


def test_where_nothing_can_be_written_the_command_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    process = command(tmp_path / "file", "--demo")
    text, _ = process.communicate(timeout=GENEROUS)
    assert (process.returncode, lines(text)[0]["error"]) == (1, "HistoryStorageError")


def test_a_recording_ends_with_its_interpreter(tmp_path: Path) -> None:
    code = f"""
import datafast_nb as dfn
recording = dfn.History({str(tmp_path)!r}).record(dfn.demo.Site(), every=0.01, progress=False)
while not recording.progress.snapshots:
    recording.wait(0.01)
"""
    line = [sys.executable, "-c", code]
    done = subprocess.run(line, check=False, capture_output=True, text=True, timeout=GENEROUS)
    assert (done.returncode, done.stderr) == (0, "")
    assert dfn.History(tmp_path).info().rows["polls"] >= 1


def test_a_key_that_is_refused_ends_the_command(tmp_path: Path) -> None:
    with dfn.demo.serve() as server:
        process = command(tmp_path, DATAFAST_API_KEY="df_wrong", DATAFAST_BASE_URL=server.url)
        text, _ = process.communicate(timeout=GENEROUS)
    assert process.returncode == 1
    assert lines(text)[-1]["error"] == "AuthenticationError"
    assert "df_wrong" not in text


def started(location: Path, *ignored: str) -> subprocess.Popen[str]:
    """Start a recording of the demo site in a process that was told to ignore some signals; wait for what it stores."""
    code = """
import os, signal, sys
for name in sys.argv[1].split():
    signal.signal(getattr(signal, name), signal.SIG_IGN)
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""
    line = [sys.executable, "-c", code, " ".join(ignored), "-m", "datafast_nb", "record", str(location), "--demo"]
    process = subprocess.Popen([*line, "--every", "0.1s"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "stored" in told(process)
    return process


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="needs a system with terminals")
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_with_a_whole_append(tmp_path: Path, number: signal.Signals) -> None:
    process = started(tmp_path / "site")
    process.send_signal(number)
    text, errors = process.communicate(timeout=GENEROUS)
    assert process.returncode == 0, errors
    assert lines(text)[-1]["what"] == "stopped"
    with dfn.History(tmp_path / "site") as history:
        assert history.info().rows["polls"] == lines(text)[-1]["snapshots"]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="needs a system with terminals")
@pytest.mark.parametrize("ignored", ["SIGHUP", "SIGINT"])
def test_a_signal_that_was_ignored_from_the_start_stays_so(tmp_path: Path, ignored: str) -> None:
    process = started(tmp_path / "site", ignored)
    process.send_signal(getattr(signal, ignored))
    assert all("stored" in told(process) for _ in range(10))
    process.send_signal(signal.SIGTERM)
    text, errors = process.communicate(timeout=GENEROUS)
    assert process.returncode == 0, errors
    assert lines(text)[-1]["what"] == "stopped"


PAGES = {
    "a challenge": faults.Fault(403, b"<title>Just a moment...</title>", {"Content-Type": "text/html"}),
    "a platform": faults.Fault(404, b"The deployment could not be found.", {"Content-Type": "text/plain"}),
    "a proxy's login": faults.html(401),
    "a gateway's JSON": faults.Fault(403, b'{"message":"Forbidden"}'),
    "an empty page": faults.Fault(401, b""),
    "a login page": faults.html(200),
    "a redirect": faults.redirect("https://login.invalid"),
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_page_of_something_in_between_does_not_end_a_recording(history: dfn.History, page: faults.Fault) -> None:
    heard: list[str] = []
    with faults.serve(dfn.demo.Site(visitors=5)) as server:
        server.misbehave(page, times=3)
        recording = history.record(server.client(retries=0), every=0.01, report=lambda *what: heard.append(what[0]))
        while not recording.progress.snapshots:
            assert not recording.wait(0.01)
        recording.stop()
    assert recording.error is None
    assert [what for what in heard if what != "waiting"][:4] == ["failed", "failed", "failed", "stored"]
