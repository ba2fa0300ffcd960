"""What a session's file remembers does not depend on the order in which it heard of it."""

from hypothesis import given
from hypothesis import strategies as st

from dermatrace.device_clock import BOOTS_KEPT_MAX, WALL_CLOCK_MIN_MS
from dermatrace.journal.coverage import Coverage
from dermatrace.judge.file_state import FileState, ending_of, resting_names
from dermatrace_schemas.references import RegistryPin
from dermatrace_schemas.session import DeviceEvent
from support.visit_cases import ORDERLY, SESSION, with_chart

WALL_CLOCKS = st.none() | st.integers(0, 5).map(lambda step: WALL_CLOCK_MIN_MS + step * 60_000)


def _state() -> FileState:
    return FileState(SESSION, 1, 1, 0)


def _document(seq: int, boot: int, wall_time_ms: int | None) -> DeviceEvent:
    facts = {"kind": "device.event", "event": "alive", "boot_id": f"b{boot}"}
    times = {"seq": seq, "uptime_ms": seq * 1_000, "wall_time_ms": wall_time_ms}
    return DeviceEvent.model_validate(facts | times)


@st.composite
def _heard(draw: st.DrawFn) -> tuple[list[DeviceEvent], list[DeviceEvent]]:
    boots = draw(st.sampled_from((3, BOOTS_KEPT_MAX + 20)))
    clocks = draw(st.lists(WALL_CLOCKS, min_size=1, max_size=BOOTS_KEPT_MAX + 40))
    documents = [_document(seq, seq % boots, clock) for seq, clock in enumerate(clocks)]
    return documents, draw(st.permutations(documents))


@given(_heard())
def test_clocks_are_those_of_the_lowest_documents_in_whatever_order_they_come(
    heard: tuple[list[DeviceEvent], list[DeviceEvent]],
) -> None:
    in_order, mixed = _state(), _state()
    for document in heard[0]:
        in_order.note_clock(document)
    for document in heard[1]:
        mixed.note_clock(document)
    assert mixed.offset_ms == in_order.offset_ms
    assert len(mixed.offset_ms) <= BOOTS_KEPT_MAX
    assert mixed.offset_ms.keys() == mixed.offset_seqs.keys()


def test_clock_that_cannot_be_true_shows_nothing() -> None:
    state = _state()
    state.note_clock(_document(0, 0, WALL_CLOCK_MIN_MS - 1))
    assert state.offset_ms == {}


def test_of_an_erased_session_only_its_name_and_place_remain() -> None:
    state = _state()
    state.note_clock(_document(0, 0, WALL_CLOCK_MIN_MS))
    state.generation, state.conflicts, state.pinned_entry_id = 3, [1], 2
    assert state.erased() == FileState(SESSION, 1, 1, 0, is_erased=True)


def test_ending_tells_what_is_missing_lost_and_rejected() -> None:
    coverage = Coverage()
    for seq in (0, 1, 5):
        coverage.accept(seq, 0)
    coverage.reject(3, 0)
    coverage.declare(last=7, lost=[(6, 6)], ended=True, now_ms=0)
    state = _state()
    state.conflicts = [1]
    ending = ending_of(state, coverage, "matches")
    assert ending.expected_count == 8
    assert ending.missing == ((2, 2), (4, 4), (7, 7))
    assert (ending.lost, ending.rejected, ending.conflicts) == (((6, 6),), ((3, 3),), (1,))
    assert (ending.ended, ending.chain) == (True, "matches")


def test_context_rests_on_every_version_and_on_what_a_correction_wants() -> None:
    wanted = RegistryPin(
        registry_kind="protocol", registry_id="protocol-1", version="2", digest="e" * 64
    )
    names = resting_names(with_chart(registry_overrides=(wanted,)))
    assert names[0] == "device/device-1/1"
    assert "protocol/protocol-1/1" in names
    assert names[-1] == "e" * 64
    assert len(names) == len(ORDERLY.registry.pins) + 1
