"""Every chart document can be found again by what it speaks of."""

from typing import Any, Final

import pytest

from dermatrace.judge.chart import FactKey, SessionId
from dermatrace.judge.filing import fact_name, key_of_name, names_of, session_name, visit_name
from dermatrace_schemas.catalogue import CHART_DOCUMENTS, kind_of
from dermatrace_schemas.chart import ChartDocument, VisitDocument
from dermatrace_schemas.limits import SEQ_MAX
from dermatrace_schemas.parse import parse
from dermatrace_schemas.references import DocumentKey, SessionKey
from support.vectors import example_bytes, with_changes

KINDS: Final = tuple(kind_of(document) for document in CHART_DOCUMENTS)
SESSION: Final = {"sender": "pen-1", "stream_id": "s-1"}
OTHER: Final = {"sender": "pen-2", "stream_id": "s-1"}
FINDINGS: Final = [
    {"session": session, "rule": "data.gap", "envelope": "none"}
    for session in (SESSION, OTHER, SESSION)
]
OF_SESSION: Final = "session/pen-1/s-1"


def filed(kind: str, **changes: object) -> list[str]:
    """Return the names of a document of this kind."""
    document = parse("chart", with_changes(kind, **changes))
    assert isinstance(document, ChartDocument)
    return list(names_of(document))


def earlier(stream_class: str) -> dict[str, Any]:
    """Return the key of a document that is corrected."""
    return {"sender": "pen-1", "stream_class": stream_class, "stream_id": "s-1", "seq": 4}


@pytest.mark.parametrize("kind", KINDS)
def test_document_of_any_kind_is_filed_under_its_visit_first(kind: str) -> None:
    assert filed(kind, visit_id="v-1")[0] == "visit/v-1"


@pytest.mark.parametrize("document", [d for d in CHART_DOCUMENTS if issubclass(d, VisitDocument)])
def test_document_of_a_visit_is_filed_under_nothing_else(document: type[ChartDocument]) -> None:
    plan: dict[str, object] = {"plan": {}} if kind_of(document) == "chart.plan" else {}
    assert filed(kind_of(document), visit_id="v-1", **plan) == ["visit/v-1"]


@pytest.mark.parametrize(
    ("kind", "facts", "names"),
    [
        ("chart.attach", {"session": SESSION}, [OF_SESSION]),
        ("chart.zone_reattribution", {"session": SESSION}, [OF_SESSION]),
        ("chart.justification", {"findings": FINDINGS}, [OF_SESSION, "session/pen-2/s-1"]),
        ("chart.acknowledgement", {"findings": FINDINGS}, [OF_SESSION, "session/pen-2/s-1"]),
        ("chart.correction", {"earlier": earlier("session")}, [OF_SESSION]),
        ("chart.correction", {"earlier": earlier("chart")}, ["chart/pen-1/s-1/4"]),
        ("chart.correction", {"earlier": earlier("registry")}, []),
        ("chart.correction", {"earlier": earlier("verdict")}, []),
        ("chart.note", {"session": SESSION}, []),
        ("chart.signature", {"session": SESSION}, []),
    ],
)
def test_document_without_a_visit_is_filed_under_what_it_speaks_of(
    kind: str, facts: dict[str, object], names: list[str]
) -> None:
    assert filed(kind, visit_id=None, **facts) == names
    assert filed(kind, visit_id="v-1", **facts) == ["visit/v-1", *names]


@pytest.mark.parametrize("kind", KINDS)
def test_no_document_is_filed_twice_under_a_name(kind: str) -> None:
    document = parse("chart", example_bytes(kind))
    assert isinstance(document, ChartDocument)
    names = list(names_of(document))
    assert len(names) == len(set(names))


def test_session_has_one_name_however_it_is_named() -> None:
    ours = session_name(SessionId("north-clinic", "pen-1", "s-1"))
    assert ours == session_name(SessionKey(sender="pen-1", stream_id="s-1")) == OF_SESSION


def test_names_of_different_things_differ_even_where_their_ids_do_not() -> None:
    names = {
        visit_name("x"),
        session_name(SessionId("north-clinic", "x", "x")),
        fact_name(FactKey("x", "x", 0)),
    }
    assert len(names) == 3


@pytest.mark.parametrize("key", [FactKey("desk", "v.1-g", 0), FactKey("d", "a" * 160, SEQ_MAX)])
def test_name_of_a_document_leads_back_to_it(key: FactKey) -> None:
    expected = DocumentKey(
        sender=key.sender, stream_class="chart", stream_id=key.stream_id, seq=key.seq
    )
    assert key_of_name(fact_name(key)) == expected


@pytest.mark.parametrize("name", ["visit/v-1", "visit/chart", OF_SESSION, "session/chart/0"])
def test_name_of_something_else_leads_to_no_document(name: str) -> None:
    assert key_of_name(name) is None
