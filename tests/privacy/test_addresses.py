"""What is called redacted holds no address in any encoding."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import datafast_nb as dfn
from datafast_nb.privacy import BLANK, TREATMENTS
from tests.privacy.encoders import ENCODERS
from tests.privacy.oracle import recoverable

ADDRESS = "jane.doe@example.com"
KEY = b"a key of my own, long enough"
AROUND = (
    "{}",
    "/t?email={}",
    "/t?utm_source=a&email={}&utm_medium=b",
    "/users/{}/orders",
    "https://example.org/login?next=%2Fcart%3Femail%3D{}%26a%3Db",
    '{{"mail": "{}"}}',
    "hello {}, welcome",
    "'{}'",
    "/account#mail={}",
)


def redacted(url: str, **others: object) -> str:
    """Return the page of a visitor, redacted."""
    (left,) = each_redacted([url], **others)
    return left


def each_redacted(urls: Iterable[str], **others: object) -> list[str]:
    """Return the pages of visitors, redacted."""
    here = [{"visitorId": f"{place}", "currentUrl": url, **others} for place, url in enumerate(urls)]
    body = json.dumps({"data": {"visitors": here}})
    return dfn.Snapshot.from_json(body).redacted(KEY).visitors["current_url"].to_list()


@pytest.mark.parametrize("encoding", ENCODERS)
def test_an_address_is_found_in_every_encoding(encoding: str) -> None:
    for left in each_redacted(around.format(ENCODERS[encoding](ADDRESS)) for around in AROUND):
        assert BLANK in left
        assert not recoverable(left, "jane.doe")
        assert not recoverable(left, "example.com")


@pytest.mark.parametrize("depth", range(1, 9))
@pytest.mark.parametrize("encoding", ["percent", "percent, every byte", "base64", "JSON", "HTML, decimal"])
def test_an_address_is_found_however_often_it_is_encoded(encoding: str, depth: int) -> None:
    text = ADDRESS
    for _ in range(depth):
        text = ENCODERS[encoding](text)
        if len(text) > 20_000:
            break
    left = redacted(f"/t?email={text}")
    assert BLANK in left
    assert not recoverable(left, "jane.doe")


@pytest.mark.parametrize(
    "written",
    [
        "jane%2Edoe@example%2Ecom",
        "jane.doe%u0040example.com",
        "jane.doe%25u0040example.com",
        r"jane.doe\x40example.com",
        r"jane.doe\100example.com",
        r"jane.doe\u{40}example.com",
        "jane.doe&#64example.com",
        "jane.doe&amp;#64;example.com",
        "jane.doe%26%2364%3Bexample.com",
        "jane.doe%26commat%3Bexample.com",
        "jane.doe=40example.com",
        "jane.doe%3D40example.com",
        "jane.doe＠example.com",
        "ｊａｎｅ．ｄｏｅ＠ｅｘａｍｐｌｅ．ｃｏｍ",
        "jane.doe%EF%BC%A0example.com",
        "jane.doe﹫example.com",
        "ja\u200bne.doe\u2060@exam\u00adple.com",
        "jane.o'brien@example.com",
        "jane=doe@example.com",
        "jane.doe+news@example.com",
        "JANE.DOE@EXAMPLE.COM",
        "jane.doe@[10.0.0.1]",
        "jane.doe@10.0.0.1",
        "jane.doe@[IPv6:2001:db8::1]",
        "jane.doe@intranet",
        "jane.doe@localhost",
        '"jane doe"@example.com',
        "%22jane%20doe%22%40example.com",
        "jane@xn--mller-kva.de",
        "jane@müller.de",
        "jané@müller.de",
        "jan%E9@example.com",
        "mailto:jane.doe@example.com",
        "jane=example.com@lists.example.org",
        "https://jane.doe:secret@example.com",
        "id_amFuZS5kb2VAZXhhbXBsZS5jb20",
        "v1-x-amFuZS5kb2VAZXhhbXBsZS5jb20-2026",
        "jane.doe @ example.com",
        "jane.doe@ example.com",
        "jane.doe%20%40%20example.com",
        "jane.doe+%40+example.com",
        "jane.doe(at)example.com",
        "jane.doe (AT) example.com",
        "jane.doe [at] example [dot] com",
        "jane.doe%20%28at%29%20example%20%28dot%29%20com",
        "jane.doe%C1%80example.com",
        "jane.doe%E0%81%80example%C0%AEcom",
        "jane.doe%F0%80%81%80example.com",
    ],
)
def test_an_address_is_found_in_whatever_form(written: str) -> None:
    everywhere = ("{}", "/t?email={}&a=b", '{{"mail": "{}"}}', "see {}.")
    for left in each_redacted(around.format(written) for around in everywhere):
        assert BLANK in left
        for part in ("jane", "jané", "brien", "doe", "amFuZ", "ZG9l"):
            assert part not in left.lower()


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256", "sha512"])
@pytest.mark.parametrize("written", [ADDRESS, "Jane.Doe@Example.com"])
def test_the_hash_of_a_known_address_is_blanked_out(kind: str, written: str) -> None:
    digest = hashlib.new(kind, ADDRESS.encode()).hexdigest()
    for around in ("/avatar/{}", "/t?next=%2Fa%3Fh%3D{}"):
        assert digest not in redacted(around.format(digest), customerEmail=written)
    other = hashlib.new(kind, b"john@example.com").hexdigest()
    assert redacted(f"/avatar/{other}", customerEmail=written) == f"/avatar/{other}"


@pytest.mark.parametrize(
    "text",
    [
        "https://www.example.com/pricing?plan=pro&utm_source=google&utm_medium=cpc#compare",
        "/blog/new-york-in-spring_2026.html",
        "/search?q=100%25%20cotton%20%26%20linen&size=40.5",
        "/%E3%83%96%E3%83%AD%E3%82%B0/caf%C3%A9",
        "/t?w=40&h=40px&d=2026-02-28T12%3A00%3A00Z",
        "/t?next=%2Fcart%3Fcoupon%3DSPRING%26step%3D2",
        "/o/65c2f0a1b2c3d4e5f6a7b8c9",
        "/o/123e4567-e89b-42d3-a456-426614174000",
        "/o/40404040404040404040404040404040",
        "/i/d41d8cd98f00b204e9800998ecf8427e",
        "/x?gclid=EAIaIQobChMI7Z_q8a2Z_AIVxgCtBh0kZgHkEAAYASAAEgKvmfD_BwE&fbclid=IwAR0kQ9Zs_x1-7Qk",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_ad",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
        '{"plan": "pro", "seats": 40, "note": "caf\\u00e9 \\"noir\\"", "path": "C:\\\\new\\\\x40"}',
        "https://www.youtube.com/@datafast/videos",
        "https://example.com/maps/@40.7,-74.0,12z",
        "https://cdn.example.com/react@18.2.0/logo@2x.png",
        "5 @ 3 for 2, thanks @jane",
        "dinner (at) eight, tea @ five",
        "/internationalization-and-localization/ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "Fish &amp; chips &copy; 2026",
        "&region=eu&copy=1&not=2",
    ],
)
def test_text_without_an_address_stays_as_it_is(text: str) -> None:
    assert redacted(text, customerEmail=ADDRESS, customerName="Ada Lovelace") == text


def test_images_and_ids_of_chance_are_no_addresses() -> None:
    chance = b"".join(hashlib.sha256(bytes([block, 7])).digest() for block in range(200))
    for text in (base64.b64encode(chance).decode(), chance.hex()):
        assert redacted(f"/i?data={text}") == f"/i?data={text}"


def test_what_is_encoded_without_end_is_blanked_as_a_whole() -> None:
    text = ADDRESS
    for _ in range(80):
        text = text.replace("&", "%26").replace("@", "&#64;").replace("%", "&#37;")
        if len(text) > 50_000:
            break
    assert redacted(f"/t?email={text}") in {BLANK, f"/t?email={BLANK}"}


@pytest.mark.parametrize(
    "text", ["%" * 5000, "%25" * 5000, "\\" * 5000, "QUFB" * 2000, "a@" * 3000, '"' * 3000 + "@", "ab " * 3000]
)
def test_text_made_to_be_slow_comes_to_an_end(text: str) -> None:
    assert len(redacted(text, customerName="Ab Ab " * 20)) <= max(len(text), len(BLANK))


TEXT_COLUMNS = sorted(name for name, treatment in TREATMENTS.items() if treatment != "name")


@pytest.mark.parametrize("column", TEXT_COLUMNS)
def test_no_column_keeps_an_address(column: str) -> None:
    written = "x jane.doe%2540example.com"
    frames = []
    for schema in (dfn.schema.VISITORS, dfn.schema.EVENTS, dfn.schema.PAYMENTS):
        row = dict.fromkeys(schema)
        if column in schema:
            row[column] = [written] if schema[column] == pl.List(pl.String) else written
        frames.append(pl.DataFrame([row], schema=schema))
    left = dfn.Snapshot(*frames).redacted(KEY)
    assert "jane" not in "".join(frame.write_json() for frame in (left.visitors, left.events, left.payments))


def test_every_column_of_text_has_its_treatment() -> None:
    schemas = {**dfn.schema.VISITORS, **dfn.schema.EVENTS, **dfn.schema.PAYMENTS}
    assert {name for name, dtype in schemas.items() if dtype in (pl.String, pl.List(pl.String))} == set(TREATMENTS)


LOCAL = st.from_regex(r"[a-z]{3,8}[._+'=-][a-zé]{3,8}", fullmatch=True)
DOMAIN = st.from_regex(r"[a-z]{4,8}(\.[a-z]{3,6})?\.(com|de|museum)", fullmatch=True)


@given(LOCAL, DOMAIN, st.lists(st.sampled_from(sorted(ENCODERS)), max_size=4), st.sampled_from(AROUND))
@example("jane.doe", "example.com", ["base64", "percent", "JavaScript", "base64url"], AROUND[1])
def test_no_chain_of_encodings_hides_an_address(local: str, domain: str, chain: list[str], around: str) -> None:
    text = f"{local}@{domain}"
    for encoding in chain:
        text = ENCODERS[encoding](text)
    if len(text) < 5_000:
        left = redacted(around.format(text))
        assert not recoverable(left, local)
        assert not recoverable(left, domain)
