"""Files that other programs open: what is in them, and that they are there whole or not at all."""

from __future__ import annotations

import csv
import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pandas as pd
import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.export import saving, workbook
from tests.history.moments import snapshot

FORMATS = ("csv", "xlsx", "parquet", "json", "ndjson")
SNAP = dfn.demo.Site(seed=0).snapshot()
MAIL = "ada.lovelace@example.com"
NAME = "Ada Lovelace"
RUN = (
    "=1+1",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "\u00a0=1",
    "\u200b=1",
    "\ufeff@x",
    "＝1",
    "＋1",
    "－1",
    "＠x",
)
LEFT = ("a=b", "https://example.com/?a=-1", "'=1", "", "a;b", "–", '{"a": "=1"}')
WITHIN = {
    "x;=cmd": "x;'=cmd",
    "x; ＝cmd": "x; '＝cmd",
    'x;"=cmd"': 'x;"\'=cmd"',
    "a\n=b": "a\n'=b",
    "a\t@b;-c": "a\t'@b;'-c",
    "=cmd|'/c calc'!A1;+1": "'=cmd|'/c calc'!A1;'+1",
}
TWO_ZONES = pl.DataFrame({"utc": [datetime(2026, 7, 1, 12, 0, 0, 5000, tzinfo=UTC)]}).with_columns(
    berlin=pl.col("utc").dt.convert_time_zone("Europe/Berlin"), naive=pl.col("utc").dt.replace_time_zone(None)
)


def read(file: Path) -> pl.DataFrame:
    if file.suffix == ".xlsx":
        header, *rows = openpyxl.load_workbook(file).worksheets[0].iter_rows(values_only=True)
        return pl.DataFrame([*rows], schema=[str(name) for name in header], orient="row", infer_schema_length=None)
    if file.suffix in {".json", ".ndjson"}:
        text = file.read_text(encoding="utf-8")
        rows = json.loads(text) if file.suffix == ".json" else [json.loads(line) for line in text.splitlines()]
        return pl.from_dicts(rows, infer_schema_length=None)
    return pl.read_csv(file) if file.suffix == ".csv" else pl.read_parquet(file)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(
    "data",
    [
        SNAP.visitors,
        SNAP.visitors.lazy(),
        dfn.breakdown(SNAP, by="channel"),
        dfn.opportunities(SNAP),
        SNAP.visitors.to_pandas(),
        SNAP.visitors.to_arrow(),
        pl.DataFrame(schema=dfn.schema.VISITORS),
    ],
    ids=["frame", "lazy", "breakdown", "opportunities", "pandas", "arrow", "empty"],
)
def test_a_frame_is_saved_in_every_format(tmp_path: Path, suffix: str, data: object) -> None:
    file = tmp_path / f"file.{suffix}"
    assert dfn.save(data, file) == file
    rows = data.collect() if isinstance(data, pl.LazyFrame) else data
    if suffix in {"json", "ndjson"} and not len(rows):  # type: ignore[arg-type]
        assert file.read_text() in {"[]", ""}
        return
    found = read(file)
    assert found.columns == list(rows.columns if not hasattr(rows, "column_names") else rows.column_names)  # type: ignore[attr-defined]
    assert found.height == len(rows)  # type: ignore[arg-type]


def test_numbers_flags_and_missing_values_come_back(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "whole": [-3, None],
            "part": [-0.25, 1e-9],
            "flag": [True, None],
            "text": ["", None],
            "day": [date(2026, 1, 2)] * 2,
        }
    )
    for suffix in FORMATS:
        dfn.save(frame, tmp_path / f"f.{suffix}")
        found = read(tmp_path / f"f.{suffix}")
        assert found["whole"].to_list() == [-3, None]
        assert found["part"].to_list() == [-0.25, 1e-9]
        assert found["flag"].to_list() == [True, None]
    assert pl.read_parquet(tmp_path / "f.parquet").equals(frame)


def test_lists_are_joined_in_csv_and_xlsx_and_stay_lists_elsewhere(tmp_path: Path) -> None:
    frame = pl.DataFrame({"matches": [["country", "device"], [], None, ["=x", None, "y"]], "numbers": [[1, 2]] * 4})
    for suffix in ("csv", "xlsx"):
        dfn.save(frame, tmp_path / f"f.{suffix}")
        found = read(tmp_path / f"f.{suffix}")
        assert [text or "" for text in found["matches"]] == ["country;device", "", "", "'=x;y"]
        assert found["numbers"][0] == "1;2"
    dfn.save(frame, tmp_path / "f.json")
    assert json.loads((tmp_path / "f.json").read_text())[0] == {"matches": ["country", "device"], "numbers": [1, 2]}


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_text_that_a_spreadsheet_would_run_is_harmless(tmp_path: Path, suffix: str) -> None:
    texts = [*RUN, *LEFT]
    frame = pl.DataFrame({"text": texts, "=HYPERLINK(1)": texts}).with_columns(
        number=-1.5, category=pl.col("text").cast(pl.Categorical)
    )
    file = dfn.save(frame, tmp_path / f"f.{suffix}")
    if suffix == "csv":
        with file.open(encoding="utf-8", newline="") as opened:
            rows = list(csv.reader(opened))
    else:
        sheet = openpyxl.load_workbook(file).active
        assert sheet is not None
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
        assert not [cell for row in sheet.iter_rows() for cell in row if cell.hyperlink]
        rows = [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert rows[0] == ["text", "'=HYPERLINK(1)", "number", "category"]
    found = [row[0] for row in rows[1:]]
    alone = [f"'{text[0]}'{text[1:]}" if text[0] in "\t\r\n" else f"'{text}" for text in RUN]
    assert found == alone + list(LEFT) or suffix == "xlsx"
    assert all(text.startswith("'") for text in found[: len(RUN)])
    assert {row[2] for row in rows[1:]} == {"-1.5"}
    assert [row[3] for row in rows[1:]] == found == [row[1] for row in rows[1:]]


def test_what_another_separator_would_make_a_cell_of_is_harmless(tmp_path: Path) -> None:
    frame = pl.DataFrame({"text": [*WITHIN], "list": [[text, "=1"] for text in WITHIN]})
    with dfn.save(frame, tmp_path / "f.csv").open(encoding="utf-8", newline="") as opened:
        _, *rows = csv.reader(opened)
    assert rows == [[harmless, f"{harmless};'=1"] for harmless in WITHIN.values()]
    assert dfn.save(frame, tmp_path / "f.parquet").stat().st_size
    assert pl.read_parquet(tmp_path / "f.parquet").equals(frame)


def test_times_keep_their_zone(tmp_path: Path) -> None:
    wanted = ["2026-07-01T12:00:00.005+00:00", "2026-07-01T14:00:00.005+02:00", "2026-07-01T12:00:00.005"]
    moments = TWO_ZONES.row(0)
    for suffix in ("csv", "json", "ndjson"):
        text = dfn.save(TWO_ZONES, tmp_path / f"f.{suffix}").read_text()
        row = (
            text.splitlines()[1].split(",")
            if suffix == "csv"
            else list((json.loads(text)[0] if suffix == "json" else json.loads(text)).values())
        )
        assert [datetime.fromisoformat(each) for each in row] == list(moments)
        assert row[1].endswith("+02:00")
        if suffix == "csv":
            assert [datetime.fromisoformat(each).isoformat() for each in row] == [
                datetime.fromisoformat(each).isoformat() for each in wanted
            ]
    assert pl.read_parquet(dfn.save(TWO_ZONES, tmp_path / "f.parquet")).equals(TWO_ZONES)


def test_a_workbook_shows_the_clock_time_with_the_name_of_its_zone(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(dfn.save(TWO_ZONES, tmp_path / "f.xlsx")).active
    assert sheet is not None
    cells = next(iter(sheet.iter_rows(min_row=2)))
    assert [cell.number_format.rpartition(" ")[2] for cell in cells] == ['"UTC"', '"Europe/Berlin"', "hh:mm:ss.000"]
    berlin = cells[1].value
    assert isinstance(berlin, datetime)
    assert berlin.replace(tzinfo=ZoneInfo("Europe/Berlin")) == TWO_ZONES["utc"].item()


def test_what_excel_has_no_cell_for_becomes_text(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "old": [datetime(1, 1, 1, tzinfo=UTC)],
            "day": [date(1066, 10, 14)],
            "long": [2**60 + 1],
            "text": ["x" * 40_000],
            "nothing": [float("inf")],
            "span": [timedelta(hours=3)],
            "nested": [{"a": ["=1"]}],
            "bytes": [b"\xff"],
        }
    )
    row = read(dfn.save(frame, tmp_path / "f.xlsx")).row(0, named=True)
    assert row["old"].startswith("0001-01-01T00:00:00")
    assert row["day"] == "1066-10-14"
    assert row["long"] == str(2**60 + 1)
    assert row["text"] == "x" * 32_767
    assert row["nothing"] is None
    assert row["span"] == "PT3H"
    assert json.loads(row["nested"]) == {"nested": {"a": ["=1"]}} or json.loads(row["nested"]) == {"a": ["=1"]}
    assert row["bytes"] == "/w=="


@pytest.mark.parametrize("suffix", ["json", "ndjson"])
def test_numbers_that_are_not_finite_are_null_in_json(tmp_path: Path, suffix: str) -> None:
    frame = pl.DataFrame({"x": [float("nan"), float("inf"), -float("inf"), 1.0]}).with_columns(
        many=pl.concat_list("x"), held=pl.struct("x"), bytes=pl.lit(b"\xff")
    )
    text = dfn.save(frame, tmp_path / f"f.{suffix}").read_text()
    rows = json.loads(text) if suffix == "json" else [json.loads(line) for line in text.splitlines()]
    assert [row["x"] for row in rows] == [None, None, None, 1.0]
    assert rows[0]["many"] == [None]
    assert rows[1]["held"] == {"x": None}


def test_a_snapshot_is_a_workbook_of_sheets_or_a_folder_of_files(tmp_path: Path) -> None:
    assert dfn.save(SNAP, tmp_path / "now.xlsx") == tmp_path / "now.xlsx"
    assert openpyxl.load_workbook(tmp_path / "now.xlsx").sheetnames == ["visitors", "events", "payments"]
    for suffix in ("csv", "parquet", "json", "ndjson"):
        folder = dfn.save(SNAP, tmp_path / f"now.{suffix}")
        assert folder == tmp_path / "now"
        assert read(folder / f"visitors.{suffix}").height == SNAP.visitors.height
        assert {file.name for file in folder.glob(f"*.{suffix}")} == {
            f"{name}.{suffix}" for name in ("visitors", "events", "payments")
        }
    assert pl.read_parquet(tmp_path / "now" / "payments.parquet").equals(SNAP.payments)


@pytest.fixture
def history(tmp_path: Path) -> dfn.History:
    visitor = {"visitorId": "a", "isCustomer": True, "customerName": NAME, "customerEmail": MAIL}
    visitor["currentUrl"] = f"/hello?mail={MAIL}"
    with dfn.History(tmp_path / "site") as history:
        history.append(
            snapshot(0, [visitor], payments=[{"_id": "p", "name": NAME, "email": MAIL, "amount": 9, "currency": "USD"}])
        )
    return history


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_history_and_its_lazy_frames_are_saved(tmp_path: Path, history: dfn.History, suffix: str) -> None:
    whole = dfn.save(history, tmp_path / f"all.{suffix}")
    if suffix == "xlsx":
        assert openpyxl.load_workbook(whole).sheetnames == ["sessions", "visitors", "events", "payments"]
    else:
        assert {file.stem for file in whole.iterdir()} == {"sessions", "visitors", "events", "payments"}
    assert read(dfn.save(history.sessions(), tmp_path / f"visits.{suffix}"))["exit_url"].to_list() == [
        f"/hello?mail={MAIL}"
    ]


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("key", [True, b"a key of my own, long enough"])
def test_redacted_files_hold_no_name(tmp_path: Path, history: dfn.History, suffix: str, key: bool | bytes) -> None:
    snap = history.at(history.info().end)
    told = pl.DataFrame({"reason": [f"Is on /x?{MAIL}", f"by {NAME}"], "name": [NAME, None], "kind": [[MAIL], [NAME]]})
    told = told.with_columns(
        held=pl.struct("reason"), category=pl.col("reason").cast(pl.Categorical), blob=pl.lit(MAIL.encode())
    )
    for place, data in enumerate(
        (history, snap, history.sessions(), snap.visitors, told, told.lazy(), told.select("reason", "name").to_pandas())
    ):
        saved = dfn.save(data, tmp_path / f"{place}.{suffix}", redact=key)
        for file in saved.iterdir() if saved.is_dir() else [saved]:
            content = file.read_bytes()
            if suffix in {"xlsx", "parquet"}:
                sheets = openpyxl.load_workbook(file).worksheets if suffix == "xlsx" else []
                content = str([list(sheet.values) for sheet in sheets] or pl.read_parquet(file).rows()).encode()
            assert b"lovelace" not in content.lower()
            assert content or suffix == "ndjson"


def test_a_person_has_the_same_pseudonym_in_all_tables(tmp_path: Path, history: dfn.History) -> None:
    folder = dfn.save(history, tmp_path / "all.parquet", redact=b"a key of my own, long enough")
    paid = pl.read_parquet(folder / "payments.parquet")["email"].item()
    assert pl.read_parquet(folder / "visitors.parquet")["customer_email"].item() == paid
    assert paid.endswith("@redacted.invalid")


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("x.cvs", r"unknown format.* Did you mean '\.csv'\? There are: \.csv, \.xlsx"),
        ("x.xls", r"Did you mean '\.xlsx'"),
        ("x", "unknown format"),
        ("", "is a folder: give a file"),
    ],
)
def test_a_path_that_cannot_be_saved_to_is_refused(tmp_path: Path, path: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        dfn.save(SNAP.visitors, tmp_path / path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"There is no folder .*nowhere' to save 'x\.csv' in"):
        dfn.save(SNAP.visitors, tmp_path / "nowhere" / "x.csv")


def test_what_cannot_be_saved_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"not int\. Charts are saved by dfn\.charts\.save"):
        dfn.save(3, tmp_path / "x.csv")
    with pytest.raises(TypeError, match="redact takes True, or your own key as bytes, not str"):
        dfn.save(SNAP, tmp_path / "x.csv", redact="secret")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="too short"):
        dfn.save(SNAP, tmp_path / "x.csv", redact=b"short")
    with pytest.raises(TypeError, match="Python objects"):
        dfn.save(pl.DataFrame({"x": pl.Series([object()], dtype=pl.Object)}), tmp_path / "x.json")
    assert list(tmp_path.iterdir()) == []


def test_too_many_rows_for_a_sheet_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "_MOST_ROWS", 2)
    with pytest.raises(ValueError, match=r"A sheet holds 2 rows .* save it as \.csv or \.parquet"):
        dfn.save(pl.DataFrame({"x": [1, 2, 3]}), tmp_path / "x.xlsx")


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(ImportError, match=r"pip install 'datafast_nb\[export\]'"):
        dfn.save(SNAP, tmp_path / "x.xlsx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ["csv", "parquet", "ndjson", "json", "xlsx"])
def test_a_frame_that_fails_leaves_what_was_there(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"x.{suffix}"
    file.write_text("as it was")
    broken = pl.LazyFrame({"x": ["1", "a"]}).select(pl.col("x").cast(pl.Int64))
    with pytest.raises(pl.exceptions.InvalidOperationError):
        dfn.save(broken, file)
    assert file.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [file]


def test_the_error_that_is_shown_is_of_what_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_table: object, file: Path) -> None:
        (file.parent / "of somebody else.txt").touch()
        raise OSError("no space")

    monkeypatch.setattr(saving, "_WRITERS", {".csv": fail})
    with pytest.raises(OSError, match="no space"):
        dfn.save(SNAP, tmp_path / "now.csv")
    assert [each.name for each in (tmp_path / "now").iterdir()] == ["of somebody else.txt"]


@pytest.mark.parametrize("suffix", ["csv", "parquet", "ndjson"])
def test_a_lazy_frame_is_written_without_being_collected(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def collected(*_: object, **__: object) -> None:
        raise AssertionError("collected")

    monkeypatch.setattr(pl.LazyFrame, "collect", collected)
    file = dfn.save(pl.LazyFrame({"x": range(5)}), tmp_path / f"x.{suffix}")
    monkeypatch.undo()
    assert read(file)["x"].to_list() == [0, 1, 2, 3, 4]


def test_a_damaged_history_is_an_error_of_this_package(tmp_path: Path, history: dfn.History) -> None:
    for file in (tmp_path / "site" / "visitors").rglob("*.parquet"):
        file.write_bytes(b"no parquet")
    with pytest.raises(dfn.HistoryError):
        dfn.save(history, tmp_path / "all.csv")
    assert not (tmp_path / "all").exists()


def test_the_frames_become_those_of_pandas() -> None:
    assert isinstance(SNAP.visitors.to_pandas(), pd.DataFrame)
