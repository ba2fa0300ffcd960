"""Identifiers are taken at their word or not at all."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from dermatrace_schemas import identifiers

GOOD = [
    (identifiers.ClinicId, "riverside-2"),
    (identifiers.SenderId, "0"),
    (identifiers.StreamId, "pen-01.s-7.g0"),
    (identifiers.StreamId, "a" * 160),
    (identifiers.RegistryId, "acne_scars.v2"),
    (identifiers.ZoneCode, "upper-lip"),
    (identifiers.BootId, "Boot_1.a-B"),
    (identifiers.SubjectId, "4k2m9q"),
    (identifiers.Sha256Hex, "0f" * 32),
    (identifiers.Salt, "A" * 16),
]
BAD = [
    (identifiers.ClinicId, ""),
    (identifiers.ClinicId, "Riverside"),
    (identifiers.ClinicId, "-riverside"),
    (identifiers.ClinicId, "riverside\n"),
    (identifiers.SenderId, "a" * 64),
    (identifiers.SenderId, "pen.01"),
    (identifiers.StreamId, "a" * 161),
    (identifiers.StreamId, "a/b"),
    (identifiers.StreamId, "ä"),
    (identifiers.RegistryId, "a b"),
    (identifiers.ZoneCode, "1-cheek"),
    (identifiers.BootId, "a" * 65),
    (identifiers.SubjectId, "short"),
    (identifiers.Sha256Hex, "0F" * 32),
    (identifiers.Sha256Hex, "0" * 63),
    (identifiers.Salt, "tooshort"),
    (identifiers.Salt, "with spaces in between"),
]


@pytest.mark.parametrize(("kind", "text"), GOOD)
def test_identifier_that_matches_is_kept_as_it_is(kind: Any, text: str) -> None:  # noqa: ANN401  annotated types
    assert TypeAdapter(kind).validate_python(text) == text


@pytest.mark.parametrize(("kind", "text"), BAD)
def test_identifier_that_does_not_match_is_refused(kind: Any, text: str) -> None:  # noqa: ANN401  annotated types
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(text)


def test_recorder_has_a_name_a_sender_could_have() -> None:
    sender: TypeAdapter[str] = TypeAdapter(identifiers.SenderId)
    assert sender.validate_python(identifiers.RECORDER_SENDER) == "dermatrace"
