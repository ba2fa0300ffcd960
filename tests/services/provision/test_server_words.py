"""What a server says of an error is found, whatever shape it has."""

import pytest

from dermatrace.provision.server_words import WORDS_MAX, words_of


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"code": "invalid", "message": "bucket not found"}', "bucket not found"),
        ('{"error": "database not found: x"}', "database not found: x"),
        ('[{"message": "title is required"}, "and more"]', "title is required; and more"),
        ('["a message", 3]', "a message; 3"),
        ("a message in plain words\n", "a message in plain words"),
        ("null", "None"),
        (b"caf\xe9", "caf\ufffd"),
        ("", ""),
        (None, ""),
    ],
)
def test_words_are_found_in_any_shape(body: str | bytes | None, words: str) -> None:
    assert words_of(body) == words


def test_words_are_cut_to_a_line_or_two() -> None:
    assert len(words_of("<p>\n" * 1_000)) == WORDS_MAX
