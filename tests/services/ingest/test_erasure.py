"""What an order to erase takes away, what it leaves, and what it does to what comes later."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey
from dermatrace.journal.verify import verify
from dermatrace.journal.writer import Journal
from dermatrace_schemas.digest import registry_digest
from dermatrace_schemas.limits import SEQ_MAX
from dermatrace_schemas.registry import RegistrySeriesPlan
from dermatrace_schemas.system import ENTRY_RANGES_PER_ERASED_MAX
from dermatrace_schemas.verdict_streams import verdict_stream_id
from support.pipeline_bench import SESSION, PipelineBench, alive, held
from support.vectors import example, with_changes

MARKER = "marker-f00d"
SUBJECT, OTHER = "subj-marker-x", "subj-other-y"
CHART = StreamKey("north-clinic", "console-1", "chart", "c-1")
REGISTRY = StreamKey("north-clinic", "tools-1", "registry", "r-1")
VERDICT = StreamKey("north-clinic", "judge-1", "verdict", "pen-7.s-1.g0")
OTHER_SESSION = SESSION._replace(stream_id="s-2")


def order(
    seq: int = 0, *, subject: str | None = None, streams: tuple[StreamKey, ...] = ()
) -> bytes:
    named = [key._asdict() for key in streams] or None
    return with_changes("registry.erasure", seq=seq, subject_id=subject, streams=named)


def started(seq: int = 0, *, plan: dict[str, str] | None = None) -> bytes:
    return with_changes("session.started", seq=seq, plan=plan)


def marked(seq: int) -> bytes:
    return alive(seq, detail=MARKER)


def plan(seq: int, visit: str, subject: str) -> bytes:
    content = {"subject_id": subject, "indication": MARKER}
    return with_changes("chart.plan", seq=seq, visit_id=visit, plan=content)


def attach(seq: int, visit: str | None, session: StreamKey = SESSION) -> bytes:
    named = {"sender": session.sender, "stream_id": session.stream_id}
    return with_changes("chart.attach", seq=seq, visit_id=visit, session=named, reason=MARKER)


def note(seq: int, visit: str | None, session: StreamKey | None = None) -> bytes:
    named = session and {"sender": session.sender, "stream_id": session.stream_id}
    return with_changes("chart.note", seq=seq, visit_id=visit, session=named, text=MARKER)


def kept(bench: PipelineBench, key: StreamKey) -> list[int | None]:
    """Return the numbers of a stream whose payload is still there."""
    with JournalReader(bench.path) as reader:
        record = reader.stream(key)
        entries = reader.read_stream(record.row) if record else []
    return [entry.seq for entry in entries if entry.payload is not None]


def assert_marker_is_gone(bench: PipelineBench) -> None:
    assert MARKER.encode() not in bench.raw()


def test_stream_is_erased_from_file_and_wal_and_settled_for_ever(bench: PipelineBench) -> None:
    bench.send(*(marked(seq) for seq in range(50)))
    assert MARKER.encode() in bench.raw()
    bench.send(order(streams=(SESSION,)), to=REGISTRY)
    assert_marker_is_gone(bench)
    report = bench.verify()
    (order_entry,) = [entry for entry in bench.entries("accepted") if entry.payload is not None]
    assert report.erased_by_order == {order_entry.entry_id: 50}
    receipt = bench.receipt()
    assert receipt.next_seq == SEQ_MAX + 1
    assert receipt.complete is not None
    assert receipt.complete.entry_id == order_entry.entry_id


def test_later_arrivals_of_an_erased_stream_are_counted_and_not_stored(
    bench: PipelineBench,
) -> None:
    bench.send(marked(0))
    bench.send(order(streams=(SESSION,)), to=REGISTRY)
    count = len(bench.entries())
    for _ in range(2):
        taken = bench.send(marked(0), marked(1), b'{"seq":2,"marker-f00d', MARKER.encode())
        assert taken.fates == {"erased": 4}
        bench.reopen()
    assert len(bench.entries()) == count
    assert bench.record().erased_count == 8
    assert_marker_is_gone(bench)


def test_outbox_of_an_erased_stream_changes_nothing_and_is_told_so(bench: PipelineBench) -> None:
    bench.send(marked(0))
    bench.send(order(streams=(SESSION,)), to=REGISTRY)
    bench.account(held(last=5, lost=((3, 4),), ended=True))
    assert bench.receipt().complete is not None


def test_order_that_comes_before_the_data_holds(bench: PipelineBench) -> None:
    bench.send(order(streams=(SESSION,)), to=REGISTRY)
    assert bench.send(marked(0)).fates == {"erased": 1}
    assert_marker_is_gone(bench)


def test_order_sent_again_is_a_duplicate(bench: PipelineBench) -> None:
    bench.send(marked(0))
    bench.send(order(streams=(SESSION,)), to=REGISTRY)
    assert bench.send(order(streams=(SESSION,)), to=REGISTRY).fates == {"duplicate": 1}
    assert len(bench.system("system.erased")) == 1


def test_second_order_finds_nothing_and_the_first_stays_the_proof(bench: PipelineBench) -> None:
    bench.send(marked(0))
    bench.send(order(0, streams=(SESSION,)), to=REGISTRY)
    bench.send(order(1, streams=(SESSION,)), to=REGISTRY)
    first, second = bench.system("system.erased")
    assert (first["erased_stream_count"], first["erased_payload_count"]) == (1, 1)
    assert (second["erased_stream_count"], second["erased_payload_count"]) == (0, 0)
    assert bench.record().erased_by == first["order_entry_id"]


def test_order_never_erases_an_order(bench: PipelineBench) -> None:
    bench.send(order(0, streams=(SESSION,)), to=REGISTRY)
    bench.send(order(1, streams=(REGISTRY,)), to=REGISTRY)
    assert kept(bench, REGISTRY) == [0, 1]


def test_order_with_more_ranges_than_one_document_takes_is_stated_in_several(
    bench: PipelineBench,
) -> None:
    count = ENTRY_RANGES_PER_ERASED_MAX + 50
    for seq in range(count):
        bench.send(marked(seq))
        bench.send(alive(seq), to=OTHER_SESSION)
    bench.send(order(streams=(SESSION,)), to=REGISTRY)
    stated = bench.system("system.erased")
    assert [document["erased_stream_count"] for document in stated] == [1, 0]
    assert sum(document["erased_payload_count"] for document in stated) == count
    assert_marker_is_gone(bench)
    assert len(kept(bench, OTHER_SESSION)) == count


def test_verdicts_on_an_erased_session_go_too_also_later_ones(bench: PipelineBench) -> None:
    verdict = with_changes("verdict.opened", seq=0)
    other = VERDICT._replace(stream_id="pen-7.s-12.g0")
    bench.send(marked(0))
    bench.send(verdict, to=VERDICT)
    bench.send(verdict, to=other)
    bench.send(order(streams=(SESSION,)), to=REGISTRY)
    assert (kept(bench, VERDICT), kept(bench, other)) == ([], [0])
    later = VERDICT._replace(stream_id="pen-7.s-1.g1")
    assert bench.send(verdict, to=later).fates == {"erased": 1}
    assert bench.receipt(later).complete is not None
    bench.reopen()
    assert bench.send(verdict, to=VERDICT._replace(stream_id="pen-7.s-1.g2")).fates == {"erased": 1}


@pytest.mark.parametrize("characters", [3, 151, 152, 153, 160])
def test_verdicts_go_however_long_the_name_of_the_session_is(
    bench: PipelineBench, characters: int
) -> None:
    session = SESSION._replace(stream_id="s" * characters)
    verdict = with_changes("verdict.opened", seq=0)
    streams = [
        VERDICT._replace(stream_id=verdict_stream_id("pen-7", session.stream_id, generation))
        for generation in (0, 9, 10, 11)
    ]
    other = VERDICT._replace(stream_id=verdict_stream_id("pen-7", "t" * characters, 0))
    bench.send(marked(0), to=session)
    for stream in (*streams[:3], other):
        bench.send(verdict, to=stream)
    bench.send(order(streams=(session,)), to=REGISTRY)
    assert [kept(bench, stream) for stream in streams[:3]] == [[], [], []]
    assert kept(bench, other) == [0]
    bench.reopen()
    assert bench.send(verdict, to=streams[3]).fates == {"erased": 1}
    late = VERDICT._replace(stream_id=verdict_stream_id("pen-7", "t" * characters, 1))
    assert bench.send(verdict, to=late).fates == {"stored": 1}


def test_subjects_documents_go_and_those_of_others_in_the_same_sitting_stay(
    bench: PipelineBench,
) -> None:
    bench.send(
        plan(0, "v-1", SUBJECT),
        plan(1, "v-2", OTHER),
        note(2, "v-1"),
        note(3, "v-2"),
        with_changes("chart.consent", seq=4, visit_id="v-1"),
        to=CHART,
    )
    bench.send(order(subject=SUBJECT), to=REGISTRY)
    assert kept(bench, CHART) == [1, 3]
    assert bench.record(CHART).erased_by is None
    assert bench.receipt(CHART).next_seq == 5


def test_session_attached_to_a_visit_of_the_subject_goes_whole(bench: PipelineBench) -> None:
    bench.send(started(0), marked(1))
    bench.send(started(0), to=OTHER_SESSION)
    bench.send(plan(0, "v-1", SUBJECT), attach(1, "v-1"), to=CHART)
    bench.send(plan(2, "v-2", OTHER), attach(3, "v-2", OTHER_SESSION), to=CHART)
    bench.send(order(subject=SUBJECT), to=REGISTRY)
    assert (kept(bench, SESSION), kept(bench, OTHER_SESSION)) == ([], [0])
    assert bench.receipt().complete is not None


def test_session_whose_own_plan_names_the_subject_goes_whole(bench: PipelineBench) -> None:
    bench.send(started(0, plan={"subject_id": SUBJECT}), marked(1))
    bench.send(order(subject=SUBJECT), to=REGISTRY)
    assert kept(bench, SESSION) == []
    assert_marker_is_gone(bench)


def test_session_attached_to_somebody_else_in_the_end_stays(bench: PipelineBench) -> None:
    bench.send(started(0), alive(1))
    bench.send(plan(0, "v-1", SUBJECT), plan(1, "v-2", OTHER), to=CHART)
    bench.send(attach(2, "v-1"), attach(3, "v-2"), to=CHART)
    bench.send(order(subject=SUBJECT), to=REGISTRY)
    assert kept(bench, SESSION) == [0, 1]
    assert kept(bench, CHART) == [1, 3], "the mistaken attach spoke of the subject's visit"


def test_session_taken_away_from_the_visit_stays(bench: PipelineBench) -> None:
    bench.send(started(0))
    bench.send(plan(0, "v-1", SUBJECT), attach(1, "v-1"), attach(2, None), to=CHART)
    bench.send(order(subject=SUBJECT), to=REGISTRY)
    assert kept(bench, SESSION) == [0]


def test_session_that_named_the_subject_by_mistake_loses_only_that_document(
    bench: PipelineBench,
) -> None:
    bench.send(started(0, plan={"subject_id": SUBJECT}), alive(1))
    bench.send(plan(0, "v-2", OTHER), attach(1, "v-2"), to=CHART)
    bench.send(order(subject=SUBJECT), to=REGISTRY)
    assert kept(bench, SESSION) == [1]


def test_visit_replanned_for_somebody_else_stays(bench: PipelineBench) -> None:
    bench.send(plan(0, "v-1", SUBJECT), plan(1, "v-1", OTHER), note(2, "v-1"), to=CHART)
    bench.send(order(subject=SUBJECT), to=REGISTRY)
    assert kept(bench, CHART) == [1, 2]


def test_device_does_not_outvote_people_about_whose_visit_it_is(bench: PipelineBench) -> None:
    bench.send(plan(0, "v-1", OTHER), note(1, "v-1"), to=CHART)
    bench.send(started(0, plan={"subject_id": SUBJECT, "visit_id": "v-1"}))
    bench.send(order(subject=SUBJECT), to=REGISTRY)
    assert kept(bench, CHART) == [0, 1]
    assert kept(bench, SESSION) == []


def test_documents_about_an_erased_session_and_their_corrections_go(bench: PipelineBench) -> None:
    finding = example("chart.justification")["findings"][0]
    finding["session"] = {"sender": "pen-7", "stream_id": "s-1"}
    bench.send(started(0))
    bench.send(plan(0, "v-1", SUBJECT), attach(1, "v-1"), to=CHART)
    bench.send(
        note(2, None, SESSION),
        with_changes("chart.justification", seq=3, visit_id=None, findings=[finding]),
        correction(4, corrected=2),
        correction(5, corrected=4),
        correction(6, corrected=99),
        to=CHART,
    )
    bench.send(order(subject=SUBJECT), to=REGISTRY)
    assert kept(bench, CHART) == [6]


def correction(seq: int, *, corrected: int) -> bytes:
    earlier = {**CHART._asdict(), "seq": corrected}
    del earlier["clinic"]
    return with_changes(
        "chart.correction", seq=seq, earlier=earlier, replacement=None, reason=MARKER
    )


def test_series_plan_of_the_subject_goes(bench: PipelineBench) -> None:
    document: dict[str, Any] = example("registry.series_plan")
    document["content"]["subject_id"] = SUBJECT
    document |= {"seq": 0, "digest": registry_digest(document["content"])}
    assert RegistrySeriesPlan.model_validate_json(json.dumps(document)).seq == 0
    bench.send(json.dumps(document).encode(), to=REGISTRY)
    bench.send(order(1, subject=SUBJECT), to=REGISTRY)
    assert kept(bench, REGISTRY) == [1]


def test_conflicting_and_unreadable_bytes_that_name_the_subject_go(bench: PipelineBench) -> None:
    bench.send(plan(0, "v-1", SUBJECT), note(1, "v-2"), to=CHART)
    bench.send(plan(1, "v-1", SUBJECT), to=CHART)  # the number is taken
    broken = b'{"seq":2,"kind":"chart.plan","plan":{"subject_id":"%s"},' % SUBJECT.encode()
    bench.send(broken, b"?" + broken, to=CHART)
    bench.send(broken, to="dermatrace/v2/north-clinic/console-1/chart/c-1")
    bench.send(order(subject=SUBJECT), to=REGISTRY)
    named = [entry for entry in bench.entries() if SUBJECT.encode() in (entry.payload or b"")]
    assert [entry.topic for entry in named] == ["dermatrace/v1/north-clinic/tools-1/registry/r-1"]
    assert kept(bench, CHART) == [1]


@pytest.mark.parametrize(
    "late",
    [
        plan(5, "v-9", SUBJECT),
        note(5, "v-1"),
        attach(5, "v-1"),
        note(5, None, SESSION),
        correction(5, corrected=0),
        b'{"seq":5,"subject_id":"%s",' % SUBJECT.encode(),
    ],
    ids=["subject", "visit", "attach", "session", "correction", "unreadable"],
)
def test_late_document_under_an_erased_name_is_counted_and_its_payload_erased(
    bench: PipelineBench, late: bytes
) -> None:
    bench.send(started(0))
    bench.send(plan(0, "v-1", SUBJECT), attach(1, "v-1"), to=CHART)
    bench.send(order(subject=SUBJECT), to=REGISTRY)
    bench.reopen()
    assert bench.send(late, to=CHART).fates == {"erased": 1}
    assert late not in bench.raw()
    assert kept(bench, CHART) == []
    assert bench.record(CHART).erased_count == 1
    assert 5 in bench.record(CHART).coverage.settled
    assert bench.send(late, to=CHART).fates == {"duplicate": 1}


def test_late_document_that_names_somebody_else_beside_the_erased_visit_stays(
    bench: PipelineBench,
) -> None:
    bench.send(plan(0, "v-1", SUBJECT), to=CHART)
    bench.send(order(subject=SUBJECT), to=REGISTRY)
    assert bench.send(plan(1, "v-1", OTHER), to=CHART).fates == {"stored": 1}


def test_session_attached_after_the_erasure_of_its_subject_goes_too(bench: PipelineBench) -> None:
    bench.send(started(0), marked(1))
    bench.send(plan(0, "v-1", SUBJECT), to=CHART)
    bench.send(order(subject=SUBJECT), to=REGISTRY)
    assert kept(bench, SESSION) == [0, 1]
    bench.send(attach(1, "v-1"), to=CHART)
    assert kept(bench, SESSION) == []
    assert bench.send(marked(2)).fates == {"erased": 1}
    assert_marker_is_gone(bench)


def test_session_that_names_an_erased_subject_is_erased_from_there_on(
    bench: PipelineBench,
) -> None:
    bench.send(order(subject=SUBJECT), to=REGISTRY)
    taken = bench.send(marked(1), started(0, plan={"subject_id": SUBJECT}), marked(2))
    assert taken.fates == {"stored": 1, "erased": 2}
    assert kept(bench, SESSION) == []
    assert_marker_is_gone(bench)
    assert bench.receipt().complete is not None


def test_subject_never_heard_of_is_no_error(bench: PipelineBench) -> None:
    bench.send(order(subject=SUBJECT), to=REGISTRY)
    (stated,) = bench.system("system.erased")
    assert (stated["erased_stream_count"], stated["erased_payload_count"]) == (0, 0)


def test_rejected_order_erases_nothing(bench: PipelineBench) -> None:
    bench.send(marked(0))
    bench.send(order(streams=(SESSION,))[:-1], to=REGISTRY)
    assert kept(bench, SESSION) == [0]


def test_crash_between_commit_and_checkpoint_leaves_nothing_once_reopened(tmp_path: Path) -> None:
    with PipelineBench(tmp_path / "journal.db") as bench:
        bench.send(*(marked(seq) for seq in range(50)))
        with JournalReader(bench.path) as reader, reader.snapshot():
            # A reader in the way keeps the checkpoint from happening: what lies on disk now is
            # what a crash right after the commit would leave.
            reader.head()
            bench.send(order(streams=(SESSION,)), to=REGISTRY)
            crashed = tmp_path / "crashed" / "journal.db"
            crashed.parent.mkdir()
            for suffix in ("", "-wal"):
                source = bench.path.with_name(bench.path.name + suffix)
                shutil.copy(source, crashed.with_name(crashed.name + suffix))
        left = b"".join(path.read_bytes() for path in crashed.parent.iterdir())
        assert MARKER.encode() in left
        Journal(crashed, bench.clock).close()
        left = b"".join(path.read_bytes() for path in crashed.parent.iterdir())
        assert MARKER.encode() not in left
        report = verify(crashed)
        assert (report.is_intact, report.erased_count) == (True, 50)
        bench.send(alive(0), to=OTHER_SESSION)
        assert_marker_is_gone(bench)
