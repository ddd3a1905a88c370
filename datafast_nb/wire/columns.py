"""The values of records, column by column, whether or not the records fit their types."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any, Final, get_args

import msgspec
import polars as pl
from msgspec import Raw, Struct
from msgspec.structs import astuple

from datafast_nb.schema import TIMESTAMP, Column
from datafast_nb.wire.problems import Deadline, Place, Problems
from datafast_nb.wire.records import ABSENT, FEW_DISTINCT, NULL, Identifier, Int64, Moment


class Columns:
    """The columns of decoded records.

    Parameters
    ----------
    records
        The records, all of one type.
    path
        Their place in the response, as a JSON path.
    rows
        The index of each record in its list; None for a single record outside any list.
    """

    def __init__(self, records: Sequence[Any], path: str, rows: Sequence[int] | None) -> None:
        self._path = path
        self._rows = rows
        self._objects: dict[str, Sequence[Any]] = {"": records}
        self._fields: dict[str, dict[str, list[Any]]] = {}  # of the objects in a field
        self._numbers: dict[str, pl.Series] = {}  # of each record's object, where the distinct ones are kept

    @classmethod
    def fitting(cls, records: Sequence[Any], path: str, rows: Sequence[int] | None) -> Columns:
        """Return the columns of records, with the objects in them that are few decoded as well.

        Raises
        ------
        msgspec.ValidationError
            One of these objects does not fit.
        """
        columns = cls(records, path, rows)
        for source, kind in FEW_DISTINCT.items():
            if records and source in records[0].__struct_fields__:
                texts, columns._numbers[source] = distinct(columns._members(source))
                columns._objects[source] = [part or ABSENT[source] for part in list_of(kind | None, texts)]
        return columns

    def place(self, source: str) -> Place:
        """Return the place of a field's values in the response."""
        return Place(self._path, self._rows, f".{source}")

    def values(self, column: Column) -> Sequence[Any] | pl.Series:
        """Return a column's values, null where there are none."""
        values = self._members(column.source)
        parent = column.source.rpartition(".")[0]
        if parent == "system":
            values = [value if value is None or value.__class__ is str else value.label() for value in values]
        if parent in self._numbers:
            return pl.Series(column.name, values, dtype=column.dtype)[self._numbers[parent]]
        return values

    def _members(self, source: str) -> list[Any]:
        """Return the content of a field of each record, or of each distinct object."""
        parent, _, name = source.rpartition(".")
        if parent not in self._fields:
            self._fields[parent] = _contents(self._parts(parent))
        return self._fields[parent].get(name.removeprefix("_"), [])

    def _parts(self, source: str) -> Sequence[Any]:
        """Return the objects in a field of the records, each decoded once."""
        if source not in self._objects:
            absent = ABSENT[source]
            self._objects[source] = [part or absent for part in self._members(source)]
        return self._objects[source]


def _contents(objects: Sequence[Any]) -> dict[str, list[Any]]:
    """Return the values of each field of objects of one type; all fields at once, which takes a third of the time."""
    if not objects:
        return {}
    names = objects[0].__struct_fields__
    values = list(chain.from_iterable(map(astuple, objects)))
    return {name: values[place :: len(names)] for place, name in enumerate(names)}


def distinct(raws: Sequence[Raw] | pl.Series) -> tuple[list[bytes], pl.Series]:
    """Return the distinct JSON values, and the number among them of each value."""
    texts = b"\0".join(raws).split(b"\0") if len(raws) else []  # no value holds this control character
    number = {text: row for row, text in enumerate(dict.fromkeys(texts))}
    return list(number), pl.Series(list(map(number.__getitem__, texts)), dtype=pl.UInt32)


class SalvagedColumns(Columns):
    """The columns of records with values that do not fit: each field is decoded for all records at once.

    Parameters
    ----------
    records
        Structs of `unread` types.
    kind
        The type that the records should have.
    path, rows
        As for `Columns`.
    problems
        Collects the values that do not fit.
    deadline
        When all must be read by.
    """

    def __init__(
        self,
        records: Sequence[Any],
        kind: type[Struct],
        path: str,
        rows: Sequence[int] | None,
        problems: Problems,
        deadline: Deadline,
    ) -> None:
        super().__init__(records, path, rows)
        self._kinds = {"": kind}
        self._fitting: set[str] = set()  # the fields whose objects fit their type
        self._problems = problems
        self._deadline = deadline

    def values(self, column: Column) -> Sequence[Any] | pl.Series:
        """Return a column's values; those that do not fit become null and are noted as problems."""
        self._deadline.check()
        raws = self._members(column.source)
        if column.source.rpartition(".")[0] in self._fitting:
            return super().values(column)
        if column.source.startswith("system."):
            return self._labels(raws, column)
        if column.source.rpartition(".")[2] in _LEFT_RAW:
            return raws
        return self._salvaged(raws, column)

    def _parts(self, source: str) -> Sequence[Any]:
        if source not in self._objects:
            parent, _, name = source.rpartition(".")
            raws = self._members(source)
            if parent in self._fitting:
                self._fitting.add(source)
                return super()._parts(source)
            self._kinds[source] = kind = FEW_DISTINCT.get(source) or member_struct(self._kinds[parent], name)
            absent: Struct = ABSENT[source]
            try:
                parts = list_of(kind | None, raws)
                self._fitting.add(source)
            except msgspec.ValidationError:
                texts = pl.Series(texts_of(raws), dtype=pl.String)
                wrong = ~texts.str.contains(r"^(?:\{|null$)")
                self._problems.note(self.place(source), "an object", wrong, texts)
                parts, absent = list_in(unread(kind) | None, ",".join(texts.set(wrong, "null"))), unread(kind)()
            self._objects[source] = [part or absent for part in parts]
        return self._objects[source]

    def _labels(self, raws: list[Raw], column: Column) -> Sequence[Any] | pl.Series:
        """Return the labels of a part of the systems, which is an object or text."""
        name = column.source.rpartition(".")[2]
        self._parts("system")
        kind = member_struct(self._kinds["system"], name)
        (label,) = kind.__struct_fields__
        whole = texts_of(raws)
        here = [text[0] == "{" for text in whole]
        objects = ",".join([text if each else "null" for text, each in zip(whole, here, strict=True)])
        parts = list_in(unread(kind) | None, objects)
        texts = [getattr(part, label) if part else raw for raw, part in zip(raws, parts, strict=True)]
        return self._salvaged(texts, column, (f"{column.source}.{label}", pl.Series(here, dtype=pl.Boolean)))

    def _salvaged(
        self, raws: list[Raw], column: Column, elsewhere: tuple[str, pl.Series] | None = None
    ) -> Sequence[Any] | pl.Series:
        """Return the values of a field, decoded at once, or by their form where that fails.

        `elsewhere` is another field, and flags of the values that are in that field.
        """
        kind, expected = _kind(column)
        texts = texts_of(raws)
        try:
            return list_in(kind, ",".join(texts))
        except msgspec.ValidationError:
            pass
        json = pl.Series(texts, dtype=pl.String)
        held: Sequence[Any] | pl.Series
        if _BEGINNINGS[kind].isdisjoint({text[0] for text in texts}):
            held, wrong = [None] * len(texts), json != "null"
        else:
            held, wrong = _read_by_form(texts, kind)
        if elsewhere is not None:
            source, there = elsewhere
            self._problems.note(self.place(source), expected, wrong & there, json)
            wrong &= ~there
        self._problems.note(self.place(column.source), expected, wrong, json)
        return held


_LEFT_RAW: Final = ("extraData", "dimensionMatches")


@cache
def unread(kind: type[Struct]) -> type[Struct]:
    """Return the same type of record with every field left undecoded."""
    fields = msgspec.structs.fields(kind)
    return msgspec.defstruct(
        f"Unread{kind.__name__}",
        [(field.name, Raw, msgspec.field(name=field.encode_name, default=NULL)) for field in fields],
        gc=False,
    )


def member_struct(kind: type[Struct], name: str) -> type[Struct]:
    """Return the type of the object in a field."""
    (field,) = (field for field in msgspec.structs.fields(kind) if field.encode_name == name)
    members = (field.type, *get_args(field.type))
    return next(member for member in members if isinstance(member, type) and issubclass(member, Struct))


@cache
def decoder(kind: Any) -> msgspec.json.Decoder[Any]:  # noqa: ANN401 - any type of the structs
    """Return the decoder of a type; it also reads numbers that are written as text."""
    return msgspec.json.Decoder(kind, strict=False)


def list_of(kind: Any, values: Sequence[Raw | bytes]) -> list[Any]:  # noqa: ANN401
    """Decode many JSON values of one type at once."""
    return list_in(kind, b",".join(values))


def list_in(kind: Any, joined: str | bytes) -> list[Any]:  # noqa: ANN401
    """Decode JSON values of one type that are separated by commas."""
    text = f"[{joined}]" if isinstance(joined, str) else b"[" + joined + b"]"
    decoded: list[Any] = decoder(list[kind]).decode(text)
    return decoded


def is_object(raw: Raw) -> bool:
    """Return whether a JSON value is an object."""
    return bytes(memoryview(raw)[:1]) == b"{"


def texts_of(raws: Sequence[Raw] | pl.Series) -> list[str]:
    """Return JSON values as text; all at once, as none holds the control character that separates them here."""
    return b"\0".join(raws).decode().split("\0") if len(raws) else []


def _kind(column: Column) -> tuple[Any, str]:
    """Return the type of a column's values in the response, and its name in plain words."""
    if column.name in _IDENTIFIERS:
        return Identifier | None, "text"
    if column.dtype == TIMESTAMP:
        return Moment | None, "an RFC 3339 time"
    return _KINDS[column.dtype]


_IDENTIFIERS: Final = ("visitor_id", "user_id", "event_id", "payment_id")
_KINDS: Final[dict[pl.DataType, tuple[Any, str]]] = {
    pl.String(): (str | None, "text"),
    pl.Float64(): (float | None, "a number"),
    pl.Int64(): (Int64 | None, "a whole number of 64 bits"),
    pl.Boolean(): (bool | None, "true or false"),
}

_QUOTED_OR_NUMBER: Final = frozenset('"-0123456789')
_BEGINNINGS: Final[dict[Any, frozenset[str]]] = {
    str | None: frozenset('"'),
    Identifier | None: _QUOTED_OR_NUMBER,
    Moment | None: _QUOTED_OR_NUMBER,
    float | None: _QUOTED_OR_NUMBER,
    Int64 | None: _QUOTED_OR_NUMBER,
    bool | None: frozenset('"tf01'),
}
"""The first characters of the JSON of values that a column may hold."""

_NUMBER: Final = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$"
_WHOLE: Final = r"^-?(?:0|[1-9][0-9]*)$"
_EXACT: Final = 2.0**53  # up to here each whole number has its own float


def _read_by_form(texts: list[str], kind: Any) -> tuple[pl.Series, pl.Series]:  # noqa: ANN401
    """Read JSON values as a type where their form allows it, as the decoder would; also return which are wrong."""
    read = list_in(str | None, ",".join(text if text[0] == '"' else "null" for text in texts))
    values = pl.DataFrame({"json": texts, "text": read}, schema={"json": pl.String, "text": pl.String})
    quoted, is_null = pl.col("text").is_not_null(), pl.col("json") == "null"
    text = pl.coalesce("text", "json")
    number = text.str.contains(_NUMBER)
    form: pl.Expr
    if kind == str | None:
        form = pl.when(quoted).then(text)
    elif kind == Identifier | None:
        form = pl.when(quoted).then(text).when(number).then(_id(text))
    elif kind == Moment | None:
        form = pl.when(quoted | number).then(text)
    else:
        is_null |= quoted & (text.str.to_lowercase() == "null")
        form = _flag(text) if kind == bool | None else _float(text) if kind == float | None else _whole(text)
    held, wrong = values.select(form.alias("held"), wrong=form.is_null() & ~is_null)
    return held, wrong


def _float(text: pl.Expr) -> pl.Expr:
    """Read finite numbers."""
    value = pl.when(text.str.contains(_NUMBER)).then(text).cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value)


def _whole(text: pl.Expr) -> pl.Expr:
    """Read whole numbers, also those written as 3.0 or 3e2."""
    value = _float(text)
    exact = pl.when(value.abs() <= _EXACT).then(value).cast(pl.Int64, strict=False)
    exact = pl.when(exact == value).then(exact)
    return pl.when(text.str.contains(_WHOLE)).then(text.cast(pl.Int64, strict=False)).otherwise(exact)


def _flag(text: pl.Expr) -> pl.Expr:
    """Read Booleans, also those written as 0 and 1."""
    word = text.str.to_lowercase()
    return pl.when(word.is_in(["true", "1"])).then(True).when(word.is_in(["false", "0"])).then(False)


def _id(text: pl.Expr) -> pl.Expr:
    """Return a number as text: its digits unchanged, or without a redundant fraction or exponent."""
    whole = pl.when(~text.str.contains(_WHOLE)).then(_whole(text)).cast(pl.String)
    return pl.coalesce(whole, text.replace("-0", "0"))
