"""The published questions can be asked on any form."""

from collections import Counter

import pytest
from pydantic import TypeAdapter

from dermatrace_schemas.questions import QUESTIONS, Question, QuestionCode


def test_no_code_is_listed_twice() -> None:
    counts = Counter(question.code for question in QUESTIONS)
    assert [code for code, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.code)
def test_question_has_a_valid_code_and_ends_with_a_question_mark(question: Question) -> None:
    codes: TypeAdapter[str] = TypeAdapter(QuestionCode)
    assert codes.validate_python(question.code) == question.code
    assert question.text.endswith("?")


def test_what_matters_to_radio_frequency_alone_is_marked() -> None:
    rf_only = {question.code for question in QUESTIONS if question.rf_only}
    assert rf_only == {"active_implant", "metal_in_field", "silicone_in_field"}
