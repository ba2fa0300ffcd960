"""Verdicts read back from the journal, generation by generation."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dermatrace.journal.reader import JournalReader
from dermatrace.judge.chart import SessionId
from dermatrace.judge.index import Index
from dermatrace.judge.search import SessionQuery, search
from dermatrace.judge.session_detail import findings_of, zones_of
from dermatrace.judge.spot import Spot
from dermatrace.judge.verdict_reading import read_generations
from support.judged_clinic import LATE_CONSENT, MEDICAL, RUNNING, fill


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder as a judge leaves it."""
    folder = tmp_path_factory.mktemp("verdicts")
    fill(folder)
    return folder


@pytest.fixture
def reader(folder: Path) -> Iterator[JournalReader]:
    with JournalReader(folder / "journal.db") as open_reader:
        yield open_reader


def test_generations_come_oldest_first_with_their_cause_and_protocol(
    reader: JournalReader,
) -> None:
    told = read_generations(reader, SessionId("north-clinic", "pen-north-1", MEDICAL[1]))
    assert [one.number for one in told] == list(range(len(told)))
    assert [one.opened.cause for one in told if one.opened][:2] == ["live", "chart_fact"]
    protocol = told[-1].protocol
    assert protocol is not None
    assert protocol.registry_id == "example-medical-needling"
    assert told[-1].closed is not None
    assert told[-1].summaries[0].scope == "session"


def test_a_running_session_has_a_state_and_no_end(reader: JournalReader) -> None:
    (told,) = read_generations(reader, SessionId("south-clinic", "pen-south-1", RUNNING))
    assert told.closed is None
    assert told.state is not None
    assert (told.state.state, told.protocol) == ("running", None)


@pytest.mark.parametrize(
    "session",
    [
        SessionId("north-clinic", "pen-north-1", "absent"),
        SessionId("south-clinic", "pen-north-1", MEDICAL[1]),
    ],
)
def test_of_a_session_never_judged_there_is_none(reader: JournalReader, session: SessionId) -> None:
    assert read_generations(reader, session) == []


def test_record_and_index_number_and_tell_findings_alike(
    reader: JournalReader, folder: Path
) -> None:
    with Index(folder / "index.db", read_only=True) as index:
        for found in search(index, SessionQuery(state="closed")):
            session = SessionId(found.clinic, found.sender, found.stream_id)
            newest = read_generations(reader, session)[-1]
            assert newest.number == found.generation
            told = [(t.number, t.finding.rule, t.finding.sentence) for t in newest.findings]
            kept = findings_of(index, found.stream_row)
            assert told == [(f.number, f.rule, f.sentence) for f in kept]
            cleared = {t.number for t in newest.findings if t.cleared is not None}
            assert cleared == {f.number for f in kept if f.cleared}


def test_zones_of_the_index_add_up_to_what_the_verdict_says(
    reader: JournalReader, folder: Path
) -> None:
    with Index(folder / "index.db", read_only=True) as index:
        (found,) = search(index, SessionQuery(stream_id=LATE_CONSENT))
        zones = {zone.spot: zone for zone in zones_of(index, found.stream_row)}
    newest = read_generations(reader, SessionId(found.clinic, found.sender, LATE_CONSENT))[-1]
    told = {Spot(s.zone, s.laterality): s for s in newest.summaries if s.scope == "zone"}
    assert told.keys() == zones.keys()
    for spot, summary in told.items():
        assert zones[spot].totals == summary.totals
        assert zones[spot].adherence == summary.adherence.fraction
    whole = newest.summaries[0].totals
    assert sum(zone.delivered for zone in zones.values()) == whole.treatment_shot_count
