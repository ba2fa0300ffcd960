"""Whom and what a message speaks of, as far as an erasure must be able to find it again.

Names look like `visit:north/v-1` and go into the journal's index of mentions beside the entry.
"""

import re
from typing import Final

from pydantic import BaseModel

from dermatrace.ingest.decode import Message
from dermatrace_schemas.catalogue import CHART_DOCUMENTS
from dermatrace_schemas.chart import ChartAttach, ChartDocument, ChartPlan
from dermatrace_schemas.chart_review import ChartCorrection
from dermatrace_schemas.references import DocumentKey, SessionKey
from dermatrace_schemas.registry import RegistrySeriesPlan
from dermatrace_schemas.session import Plan, SessionStarted
from dermatrace_schemas.topics import sender_of

SUBJECT: Final = "subject:"
"""A treated person. Pseudonyms are issued for the whole installation, so no clinic stands here."""
VISIT: Final = "visit:"
ATTACHED: Final = "session:"
"""A session that the entry attaches to a visit, or takes away from one."""
ABOUT: Final = "about:"
"""A session that the entry says something of."""
DOCUMENT: Final = "document:"
"""The entry's own place in its chart stream ..."""
CORRECTS: Final = "corrects:"
"""... and that of the document it corrects."""

SPEAKING: Final = frozenset({*CHART_DOCUMENTS, SessionStarted, RegistrySeriesPlan})
"""The documents that can name anybody; most of what is recorded cannot."""
_NAMED = re.compile(rb'"(subject|visit)_id"\s*:\s*"([a-z0-9][a-z0-9.-]{0,159})"')


def mentions_of(message: Message) -> set[str]:
    """Return every name a message gives, also one that was not understood."""
    document = message.document
    if document is None:
        return _in_bytes(message)
    if type(document) not in SPEAKING or message.stream is None:
        return set()
    clinic = message.stream.clinic
    if isinstance(document, ChartDocument):
        own = f"{DOCUMENT}{'/'.join(message.stream)}/{document.seq}"
        return {own, *_in_chart(document, clinic)}
    if isinstance(document, SessionStarted):
        return _in_plan(document.plan, clinic)
    if isinstance(document, RegistrySeriesPlan):
        return {f"{SUBJECT}{document.content.subject_id}"}
    return set()


def session_name(prefix: str, clinic: str, sender: str, stream_id: str) -> str:
    """Return the name of a session, as ATTACHED or ABOUT."""
    return f"{prefix}{clinic}/{sender}/{stream_id}"


def _in_chart(document: ChartDocument, clinic: str) -> set[str]:
    found = _in_plan(document.plan, clinic) if isinstance(document, ChartPlan) else set()
    if document.visit_id is not None:
        found.add(f"{VISIT}{clinic}/{document.visit_id}")
    prefix = ATTACHED if isinstance(document, ChartAttach) else ABOUT
    for session in _sessions_in(document):
        found.add(session_name(prefix, clinic, session.sender, session.stream_id))
    if isinstance(document, ChartCorrection):
        for key in (document.earlier, document.replacement):
            if key is not None:
                found.add(_corrected(key, clinic))
    return found


def _in_plan(plan: Plan | None, clinic: str) -> set[str]:
    found: set[str] = set()
    if plan is not None and plan.subject_id is not None:
        found.add(f"{SUBJECT}{plan.subject_id}")
    if plan is not None and plan.visit_id is not None:
        found.add(f"{VISIT}{clinic}/{plan.visit_id}")
    return found


def _sessions_in(document: BaseModel) -> list[SessionKey]:
    named = [getattr(document, "session", None)]
    named += [finding.session for finding in getattr(document, "findings", ())]
    return [session for session in named if session is not None]


def _corrected(key: DocumentKey, clinic: str) -> str:
    if key.stream_class == "session":
        return session_name(ABOUT, clinic, key.sender, key.stream_id)
    return f"{CORRECTS}{clinic}/{key.sender}/{key.stream_class}/{key.stream_id}/{key.seq}"


def _in_bytes(message: Message) -> set[str]:
    """Look for names in bytes that were not understood: they were kept and may still be read."""
    speaker = sender_of(message.topic_text)
    clinic = "" if speaker is None else speaker[0]
    return {
        f"{SUBJECT}{name.decode()}" if what == b"subject" else f"{VISIT}{clinic}/{name.decode()}"
        for what, name in _NAMED.findall(message.payload)
    }
