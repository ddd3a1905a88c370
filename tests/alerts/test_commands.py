"""``datafast-nb watch``, and ``datafast-nb record --alerts``: log lines, signals, exit codes, and no URL shown."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import datafast_nb as dfn
from datafast_nb.__main__ import main
from datafast_nb.alerts.settings import read
from datafast_nb.errors import AlertError
from tests.alerts.receivers import Receiver

TOKEN = "T0K3N_very-secret"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(signal, "signal", lambda *_: None)


def lines(text: str) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in text.splitlines()]


def test_it_watches_reports_and_logs_without_the_url(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOOK", f"http://{receiver.host}/{TOKEN}")
    arguments = [
        "--where",
        "score > 20",
        "--notify",
        "env:HOOK",
        "--notify",
        "print",
        "--every",
        "1",
        "--duration",
        "1",
    ]
    assert main(["watch", "--demo", "--site", "https://example.com", *arguments]) == 0
    out = capfd.readouterr()
    log = [msgspec.json.decode(line) for line in out.out.splitlines() if line.startswith("{")]
    reported = [line for line in log if line["what"] == "sent"]
    assert reported
    assert log[-1]["what"] == "stopped"
    assert {"time", "what", "alert", "about", "over", "count", "message"} == set(reported[0])
    assert receiver.bodies[0]["message"] == reported[0]["message"]
    assert TOKEN not in out.out + out.err
    assert receiver.host not in out.out + out.err


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        (["--demo", "--where", "scor > 80"], 2, "Did you mean 'score'"),
        (["--demo", "--notify", f"unheard-of://{TOKEN}"], 2, "not a URL that Apprise can send to"),
        (["--demo", "--alerts", "nowhere.toml"], 2, "can't be read"),
        (["--demo", "--about", "traffic"], 2, "pass history="),
        (["--where", "score > 80"], 2, "DATAFAST_API_KEY"),
        (["--demo", "--alerts", "alerts.toml", "--notify", f"https://x.y/{TOKEN}"], 2, "--notify has no effect with"),
    ],
)
def test_wrong_usage_is_refused_with_its_code(
    arguments: list[str], code: int, hint: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["watch", *arguments]) == code
    out = capfd.readouterr()
    (line,) = lines(out.out)
    assert line["what"] == "refused"
    assert hint in line["message"]
    assert TOKEN not in out.out + out.err


def test_what_was_reported_is_remembered_over_restarts(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ["watch", "--demo", "--about", "payment", "--at-most", "none", "--every", "60", "--duration", "1"]
    keys = []
    for _ in range(2):
        assert main([*arguments, "--state", "alerts.json"]) == 0
        keys.append(read_tags(tmp_path / "alerts.json"))
    assert keys[0] <= keys[1]
    assert len(lines(capfd.readouterr().out)) >= 2


def test_a_second_watcher_of_the_same_file_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with dfn.watch(dfn.demo.Site(), dfn.Alert(notify=silent), state=tmp_path / "alerts.json"):
        assert main(["watch", "--demo", "--state", "alerts.json"]) == 3
    (line,) = lines(capfd.readouterr().out)
    assert line["error"] == "AlertsInUseError"


def silent(notice: object) -> None:
    """Take a message."""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Give the file of a model of the demo site."""
    history = dfn.demo.simulate(tmp_path / "past", days=0.2, visitors_per_day=2_000, every=60, progress=False)
    dfn.learn(history, horizon="1h").save(tmp_path / "model.json")
    return tmp_path / "model.json"


def test_a_model_gives_alerts_their_probability(model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Path("alerts.toml").write_text('[[alert]]\nwhere = "probability > 0.0001"\n')
    times = ["--demo", "--every", "1", "--duration", "1", "--alerts", "alerts.toml"]
    for command in (["watch"], ["record", "site"]):
        assert main([*command, *times, "--model", str(model)]) == 0
        assert "sent" in {line["what"] for line in lines(capfd.readouterr().out)}
    assert main(["watch", *times]) == 2
    assert "pass model=" in capfd.readouterr().out
    assert main(["watch", *times, "--model", "nowhere.json"]) == 2
    assert main(["record", "site", "--demo", "--model", str(model)]) == 2
    assert "without --alerts" in capfd.readouterr().out


def read_tags(file: Path) -> set[str]:
    (alert,) = msgspec.json.decode(file.read_bytes())["alerts"].values()
    return set(alert["tags"])


def test_a_recording_can_send_messages_too(receiver: Receiver, capfd: pytest.CaptureFixture[str]) -> None:
    Path("alerts.toml").write_text(
        f'[[alert]]\nname = "Anybody"\nwhere = "score > 20"\nnotify = ["http://{receiver.host}/{TOKEN}"]\n'
    )
    assert main(["record", "site", "--demo", "--every", "1", "--duration", "1", "--alerts", "alerts.toml"]) == 0
    out = capfd.readouterr()
    log = lines(out.out)
    assert {line["what"] for line in log} >= {"stored", "sent", "stopped"}
    assert receiver.wait_for(1)[0]["alert"] == "Anybody"
    assert TOKEN not in out.out + out.err
    assert Path("site.alerts.json").is_file()
    assert dfn.History("site").visitors().collect().height


def test_a_broken_alert_is_refused_before_anything_is_recorded(capfd: pytest.CaptureFixture[str]) -> None:
    Path("alerts.toml").write_text('[[alert]]\nwhere = "scor > 80"\n')
    assert main(["record", "site", "--demo", "--alerts", "alerts.toml"]) == 2
    assert "alert 1: There is no column 'scor'" in capfd.readouterr().out
    assert not Path("site").exists()


def test_a_channel_that_is_down_does_not_stop_a_recording(
    receiver: Receiver, capfd: pytest.CaptureFixture[str]
) -> None:
    receiver.close()
    Path("alerts.toml").write_text(f'[[alert]]\nnotify = "http://{receiver.host}/{TOKEN}"\n')
    assert main(["record", "site", "--demo", "--every", "1", "--duration", "2", "--alerts", "alerts.toml"]) == 0
    out = capfd.readouterr().out
    log = lines(out)
    assert [line["channel"] for line in log if line["what"] == "failed"] == ["http://***"]
    assert len([line for line in log if line["what"] == "stored"]) >= 2
    assert TOKEN not in out


def test_a_signal_ends_it_with_code_0(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "datafast_nb", "watch", "--demo", "--where", "score > 20", "--every", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as watching:
        assert watching.stdout is not None
        assert any('"what":"sent"' in line for line in iter(watching.stdout.readline, ""))
        watching.send_signal(signal.SIGTERM)
        rest = watching.stdout.read()
        assert watching.wait(timeout=60) == 0
    assert '"what":"stopped"' in rest


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "has no alerts"),
        ("alert = 5", "has no alerts"),
        ("alert = [5]", "alert 1 is not a table"),
        ("[[alert]\n", "not TOML"),
        ("[[alert]]\nwher = 'score > 80'", "Did you mean 'where'"),
        ("alarts = 1\n[[alert]]\n", "Did you mean 'alert'"),
        ("state = 5\n[[alert]]\n", "state takes"),
        ("[[alert]]\n[[alert]]\nat_most = 'often'", "alert 2: at_most is 'often'"),
        (f"[[alert]]\nnotify = 'slack://{TOKEN}'", "alert 1: slack://*** is not a URL"),
        ("[[alert]]\nnotify = 5", "alert 1: notify takes"),
    ],
)
def test_a_file_that_is_wrong_says_where(text: str, hint: str, tmp_path: Path) -> None:
    file = tmp_path / "alerts.toml"
    file.write_text(text)
    with pytest.raises(AlertError) as refused:
        read(file)
    assert hint in str(refused.value)
    assert TOKEN not in str(refused.value)


def test_a_file_holds_what_an_alert_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "json://localhost/x")
    file = tmp_path / "alerts.toml"
    file.write_text(
        'state = "alerts.json"\n[[alert]]\nname = "N"\nabout = "goal"\ngoal = "signup"\nwhere = "page = \'/x\'"\n'
        'notify = ["env:HOOK", "print"]\nat_most = false\nmessage = "{type}"\nnames = true\nsite = "https://x.y"\n'
    )
    (alert,), state = read(file)
    assert state == tmp_path / "alerts.json"
    assert (alert.name, alert.about, alert.goal, alert.at_most, alert.message) == (
        "N",
        "goal",
        "signup",
        None,
        "{type}",
    )
    assert (alert.names, alert.site, [each.name for each in alert.notify]) == (
        True,
        "https://x.y",
        ["json://*** (env:HOOK)", "print"],
    )
