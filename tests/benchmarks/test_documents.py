"""What is sent is what a pen sends: readable, numbered, of the size the page names."""

from benchmarks import documents
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.parse import parse


def test_documents_of_a_session_are_read_by_the_recorder() -> None:
    payloads = (documents.started(), documents.windows(1), documents.stopped(2))
    kinds = [getattr(parse("session", payload), "kind", "") for payload in payloads]
    assert kinds == ["session.started", "needling.windows", "session.stopped"]


def test_message_holds_ten_windows_in_about_850_bytes() -> None:
    payload = documents.windows(900)
    document = parse("session", payload)
    assert isinstance(document, NeedlingWindows)
    assert (document.seq, len(document.offset_ms)) == (900, 10)
    assert 800 <= len(payload) <= 900
