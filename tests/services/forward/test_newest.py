"""Which judgement of each session is the newest, as of an entry."""

from dermatrace.forward.newest import newest_generations
from dermatrace.journal.reader import JournalReader
from support.forward_journal import OTHER, PEN, HandJournal
from support.pipeline_bench import FakeArrival


def _newest(journal: HandJournal, session: str, up_to_entry_id: int = 1_000) -> int:
    with JournalReader(journal.bench.path) as reader:
        return newest_generations(reader, up_to_entry_id)("north-clinic", "pen-7", session)


def test_newest_is_the_highest_whatever_came_last(journal: HandJournal) -> None:
    for generation in (0, 2, 1):
        journal.judge(0, "opened", generation)
    journal.judge(0, "opened", 4, key=OTHER)
    assert _newest(journal, PEN.stream_id) == 2
    assert _newest(journal, OTHER.stream_id) == 4
    assert _newest(journal, "never judged") == -1


def test_judgement_that_begins_after_the_entry_does_not_count(journal: HandJournal) -> None:
    for generation in range(3):
        journal.judge(0, "opened", generation)
    assert _newest(journal, PEN.stream_id, 2) == 1
    assert _newest(journal, PEN.stream_id, 0) == -1


def test_judgement_without_its_first_document_does_not_count(journal: HandJournal) -> None:
    journal.judge(0, "opened", 0)
    journal.judge(1, "finding_raised", 1)
    assert _newest(journal, PEN.stream_id) == 0


def test_erased_judgement_does_not_count(journal: HandJournal) -> None:
    journal.judge(0, "opened", 0)
    journal.order(PEN)
    assert _newest(journal, PEN.stream_id) == -1


def test_nobody_but_the_judge_counts(journal: HandJournal) -> None:
    payload = journal.verdict_payload(0, "opened", PEN)
    topic = "dermatrace/v1/north-clinic/pen-8/verdict/pen-7.s-1.g0"
    journal.bench.run(FakeArrival(topic, payload))
    assert _newest(journal, PEN.stream_id) == -1
