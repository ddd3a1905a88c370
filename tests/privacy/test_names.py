"""Names that are known are found in free text however they are written, and nowhere else."""

from __future__ import annotations

import hashlib
import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import datafast_nb as dfn
from datafast_nb.privacy import BLANK, TREATMENTS
from tests.history.moments import snapshot
from tests.privacy.encoders import ENCODERS
from tests.privacy.oracle import recoverable

KEY = b"a key of my own, long enough"


def redacted(text: str, name: str) -> str:
    """Return a page where somebody of that name is known."""
    (left,) = each_redacted([text], name)
    return left


def each_redacted(texts: list[str], name: str) -> list[str]:
    """Return pages where somebody of that name is known."""
    here = [{"visitorId": f"{place}", "currentUrl": text} for place, text in enumerate(texts)]
    body = json.dumps({"data": {"visitors": [*here, {"visitorId": "b", "customerName": name}]}})
    return dfn.Snapshot.from_json(body).redacted(KEY).visitors["current_url"].to_list()[:-1]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Sinéad O'Brien", "Sin%C3%A9ad%20O'Brien"),
        ("Sinéad O'Brien", "Sine%CC%81ad+O%27Brien"),
        ("Sinéad O'Brien", "Sine\u0301ad O’Brien"),
        ("Sinéad O'Brien", "sinead-obrien"),
        ("Sinéad O'Brien", "sinead-o-brien"),
        ("Sinéad O’Brien", "Sin\\u00e9ad O'Brien"),
        ("Sinéad O&#39;Brien", "Sinéad O'Brien"),
        ("Sinéad O'Brien", "Sin%E9ad%20O%27Brien"),
        ("Sinéad O'Brien", "Sin&eacute;ad O&apos;Brien"),
        ("Sinéad O'Brien", "Sin=C3=A9ad=20O'Brien"),
        ("Jane  Doe", "Jane Doe"),
        ("Jane Doe", "Jane  Doe"),
        ("Jane Doe", "Jane\u00a0Doe"),
        ("Jane\u00a0Doe", "Jane%C2%A0Doe"),
        ("Jane Doe", "Jane%2520Doe"),
        ("Jane Doe", "Jane\\tDoe"),
        ("Jane Doe", "ja\u200bne\u200b doe"),
        ("Jane Doe", "JANE+DOE"),
        ("Jane Doe", "jane-doe"),
        ("Jane Doe", "jane_doe"),
        ("Jane Doe", "jane.doe"),
        ("Jane Doe", "janedoe"),
        ("Jane Doe", "JaneDoe1985"),
        ("Jane Doe", "Doe, Jane"),
        ("Jane Doe <jane@example.com>", "jane-doe"),
        ("Jane%20Doe", "jane-doe"),
        ("Jane Doe", "Ｊａｎｅ　Ｄｏｅ"),
        ("Hans Weiß", "HANS WEISS"),
        ("Hans Weiß", "hans-weiss"),
        ("Jürgen Müller", "juergen-mueller"),
        ("Jürgen Müller", "jurgen-muller"),
        ("İpek Işık", "ipek ışık"),
        ("İpek Işık", "IPEK IŞIK"),
        ("Νίκος Παπαδόπουλος", "ΝΙΚΟΣ ΠΑΠΑΔΟΠΟΥΛΟΣ"),
        ("Søren Łukasz", "soren-lukasz"),
        ("Анна Ли", "анна_ли"),
        ("山田 太郎", "山田太郎さん"),
        ("山田太郎", "山田 太郎"),
        ("王小明", "%E7%8E%8B%E5%B0%8F%E6%98%8E"),
        ("王小明", "欢迎王小明回来"),
        ("王小明", "546L5bCP5piO"),
        ("김철수", "김철수"),
        ("김철수", "\u1100\u1175\u11b7\u110e\u1165\u11af\u1109\u116e"),
        ("阿尔伯特·爱因斯坦", "阿尔伯特%C2%B7爱因斯坦"),
        ("Dr. Jane Q. Public", "jane-public"),
        ("Prof. Dr. Jane Public", "Public, Jane"),
        ("Jane D. Doe", "Jane Doe"),
        ("Jane Doe", "eyJhbGciOiJIUzI1NiJ9.eyJuYW1lIjoiSmFuZSBEb2UifQ.c2lnbmVkPw"),
    ],
)
def test_a_name_is_found_however_it_is_written(name: str, written: str) -> None:
    everywhere = ("{}", "/u/{}/cart", "/t?a=b&who={}&c=d", '{{"by": "{}"}}')
    for left in each_redacted([around.format(written) for around in everywhere], name):
        assert BLANK in left
        assert written not in left


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Jane", "/jane"),
        ("Al Li", "/alliance/alli"),
        ("王明", "/王明天下"),
        ("김", "/김"),
        ("Dr. Jane", "/jane"),
        ("J. R. R. Tolkien", "/tolkien"),
        ("Ann Lee", "/joann-leeds"),
        ("Example Com", "https://www.example.com/pricing"),
        ("www example", "https://www.example.com/pricing"),
        ("google cpc", "/?utm_source=google&utm_medium=cpc"),
        ("Jane Doe", "/?first=jane&last=doe"),
        ("!! ??", "/?what=!!+??"),
    ],
)
def test_what_is_no_name_stays(name: str, text: str) -> None:
    assert redacted(text, name) == text


def named(*names: str, times: int = 5) -> dfn.Snapshot:
    """Return visitors of whom some call themselves by words of all the others."""
    others = [
        {
            "visitorId": f"v{number}",
            "location": {"city": "New York", "region": "New York", "countryCode": "US"},
            "system": {"os": "Mac OS", "browser": "Mobile Safari", "device": "Smart TV"},
        }
        for number in range(times)
    ]
    strangers = [{**others[0], "visitorId": name, "profileData": {"displayName": name}} for name in names]
    events = [{"_id": "e", "type": "Sign up", "visitorId": "v0", "countryCode": "US"}]
    return snapshot(0, [*others, *strangers], events, [{"_id": "p", "type": "One time", "currency": "US D"}])


CLOSED = [name for name, treatment in TREATMENTS.items() if treatment == "closed"]


def closed(snap: dfn.Snapshot) -> list[dict[str, object]]:
    """Return the closed columns of all frames."""
    frames = (snap.visitors, snap.events, snap.payments)
    return [row for frame in frames for row in frame[[name for name in frame.columns if name in CLOSED]].to_dicts()]


def test_whoever_calls_themselves_a_place_or_a_system_blanks_out_no_other() -> None:
    snap = named("Mac OS", "New York", "Mobile Safari", "Smart TV", "Sign up", "One time", "US D")
    assert closed(snap.redacted(KEY)) == closed(snap)


def test_names_that_the_service_made_up_are_words_like_others() -> None:
    def page(made_up: bool | None, **others: object) -> str:
        stranger = {"visitorId": "b", "profileData": {"displayName": "Purple Otter", "isRandomName": made_up}}
        events = [{"_id": "e", "displayName": "Purple Otter"}]
        snap = snapshot(0, [{"visitorId": "a", "currentUrl": "/purple-otter", **others}, stranger], events)
        left = snap.redacted(KEY)
        assert left.visitors["display_name"][1].startswith("Person ")
        url: str = left.visitors["current_url"][0]
        return url

    assert page(made_up=True) == "/purple-otter"
    assert page(made_up=False) == page(made_up=None) == f"/{BLANK}"
    assert page(made_up=True, customerName="Purple Otter") == f"/{BLANK}"


def test_the_dimensions_of_a_prediction_hold_no_name_or_address() -> None:
    matches = ["browser", "campaign:jane-doe", "ref:jane@example.com"]
    visitor = {"visitorId": "a", "customerName": "Jane Doe", "conversionLikelihood": {"dimensionMatches": matches}}
    left = snapshot(0, [visitor, {"visitorId": "b"}]).redacted(KEY).visitors["dimension_matches"].to_list()
    assert left == [["browser", f"campaign:{BLANK}", f"ref:{BLANK}"], None]


def test_a_person_has_one_pseudonym_however_their_name_is_composed() -> None:
    names = ["José Núñez", "Jose\u0301 Nu\u0301n\u0303ez", "JOSÉ  NÚÑEZ", "José\u00a0Núñez"]
    payments = [{"_id": str(number), "name": name} for number, name in enumerate(names)]
    assert snapshot(0, payments=payments).redacted(KEY).payments["name"].n_unique() == 1


def test_an_id_that_is_a_name_becomes_a_pseudonym() -> None:
    visitors = [{"visitorId": "jane-doe", "customerName": "Jane Doe"}, {"visitorId": "Jane%20Doe"}, {"visitorId": "c"}]
    ids = snapshot(0, visitors).redacted(KEY).visitors["visitor_id"].to_list()
    assert len(set(ids)) == 3
    assert [each.endswith("@redacted.invalid") for each in ids] == [True, True, False]


def test_known_from_before_are_names_and_hashes() -> None:
    digest = hashlib.md5(b"jane@example.com").hexdigest()
    snap = snapshot(0, [{"visitorId": "a", "currentUrl": f"/jane-doe/{digest}"}])
    assert (
        snap.redacted(KEY, names=["Jane Doe", "jane@example.com"]).visitors["current_url"].item() == f"/{BLANK}/{BLANK}"
    )


WORD = st.from_regex(r"[A-ZÉÖÅŁ][a-zéößåłı]{3,7}", fullmatch=True)
FREE = sorted(name for name, treatment in TREATMENTS.items() if treatment == "text" and name in dfn.schema.VISITORS)


@given(
    WORD,
    WORD,
    st.sampled_from(["{} {}", "{}-{}", "{}_{}", "{}\u00a0{}", "{}  {}"]),
    st.lists(st.sampled_from(sorted(ENCODERS)), max_size=3),
    st.sampled_from(["{}", "/u/{}", "/t?who={}&a=b", '{{"by": "{}"}}']),
    st.sampled_from(FREE),
)
def test_no_chain_of_encodings_hides_a_name(
    first: str, last: str, form: str, chain: list[str], around: str, column: str
) -> None:
    text = form.format(first, last)
    for encoding in chain:
        text = ENCODERS[encoding](text)
    written = around.format(text)
    rows = pl.DataFrame({"visitor_id": ["a", "b"], "customer_name": [None, f"{first} {last}"]})
    values = pl.Series(column, [[written], None] if column == "dimension_matches" else [written, None])
    frame = pl.concat([dfn.schema.VISITORS.to_frame(), rows.with_columns(values)], how="diagonal")
    left = dfn.Snapshot(frame).redacted(KEY).visitors[column][0]
    assert not recoverable(left[0] if column == "dimension_matches" else left, first + last)


@given(st.lists(st.sampled_from(["a", "Mac", "OS", "New", "York", "x@y.zz", "'", "%", "é"]), min_size=1, max_size=4))
def test_closed_columns_of_others_stay_whatever_somebody_is_called(words: list[str]) -> None:
    snap = named(" ".join(words))
    assert closed(snap.redacted(KEY)) == closed(snap)
