"""A history in an object store: moto's server speaks S3 on loopback."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import datafast_nb as dfn
from datafast_nb.history import lock
from tests.history.moments import IDS, demo, demos, shown

LOOPBACK = {
    "AWS_ALLOW_HTTP": "true",
    "AWS_ACCESS_KEY_ID": "loopback",
    "AWS_SECRET_ACCESS_KEY": "loopback",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONDITIONAL_PUT": "etag",
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Start moto's server in a process of its own: Delta Lake may wait for it with the interpreter's lock held."""
    line = [sys.executable, "-c", "from moto.server import main; main(['-H', '127.0.0.1', '-p', '0'])"]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = next(each for each in process.stderr if "http://" in each)
        threading.Thread(target=process.stderr.read, daemon=True).start()  # or it would wait for its log to be read
        yield told.partition("Running on ")[2].strip()
        process.kill()


@pytest.fixture(scope="module")
def store(endpoint: str) -> Iterator[None]:
    """Say in the environment where the store is."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {**LOOPBACK, "AWS_ENDPOINT_URL": endpoint}.items():
            environment.setenv(name, value)
        yield


@pytest.fixture
def url(store: None, request: pytest.FixtureRequest) -> str:
    return in_bucket(f"b{zlib.crc32(request.node.name.encode())}")


@pytest.fixture(scope="module")
def recorded(store: None) -> str:
    """Return where two moments are recorded, for tests that leave it as they find it."""
    url = in_bucket("recorded")
    with dfn.History(url) as history:
        history.append(demo(0))
        history.append(demo(60))
    return url


def in_bucket(name: str) -> str:
    """Return a URL in a new bucket."""
    import boto3

    boto3.client("s3").create_bucket(Bucket=name)
    return f"s3://{name}/site"


def holds(history: dfn.History, *times: float) -> None:
    snapshots = demos(times)
    for kind in ("events", "payments"):
        assert sorted(getattr(history, kind)().collect()[IDS[kind]]) == shown(snapshots, kind)
    for found, given in zip(history.snapshots(), snapshots, strict=True):
        assert found.visitors.sort("visitor_id").equals(given.visitors.sort("visitor_id"))


def test_it_is_recorded_read_and_gone_on_with(url: str) -> None:
    with dfn.History(url) as history:
        for each in demos([0, 60]):
            history.append(each)
        assert not history.append(demo(0)).new
    with dfn.History(url) as history:
        history.append(demo(120))
        history._writer._tidy(thoroughly=True)  # type: ignore[union-attr]
        holds(history, 0, 60, 120)


def test_a_second_writer_is_refused_until_the_first_lets_go(url: str) -> None:
    first, second = dfn.History(url), dfn.History(url)
    first.append(demo(0))
    with pytest.raises(dfn.HistoryInUseError, match="claim"):
        second.append(demo(60))
    first.append(demo(60))
    first.close()
    second.append(demo(120))
    holds(second, 0, 60, 120)


def test_a_writer_that_slept_through_its_claim_is_shut_out(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeper, other = dfn.History(url), dfn.History(url)
    sleeper.append(demo(0))
    monkeypatch.setattr(lock, "LEASE", 0.0)
    other.append(demo(60))
    for _ in range(2):
        with pytest.raises(dfn.HistoryInUseError, match="taken over"):
            sleeper.append(demo(500))
    sleeper.close()
    other.append(demo(500))
    holds(other, 0, 60, 500)


@pytest.mark.parametrize("answers", [False, True], ids=["refuses", "never answers"])
def test_a_store_that_cannot_be_reached_is_reported_soon(answers: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:  # the system accepts what connects; nobody reads it
        host, port = listening.getsockname()
        for name, value in {**LOOPBACK, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}.items():
            monkeypatch.setenv(name, value)
        if not answers:
            listening.close()
        options = {"timeout": "300ms", "max_retries": "1"} if answers else None
        history = dfn.History("s3://bucket/site", storage_options=options)
        for ask in (history.info, lambda: history.append(demo(0))):
            with pytest.raises(dfn.HistoryStorageError, match="could not be reached"):
                ask()


def test_the_key_of_pseudonyms_is_not_put_there(url: str) -> None:
    with pytest.raises(dfn.HistoryKeyError, match="DATAFAST_HISTORY_KEY"):
        dfn.History(url, redact=True).append(demo(0))
    with dfn.History(url, redact=b"a key of my own, long enough") as history:
        assert history.append(demo(0)).new


@contextmanager
def without(url: str, table: str, what: str) -> Iterator[None]:
    """Remove objects of a table whose names hold a word, and put them back."""
    import boto3

    client, bucket = boto3.client("s3"), url.split("/")[2]
    keys = [entry["Key"] for entry in client.list_objects_v2(Bucket=bucket, Prefix=f"site/{table}/")["Contents"]]
    removed = {key: client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys if what in key}
    for key in removed:
        client.delete_object(Bucket=bucket, Key=key)
    yield
    for key, body in removed.items():
        client.put_object(Bucket=bucket, Key=key, Body=body)


def everything(url: str) -> dict[str, str]:
    import boto3

    found = boto3.client("s3").list_objects_v2(Bucket=url.split("/")[2])["Contents"]
    return {entry["Key"]: entry["ETag"] for entry in found}


@pytest.mark.parametrize("table", ["visitors", "events", "payments", "polls"])
@pytest.mark.parametrize("what", ["/", "_delta_log", ".parquet"], ids=["table", "log", "data"])
def test_what_is_missing_is_reported_and_nothing_is_touched(recorded: str, table: str, what: str) -> None:
    with without(recorded, table, what):
        before = everything(recorded)
        for ask in ("append", "check", table):
            with dfn.History(recorded) as opened, pytest.raises(dfn.HistoryFormatError, match=table):
                opened.append(demo(120)) if ask == "append" else getattr(opened, ask)()
        assert everything(recorded) == before
