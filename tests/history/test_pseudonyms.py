"""A redacted history holds pseudonyms that stay the same, and no name."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

import datafast_nb as dfn
from datafast_nb.history import pseudonyms, writer
from datafast_nb.history.tables import Rows, Tables
from tests.history.moments import demo, snapshot

MAIL = "ada.lovelace@example.com"
NAME = "Ada Lovelace"
CUSTOMER = {"visitorId": "a", "isCustomer": True, "customerName": NAME, "customerEmail": MAIL}
PAYMENT = {"_id": "p", "name": NAME, "email": MAIL, "amount": 9, "currency": "USD"}


def test_a_key_that_is_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="as bytes, not str"):
        dfn.History(tmp_path / "site", redact="my secret")  # type: ignore[arg-type]


def test_no_name_or_address_reaches_the_disk(tmp_path: Path) -> None:
    with dfn.History(tmp_path / "site", redact=True) as history:
        history.append(snapshot(0, [CUSTOMER], payments=[PAYMENT]))
        stored = history.visitors().collect().row(0, named=True)
    assert stored["customer_email"].endswith("@redacted.invalid")
    for file in (tmp_path / "site").rglob("*"):
        if file.is_file():
            assert b"Lovelace" not in file.read_bytes()
            assert b"lovelace" not in file.read_bytes()


def test_pseudonyms_are_the_same_from_one_writer_to_the_next(tmp_path: Path) -> None:
    for seconds in (0, 10):
        with dfn.History(tmp_path / "site", redact=True) as history:
            history.append(snapshot(seconds, [CUSTOMER] if not seconds else [], payments=[PAYMENT] if seconds else []))
    assert history.visitors().collect()["customer_email"].item() == history.payments().collect()["email"].item()


def test_who_guesses_a_name_cannot_check_it_without_the_key(tmp_path: Path) -> None:
    pseudonyms = []
    for place, key in enumerate((b"a key of my own, long enough", b"another key, just as long", True)):
        with dfn.History(tmp_path / f"{place}", redact=key) as history:
            history.append(snapshot(0, [CUSTOMER]))
        pseudonyms += history.visitors().select("customer_email", "customer_name").collect().row(0)
    assert len(set(pseudonyms)) == 6
    assert snapshot(0, [CUSTOMER]).redacted().visitors["customer_email"].item() not in pseudonyms


def test_rows_with_names_are_not_put_into_it(tmp_path: Path) -> None:
    with dfn.History(tmp_path / "names") as names:
        names.append(snapshot(0, [CUSTOMER]))
    tables = Tables(names.location)
    rows = Rows(**{name: tables.scan(tables.open(name), name).collect() for name in Rows._fields})  # type: ignore[arg-type]
    with pytest.raises(dfn.HistoryKeyError, match="append"):
        dfn.History(tmp_path / "site", redact=True).extend(rows)
    with dfn.History(tmp_path / "copy") as copy:
        copy.extend(rows)
    assert copy.info().rows == names.info().rows


def test_the_key_is_beside_the_tables_and_for_its_owner_alone(tmp_path: Path) -> None:
    with dfn.History(tmp_path / "site", redact=True) as history:
        history.append(demo(0))
    key = tmp_path / "site.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert not any(key.read_bytes() in file.read_bytes() for file in (tmp_path / "site").rglob("*") if file.is_file())


def test_without_its_key_a_history_is_not_gone_on_with(tmp_path: Path) -> None:
    with dfn.History(tmp_path / "site", redact=True) as history:
        history.append(demo(0))
    (tmp_path / "site.key").rename(tmp_path / "kept.key")
    with pytest.raises(dfn.HistoryKeyError, match="put it back"):
        dfn.History(tmp_path / "site", redact=True).append(demo(10))
    with pytest.raises(dfn.HistoryKeyError, match="not the key"):
        dfn.History(tmp_path / "site", redact=b"another key of mine").append(demo(10))
    with pytest.raises(dfn.HistoryKeyError, match="redact=True"):
        dfn.History(tmp_path / "site").append(demo(10))
    (tmp_path / "kept.key").rename(tmp_path / "site.key")
    with dfn.History(tmp_path / "site", redact=True) as history:
        assert history.append(demo(10)).new


def test_names_and_pseudonyms_are_not_mixed(tmp_path: Path) -> None:
    with dfn.History(tmp_path) as history:
        history.append(demo(0))
    with pytest.raises(dfn.HistoryKeyError, match="mix"):
        dfn.History(tmp_path, redact=b"a key of my own, long enough").append(demo(10))


def test_a_key_can_be_given_by_hand_or_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "a key of my own, long enough"
    with dfn.History(tmp_path / "site", redact=key.encode()) as history:
        history.append(demo(0))
    monkeypatch.setenv("DATAFAST_HISTORY_KEY", key)
    with dfn.History(tmp_path / "site", redact=True) as history:
        assert history.append(demo(10)).new
    assert not (tmp_path / "site.key").exists()
    monkeypatch.setenv("DATAFAST_HISTORY_KEY", "short")
    with pytest.raises(dfn.HistoryKeyError, match="at least 16 bytes"):
        dfn.History(tmp_path / "site", redact=True).append(demo(20))


def test_a_name_stays_out_of_other_text_when_its_payment_is_no_longer_shown(tmp_path: Path) -> None:
    visitor = {"visitorId": "a", "currentUrl": "/?n=Ada%20Lovelace", "params": {"utm_content": NAME}}
    with dfn.History(tmp_path / "site", redact=True) as history:
        for seconds in (0, 10, 600, 90_000):
            history.append(snapshot(seconds, [visitor], payments=[PAYMENT] if seconds == 0 else []))
    assert history.visitors().select("current_url", "utm_content").collect().rows() == [
        ("/?n=(redacted)", "(redacted)")
    ]


def test_names_are_forgotten_in_the_order_they_were_last_met(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pseudonyms, "NAMES", 2)
    redactor = pseudonyms.Redactor(b"a key of my own, long enough")
    for name in ("Ada Lovelace", "Grace Hopper", "Ada Lovelace", "Alan Turing"):
        redactor.redact(snapshot(0, payments=[{"_id": "p", "name": name}]))
    page = "Ada Lovelace, Grace Hopper, Alan Turing"
    left = redactor.redact(snapshot(0, [{"visitorId": "a", "currentUrl": page}])).visitors["current_url"].item()
    assert left == "(redacted), Grace Hopper, (redacted)"


def test_ids_that_hold_addresses_are_told_apart(tmp_path: Path) -> None:
    people = ["ada@example.com", "bob@example.com", "customer bob@example.com"]
    with dfn.History(tmp_path / "site", redact=True) as history:
        history.append(
            snapshot(
                0,
                [{"visitorId": mail, "customerEmail": people[0]} for mail in people],
                [{"_id": mail, "type": "x", "visitorId": mail} for mail in people],
                [{"_id": mail, "amount": 1} for mail in people],
            )
        )
    visitors, events = history.visitors().collect(), history.events().collect()
    ids = set(visitors["visitor_id"])
    assert (
        set(events["event_id"]) == set(events["visitor_id"]) == set(history.payments().collect()["payment_id"]) == ids
    )
    assert len(ids) == 3
    assert visitors["customer_email"][0] in ids
    assert not any("example" in value or "customer" in value for value in ids)


def test_a_history_that_another_began_meanwhile_gets_no_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take = writer.lock

    def late(tables: Tables) -> object:
        monkeypatch.undo()
        with dfn.History(tmp_path / "site", redact=True) as first:
            first.append(snapshot(0, [CUSTOMER]))
        return take(tables)

    monkeypatch.setattr(writer, "lock", late)
    with pytest.raises(dfn.HistoryKeyError, match="pseudonyms"):
        dfn.History(tmp_path / "site").append(snapshot(10, [CUSTOMER]))


def test_a_refused_key_leaves_the_history_to_others(tmp_path: Path) -> None:
    with dfn.History(tmp_path / "site", redact=True) as history:
        history.append(demo(0))
        history.close()
        with pytest.raises(dfn.HistoryKeyError):
            dfn.History(tmp_path / "site").append(demo(10))
        assert history.append(demo(10)).new


def test_a_key_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(dfn.HistoryStorageError, match="site"):
        dfn.History(tmp_path / "file" / "site", redact=True).append(demo(0))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_can_read_is_refused_with_what_to_do(tmp_path: Path, mode: int) -> None:
    with dfn.History(tmp_path / "my site", redact=True) as history:
        history.append(demo(0))
    key = tmp_path / "my site.key"
    key.chmod(mode)
    with pytest.raises(dfn.HistoryKeyError, match=f"chmod 600 '{key}'"):
        dfn.History(tmp_path / "my site", redact=True).append(demo(10))
    key.chmod(0o600)
    with dfn.History(tmp_path / "my site", redact=True) as history:
        assert history.append(demo(10)).new


@pytest.mark.parametrize("given", ["the environment", "a file", "none"])
def test_a_verbose_traceback_shows_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    from IPython.core.ultratb import VerboseTB

    secret = "a key of my own"
    monkeypatch.setenv("DATAFAST_API_KEY", f"df_{secret}")
    with dfn.History(tmp_path / "site", redact=True) as history:
        history.append(demo(0))
    key = tmp_path / "site.key"
    if given == "the environment":
        monkeypatch.setenv("DATAFAST_HISTORY_KEY", secret)
    elif given == "a file":
        key.write_text(secret)
    else:
        key.unlink()
    with pytest.raises(dfn.HistoryKeyError) as raised:
        dfn.History(tmp_path / "site", redact=True).append(demo(10))
    ours = raised.tb.tb_next  # the first frame is this test's own
    told = VerboseTB(theme_name="nocolor").text(raised.type, raised.value, ours)
    assert "key_of" in told
    assert secret not in told
