"""What an alert accepts, what it refuses, and what it never shows."""

from __future__ import annotations

import copy
import pickle
import sys
import traceback
from pathlib import Path

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.alerts.rate import Rate
from datafast_nb.errors import AlertError

SECRET = "T0K3N_very-secret"
URL = f"json://user:{SECRET}@127.0.0.1/hook/{SECRET}"


@pytest.mark.parametrize(
    ("where", "about"),
    [
        ("score > 80 and country_code = 'DE'", "visitor"),
        ("page like '/pri%' and channel = 'newsletter' and visit_kind = 'new'", "visitor"),
        ("score_band = '80–100' or confidence_band is null", "visitor"),
        ("array_contains(dimension_matches, 'country')", "visitor"),
        ("probability > 0.1", "visitor"),
        ("city = 'O''Brien; select -- from'", "visitor"),
        ('"score" > 80', "visitor"),
        ("extract(year from session_start_time) = 2026", "visitor"),
        ("amount > 100 and currency = 'EUR'", "payment"),
        ("page = '/welcome' and type = 'signup'", "goal"),
        ("visitors > 50 and payments = 0", "traffic"),
        (pl.col("score") > 80, "visitor"),
        (None, "visitor"),
    ],
)
def test_a_condition_can_use_all_columns_and_derived_dimensions(where: str | pl.Expr | None, about: str) -> None:
    alert = dfn.Alert(where, about=about)  # type: ignore[arg-type]
    assert alert.about == about


@pytest.mark.parametrize(
    ("where", "about", "hint"),
    [
        ("contry_code = 'DE'", "visitor", "Did you mean 'country_code'"),
        ("SCORE > 80", "visitor", "Did you mean 'score'"),
        (pl.col("chanel") == "x", "visitor", "Did you mean 'channel'"),
        ("visitrs > 50", "traffic", "Did you mean 'visitors'"),
        ("score > 80", "payment", "There are: site, payment_id"),
        ("score", "visitor", "must be true or false"),
        ("country_code > 5", "visitor", "can't be evaluated"),
        ("lower(score) = 'a'", "visitor", "can't be evaluated"),
        ("score >", "visitor", "not a SQL condition"),
        ("", "visitor", "is empty"),
        ("score > 80; drop", "visitor", "semicolons"),
        ("score > 80 -- and", "visitor", "comments"),
        ("city = E'x'", "visitor", "single quotes"),
    ],
)
def test_a_wrong_condition_is_refused_at_once_with_what_to_do(where: str | pl.Expr, about: str, hint: str) -> None:
    with pytest.raises(AlertError, match=hint):
        dfn.Alert(where, about=about)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "where",
    [
        "score in (select line from read_csv('{file}'))",
        "exists (select * from read_csv('{file}'))",
        "score in (from read_csv('{file}'))",
        "score in (table read_csv('{file}'))",
        "\"a'\" = 1 or score in (select line from read_csv('{file}')) or \"b'\" = 1",
        "'' = '\"' or score in (select line from read_csv('{file}')) or '\"' = ''",
        "`a'` = 1 or score in (select line from read_csv('{file}')) or `b'` = 1",
        "$$'$$ = '' or score in (select line from read_csv('{file}')) or $$'$$ = ''",
        "city = '\\' or score in (select line from read_csv(' {file} ')) or city = '\\'",
        "city = E'\\'' or score in (select line from read_csv('{file}')) or city = '\\''",
        "score > /* ' */ 1 or score in (select line from read_csv('{file}')) /* ' */",
        "score > 1 -- '\n or score in (select line from read_csv('{file}')) -- '",
        "score in (SeLeCt line from\nread_csv('{file}'))",
    ],
)
def test_sql_text_reads_no_file(where: str, tmp_path: Path) -> None:
    file = tmp_path / "private.csv"
    file.write_text("line\ncontents\n")
    with pytest.raises(AlertError) as refused:
        dfn.Alert(where.format(file=file))
    assert "contents" not in "".join(traceback.format_exception(refused.value))
    assert "SQL condition" not in str(refused.value)  # refused before Polars saw it


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        ({"about": "visitors"}, ValueError, "Did you mean 'visitor'"),
        ({"where": 5}, TypeError, "where takes"),
        ({"notify": 5}, TypeError, "notify takes"),
        ({"notify": [print, 5]}, TypeError, "notify takes"),
        ({"notify": []}, AlertError, "notify is empty"),
        ({"notify": "nonsense"}, AlertError, "takes a function, print, 'desktop', or a URL"),
        ({"notify": "unheard-of://host"}, AlertError, "not a URL that Apprise can send to"),
        ({"notify": "env:NOT_SET_ANYWHERE"}, AlertError, "NOT_SET_ANYWHERE is not set"),
        ({"at_most": "often"}, AlertError, "such as '1 per 10m'"),
        ({"at_most": "0 per 10m"}, AlertError, "such as '1 per 10m'"),
        ({"at_most": 5}, AlertError, "such as '1 per 10m'"),
        ({"at_most": "1 per "}, AlertError, "such as '1 per 10m'"),
        ({"message": 5}, TypeError, "message takes"),
        ({"message": "{contry}"}, AlertError, "names {contry}, which is not a column"),
        ({"message": "{score"}, AlertError, "not a template"),
        ({"message": "{score.__class__}"}, AlertError, "only a column's own name"),
        ({"message": "{city[0]}"}, AlertError, "only a column's own name"),
        ({"message": "{}"}, AlertError, "only a column's own name"),
        ({"message": "{city!r}"}, AlertError, "format"),
        ({"message": "{score:9999999999}"}, AlertError, "format"),
        ({"message": "{score:{city}}"}, AlertError, "format"),
        ({"message": "{score:d}"}, AlertError, "format"),
        ({"goal": "signup"}, AlertError, "about='goal'"),
        ({"names": "false"}, TypeError, "names takes True or False"),
        ({"about": "goal", "goal": 5}, TypeError, "goal takes the name"),
        ({"site": "example.com"}, AlertError, "website's address"),
        ({"site": "javascript:alert(1)"}, AlertError, "website's address"),
    ],
)
def test_a_wrong_argument_is_refused_with_what_to_give(
    arguments: dict[str, object], error: type[Exception], hint: str
) -> None:
    with pytest.raises(error) as refused:
        dfn.Alert(**arguments)  # type: ignore[arg-type]
    assert hint in str(refused.value)


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("country_code = 'Germany'", "DE"),
        ("score > 80 and country_code<>'france'", "FR"),
        ("country_code != 'Spain' or score > 80", "ES"),
        ("country_code in ('DE', 'Italy')", "IT"),
        ("country_code NOT IN ('Cote', 'Côte d''Ivoire')", "CI"),
        ("\"country_code\" = 'UK'", "GB"),
        ("country_code = 'de'", "DE"),
    ],
)
def test_a_country_that_no_row_has_is_refused_with_its_code(where: str, code: str) -> None:
    with pytest.raises(AlertError, match=f"^country_code holds two-letter codes: use '{code}' for "):
        dfn.Alert(where)


@pytest.mark.parametrize(
    "where",
    [
        "region = 'Georgia'",
        "country_code = 'LU' and city = 'Luxembourg'",
        "country_code in ('SG', 'DE') or city in ('Singapore')",
        "current_url = '/?country_code = ''Germany'''",
        "country_code = 'XX' or country_code = 'Atlantis' or country_code is null",
    ],
)
def test_other_texts_with_the_name_of_a_country_are_conditions(where: str) -> None:
    assert dfn.Alert(where).condition is not None


def test_a_url_is_shown_by_its_scheme_and_the_variable_that_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_URL", URL)
    for given in (URL, [print, URL], "env:ALERT_URL", f"https://example.com/hook?token={SECRET}"):
        alert = dfn.Alert("score > 80", notify=given)
        shown = f"{alert!r} {alert} {alert.notify!r} {alert.notify[-1].name} {vars(alert)!r}"
        assert SECRET not in shown
        assert "example.com" not in shown
        assert "127.0.0.1" not in shown
        assert "://***" in shown
        with pytest.raises(TypeError, match="stays in its process"):
            pickle.dumps(alert.notify[-1].address)  # type: ignore[attr-defined]
        assert SECRET not in repr(copy.deepcopy(alert.notify[-1].address))  # type: ignore[attr-defined]


@pytest.mark.parametrize("url", [f"unheard-of://{SECRET}", f"slack://{SECRET}", f"{SECRET}", f"json:/{SECRET}"])
def test_a_refused_url_is_in_no_message_log_or_traceback(
    url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAD_URL", url)
    caplog.set_level(0)
    for given in (url, [url], "env:BAD_URL"):
        with pytest.raises(AlertError) as refused:
            dfn.Alert("score > 80", notify=given)
        # As a verbose traceback does, which shows the variables of each frame of the package.
        frames = [
            frame
            for frame, _ in traceback.walk_tb(refused.value.__traceback__)
            if "/datafast_nb/" in frame.f_code.co_filename
        ]
        assert frames
        assert SECRET not in "".join(f"{frame.f_locals!r}" for frame in frames)
        assert SECRET not in "".join(traceback.format_exception(refused.value))
    assert SECRET not in caplog.text


def test_without_apprise_a_url_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ImportError, match=r"datafast_nb\[alerts\]"):
        dfn.Alert("score > 80", notify="ntfy://localhost/topic")
    assert dfn.Alert("score > 80", notify=print)


@pytest.mark.parametrize(
    ("text", "messages", "seconds"),
    [("1 per 10m", 1, 600), ("5 per day", 5, 86_400), ("2/h", 2, 3_600), ("3 per 90s", 3, 90), ("1 per minute", 1, 60)],
)
def test_a_rate_is_written_as_people_write_it(text: str, messages: int, seconds: int) -> None:
    rate = Rate.of(text)
    assert rate is not None
    assert (rate.messages, rate.within.total_seconds()) == (messages, seconds)
