"""An omission says exactly what is left out."""

import pytest

from dermatrace.simulator.omissions import Omission, OmissionKind, OmissionUnclearError


@pytest.mark.parametrize("kind", ["answer_missing", "answer_unknown"])
def test_omission_of_one_answer_without_its_question_is_refused(kind: OmissionKind) -> None:
    with pytest.raises(OmissionUnclearError, match=kind):
        Omission(kind)
    assert Omission(kind, "herpes").question == "herpes"


@pytest.mark.parametrize("kind", ["plan", "answers", "consent_late"])
def test_omission_of_anything_else_with_a_question_is_refused(kind: OmissionKind) -> None:
    with pytest.raises(OmissionUnclearError, match=kind):
        Omission(kind, "herpes")
