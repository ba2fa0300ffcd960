"""The numbers of the contract fit together."""

from dermatrace_schemas import limits


def test_every_limit_is_positive_and_says_what_it_means() -> None:
    numbers = {name: value for name, value in vars(limits).items() if name.isupper()}
    assert numbers
    assert all(value > 0 for value in numbers.values())


def test_offline_windows_span_no_more_than_four_seconds() -> None:
    assert limits.WINDOWS_PER_DOCUMENT_MAX * 200 <= 4_000


def test_sequence_numbers_last_longer_than_a_week_at_one_a_second() -> None:
    assert limits.SEQ_MAX > 7 * 86_400


def test_outbox_silence_doubles_towards_its_ceiling() -> None:
    assert limits.RECEIPT_SILENCE_MS < limits.RECEIPT_SILENCE_MAX_MS
    assert limits.REFUSED_WAIT_MS <= limits.RECEIPT_SILENCE_MAX_MS
