"""Rows as typed frames: what means the same becomes it, nothing turns silently into null."""

from __future__ import annotations

import io
import json

import polars as pl
import pytest

from samegoal_sync.qmlativ.errors import AnswerBroken
from samegoal_sync.qmlativ.reading.page_body import parse_page
from samegoal_sync.qmlativ.reading.typed_rows import typed_frame

_SCHEMA = pl.Schema({"ID": pl.Int64(), "Flag": pl.Boolean(), "Text": pl.String()})


@pytest.mark.parametrize(
    ("field", "sent", "kept"),
    [
        ("ID", "12", 12), ("ID", " 12 ", 12), ("ID", "", None), ("ID", 12.0, 12),
        ("ID", None, None),
        ("Flag", 1, True), ("Flag", 0, False), ("Flag", "False", False), ("Flag", "", None),
        ("Text", 7, "7"), ("Text", True, "true"), ("Text", " padded ", " padded "),
        ("Text", "", ""),
    ],
)  # fmt: skip
def test_what_means_the_same_becomes_it(field: str, sent: object, kept: object) -> None:
    # The second row makes polars refuse the page, so that this one is read by hand.
    rows = [{"ID": 1, field: sent}, {"ID": "2", "Flag": True}]
    frame, mistyped = typed_frame(json.dumps(rows).encode(), _SCHEMA, "x")
    assert frame[field].to_list()[0] == kept
    assert not mistyped


@pytest.mark.parametrize(
    ("field", "sent"),
    [("ID", "x"), ("ID", "1.5"), ("ID", [1]), ("ID", 7.9), ("ID", True), ("ID", "true"),
     ("ID", 2**63), ("ID", -(2**63) - 1), ("ID", 10**30), ("ID", 1e300), ("ID", str(2**63)),
     ("Flag", "maybe"), ("Flag", 2), ("Text", {"a": 1})],
)  # fmt: skip
def test_what_can_not_be_held_is_counted(field: str, sent: object) -> None:
    rows = [{"ID": "1", field: sent}]
    frame, mistyped = typed_frame(json.dumps(rows).encode(), _SCHEMA, "x")
    assert frame[field].to_list() == [None]
    assert mistyped == {field: 1}


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63) + 1, 0, 7.0, 12])
def test_whole_numbers_of_64_bits_are_kept(number: float) -> None:
    frame, mistyped = typed_frame(json.dumps([{"ID": number}]).encode(), _SCHEMA, "x")
    assert (frame["ID"].to_list(), dict(mistyped)) == ([int(number)], {})


def test_a_row_whose_key_is_no_number_is_left_out_and_counted_and_the_page_is_still_full() -> None:
    body = json.dumps({"Objects": [{"ID": 1}, {"ID": 7.9}], "Paging": {"Next": None}})
    page = parse_page(io.BytesIO(body.encode()), 1, 2, _SCHEMA, "x")
    assert (page.rows["ID"].to_list(), page.sent, page.mistyped) == ([1], 2, {"ID": 1})


def test_text_of_all_scripts_is_kept() -> None:
    text = 'Zoë O\u2019Neill "Łódź" 李 \U0001f600 \\ / \u0000 ] }'
    body = json.dumps({"Objects": [{"ID": 1, "Text": text}], "Paging": {"Next": None}})
    page = parse_page(io.BytesIO(body.encode()), 1, 10, _SCHEMA, "x")
    assert page.rows["Text"].to_list() == [text]


@pytest.mark.parametrize(
    "body",
    [
        '{"Paging":{"Next":"/Custom/1/A/B/2/10"},"Objects":[{"ID":1}]}',
        '{"Objects":[{"ID":1}],"Paging":{"Next":"/Custom/1/A/B/2/10"}}',
        ' {"Paging" : {"Next" : "/Custom/1/A/B/2/10?x=1"} , "Objects" : [ {"ID":1} ] } ',
        '{"Paging":{"Next":"/Custom/1/A/B/2/10","Note":"\\"Objects\\":[1]"},"Objects":[{"ID":1}]}',
        '{"Paging":{"Next":"/Custom/1/A/B/2/10","Odd":[1]},"Objects":[{"ID":1}],"More":[{}]}',
        '{"Odd":{"Objects":[]},"Paging":{"Next":"/Custom/1/A/B/2/10"},"Objects":[{"ID":1}]}',
    ],
)
def test_any_order_and_spacing_is_read(body: str) -> None:
    page = parse_page(io.BytesIO(body.encode()), 1, 10, _SCHEMA, "x")
    assert page.rows["ID"].to_list() == [1]
    assert page.next == (2, 10)


@pytest.mark.parametrize(
    "paging", ["null", "{}", '{"Next":null}', '{"Next":""}', '{"Next":"/Custom/1/A/B/1/10"}']
)
def test_every_way_to_say_that_nothing_follows(paging: str) -> None:
    body = f'{{"Paging":{paging},"Objects":[{{"ID":1}}]}}'
    assert parse_page(io.BytesIO(body.encode()), 1, 10, _SCHEMA, "x").next is None


@pytest.mark.parametrize("body", ['{"Paging":{}}', '{"Paging":{},"Objects":null}'])
def test_a_page_past_the_end_holds_no_rows(body: str) -> None:
    assert parse_page(io.BytesIO(body.encode()), 9, 10, _SCHEMA, "x").rows.is_empty()


@pytest.mark.parametrize(
    "body", ["", "[]", "<html>", '{"a":1}', '{"Paging":{},"Objects":[{"ID":1}', '{"Objects":[1]}',
             '{"Paging":{},"Objects":[{"Text":"no key"}]}']
)  # fmt: skip
def test_what_is_no_page_is_broken(body: str) -> None:
    with pytest.raises(AnswerBroken):
        parse_page(io.BytesIO(body.encode()), 1, 10, _SCHEMA, "x")


@pytest.mark.parametrize(
    ("sent", "mistyped"),
    [(b"1.5", 1), (b"true", 1), (b"99999999999999999999", 1), (b"1e3", 0), (b"1.0", 0)],
)
def test_what_polars_takes_without_a_word_is_counted(sent: bytes, mistyped: int) -> None:
    """docs/consistency.md, last point: if polars changes here, the page must."""
    _, counts = typed_frame(b'[{"A": %b}]' % sent, pl.Schema({"A": pl.Int64()}), "x")
    assert counts.total() == mistyped


@pytest.mark.parametrize(
    ("escaped", "held"),
    [
        (r"ab\ud83d", "ab\ufffd"),
        (r"\uDC00\uD800ab", "\ufffd\ufffdab"),
        (r"\ud83dab\ude00", "\ufffdab\ufffd"),
        (r"\ud83d\ude00 \u00e9", "\U0001f600 \u00e9"),
    ],
)
def test_half_a_character_is_marked_as_damage_and_stops_nothing(escaped: str, held: str) -> None:
    schema = pl.Schema({"NameID": pl.Int64(), "LastName": pl.String()})
    rows = f'[{{"NameID": 1, "LastName": "{escaped}"}}, {{"NameID": 2, "LastName": "Rivera"}}]'
    frame, mistyped = typed_frame(rows.encode(), schema, "Demographics/Name")
    assert frame["LastName"].to_list() == [held, "Rivera"]
    assert not mistyped
