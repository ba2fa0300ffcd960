"""What panels make of answers: frames as the data source makes them, and each transformation."""

from typing import Any

import pytest

from support.grafana_frames import NS_PER_MS, Frame, TransformationError, frames_of, transformed
from support.influx_org import Series

TABLE = {"refId": "A", "resultFormat": "table"}


def _series(zone: str, at_ms: int, rate: float) -> Series:
    return Series("window", {"zone": zone}, ("time", "Rate"), ((at_ms * NS_PER_MS, rate),))


def _frame(ref_id: str = "A", **columns: list[Any]) -> list[Frame]:
    """Return a table with these columns beside a time that counts from 1."""
    length = len(next(iter(columns.values())))
    rows = zip(range(1, length + 1), *columns.values(), strict=True)
    values = tuple((at * NS_PER_MS, *row) for at, *row in rows)
    series = Series("window", {}, ("time", *columns), values)
    return frames_of({"refId": ref_id, "resultFormat": "table"}, [series])


def _rows(frames: list[Frame], *transformations: dict[str, Any]) -> list[dict[str, Any]]:
    (frame,) = transformed(frames, transformations)
    return frame.rows()


def _organize(**options: dict[str, Any]) -> dict[str, Any]:
    given = {"excludeByName": {}, "indexByName": {}, "renameByName": {}, **options}
    return {"id": "organize", "options": given}


def test_groups_become_one_table_with_a_column_a_tag() -> None:
    frames = frames_of(TABLE, [_series("chin", 1, 100), _series("nose", 2, 110)])
    assert _rows(frames) == [
        {"Time": 1, "zone": "chin", "Rate": 100},
        {"Time": 2, "zone": "nose", "Rate": 110},
    ]


def test_groups_become_a_series_each_named_by_the_alias() -> None:
    target = {"refId": "A", "resultFormat": "time_series", "alias": "$tag_zone [[col]] of $m"}
    frames = frames_of(target, [_series("chin", 1, 100), _series("nose", 2, 110)])
    shown = [frame.fields[1].shown for frame in frames]
    assert shown == ["chin Rate of window", "nose Rate of window"]
    assert [frame.fields[1].values for frame in frames] == [[100], [110]]


def test_alias_of_a_tag_that_is_not_there_stays_visible() -> None:
    target = {"refId": "A", "alias": "$tag_side"}
    (frame,) = frames_of(target, [_series("chin", 1, 100)])
    assert frame.fields[1].shown == "$tag_side"


def test_empty_answer_is_no_frame() -> None:
    assert frames_of(TABLE, []) == []


def test_columns_are_put_in_order_renamed_and_left_out() -> None:
    organized = _organize(
        excludeByName={"Time": True}, indexByName={"b": 0, "a": 1}, renameByName={"a": "A"}
    )
    (row,) = _rows(_frame(a=[1], b=[2]), organized)
    assert list(row.items()) == [("b", 2), ("A", 1)]


@pytest.mark.parametrize("option", ["excludeByName", "indexByName", "renameByName"])
def test_name_that_is_not_there_is_refused(option: str) -> None:
    with pytest.raises(TransformationError, match="no zone"):
        transformed(_frame(a=[1]), [_organize(**{option: {"zone": "x"}})])


def test_transformation_of_one_query_leaves_the_others_alone() -> None:
    renamed = {
        **_organize(renameByName={"a": "changed"}),
        "filter": {"id": "byRefId", "options": "B"},
    }
    first, second = transformed([*_frame("A", a=[1]), *_frame("B", a=[2])], [renamed])
    assert ("a" in first.rows()[0], "changed" in second.rows()[0]) == (True, True)


def test_join_makes_a_row_for_every_key_that_any_query_has() -> None:
    joined = {"id": "joinByField", "options": {"byField": "key", "mode": "outer"}}
    frames = [*_frame("A", key=["x", "y"], a=[1, 2]), *_frame("B", key=["y", "z"], b=[3, 4])]
    rows = _rows(frames, joined, _organize(excludeByName={"Time": True}))
    assert [(row["key"], row["a"], row["b"]) for row in rows] == [
        ("x", 1, None),
        ("y", 2, 3),
        ("z", None, 4),
    ]


def test_join_by_a_column_that_one_of_them_lacks_is_refused() -> None:
    joined = {"id": "joinByField", "options": {"byField": "key", "mode": "outer"}}
    with pytest.raises(TransformationError, match="no key"):
        transformed([*_frame("A", key=["x"]), *_frame("B", other=["x"])], [joined])


def test_rows_without_a_value_are_filtered_out() -> None:
    kept = {"fieldName": "a", "config": {"id": "isNotNull", "options": {}}}
    filtered = {"id": "filterByValue", "options": {"filters": [kept], "type": "include"}}
    assert [row["a"] for row in _rows(_frame(a=[1, None, 3]), filtered)] == [1, 3]


def test_days_are_added_up_to_months_and_divided() -> None:
    days = ((0, 1, 2), (30, 3, 4), (31, 9, 10))
    values = tuple((day * 86_400_000 * NS_PER_MS, within, told) for day, within, told in days)
    frames = frames_of(TABLE, [Series("window", {}, ("time", "within", "told"), values)])
    grouped = {
        "Time": {"aggregations": [], "operation": "groupby"},
        "within": {"aggregations": ["sum"], "operation": "aggregate"},
        "told": {"aggregations": ["sum"], "operation": "aggregate"},
    }
    rows = _rows(
        frames,
        {"id": "formatTime", "options": {"timeField": "Time", "outputFormat": "YYYY-MM"}},
        {"id": "groupBy", "options": {"fields": grouped}},
        _share("within (sum)", "told (sum)"),
    )
    assert [(row["Time"], row["Share"]) for row in rows] == [
        ("1970-01", pytest.approx(4 / 6)),
        ("1970-02", pytest.approx(9 / 10)),
    ]


def _share(left: str, right: str) -> dict[str, Any]:
    binary = {
        "left": {"matcher": {"id": "byName", "options": left}},
        "operator": "/",
        "right": {"matcher": {"id": "byName", "options": right}},
    }
    return {"id": "calculateField", "options": {"alias": "Share", "binary": binary}}


def test_share_of_nothing_is_nothing() -> None:
    assert _rows(_frame(a=[1], b=[0]), _share("a", "b"))[0]["Share"] is None


def test_calculation_with_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(TransformationError, match="no b"):
        transformed(_frame(a=[1]), [_share("a", "b")])
