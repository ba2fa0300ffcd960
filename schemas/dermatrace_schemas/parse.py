"""Bytes to document, or a precise reason why not.

pydantic reads the bytes in strict mode and finds every wrong type, unknown member and bad number.
What remains is what any JSON reader would change without a word: a member given twice (the last
would win), and an integer too large for a double. Two counts show of nearly every document that it
holds neither; only where they do not is it read a second time. Nothing is ever repaired.
"""

import json
import re
from functools import cache
from typing import Annotated, Any, Final, NoReturn, Union

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from dermatrace_schemas import catalogue
from dermatrace_schemas.limits import (
    DOCUMENT_MAX_BYTES,
    INTEGER_MAGNITUDE_MAX,
    REGISTRY_DOCUMENT_MAX_BYTES,
    SEQ_MAX,
)
from dermatrace_schemas.settling import RejectionReason

_SEQ_FIRST: Final = re.compile(rb'^\s*\{\s*"seq"\s*:\s*(0|[1-9][0-9]{0,6})\s*[,}]')
# 2^53 has sixteen digits: no integer in a document without such a run can be beyond it.
_LONG_INTEGER: Final = b"0" * 16
_DIGITS_TO_ZERO: Final = bytes.maketrans(b"123456789", b"000000000")
_NAMES: Final = re.compile(rb'"([^"]*)"\s*:')
_INTEGER_DIGITS_MAX: Final = 40
_DETAIL_MAX: Final = 500
_PATH_MAX: Final = 200


class Unreadable(ValueError):
    """The bytes are not the document they should be.

    Attributes:
        reason: one of `RejectionReason`.
        path: dotted path of the member at fault, empty if the whole message is.
        seq: the sequence number if it could be recovered, else None.
    """

    def __init__(self, reason: RejectionReason, detail: str, path: str = "") -> None:
        super().__init__(detail[:_DETAIL_MAX])
        self.reason: RejectionReason = reason
        self.path = path[:_PATH_MAX]
        self.seq: int | None = None

    @property
    def detail(self) -> str:
        """What is wrong, in one sentence, at most 500 characters."""
        return str(self)


def parse(message_class: str, payload: bytes) -> BaseModel:
    """Read one document of a topic's class.

    Raises Unreadable; every other exception would be a fault of ours.
    """
    try:
        document = _parse(message_class, payload)
    except Unreadable as unreadable:
        # A document that gives its number twice has none: settling either could be the wrong one.
        if (unreadable.reason, unreadable.path) != ("duplicate_member", "seq"):
            unreadable.seq = recover_seq(payload)
        raise
    return document


def read_again(message_class: str, payload: bytes) -> BaseModel:
    """Read a document that `parse` has accepted before; what it looks for besides is not asked.

    Raises ValidationError if it cannot be read any more.
    """
    document: BaseModel = _reader(message_class).validate_json(payload)
    return document


def recover_seq(payload: bytes) -> int | None:
    """Return the sequence number of a broken document, if it is the first member and in range."""
    match = _SEQ_FIRST.match(payload)
    if match is None:
        return None
    seq = int(match.group(1))
    return seq if seq <= SEQ_MAX else None


def size_limit_bytes(message_class: str) -> int:
    """Return the largest payload of a class, in bytes."""
    return REGISTRY_DOCUMENT_MAX_BYTES if message_class == "registry" else DOCUMENT_MAX_BYTES


def _parse(message_class: str, payload: bytes) -> BaseModel:
    limit_bytes = size_limit_bytes(message_class)
    if len(payload) > limit_bytes:
        raise Unreadable("too_large", f"{len(payload)} bytes, at most {limit_bytes} are taken")
    try:
        document: BaseModel = _reader(message_class).validate_json(payload)
    except ValidationError as error:
        _refuse(message_class, error)
    if _may_change(payload):
        _check_nothing_changes(payload)
    return document


@cache
def _reader(message_class: str) -> TypeAdapter[Any]:
    """One tagged union a class: pydantic picks the model by `kind` without trying the others."""
    documents = catalogue.documents_of(message_class)
    if len(documents) == 1:
        return TypeAdapter(documents[0])
    tagged: Any = Annotated[Union[documents], Field(discriminator="kind")]  # noqa: UP007  made at run time
    return TypeAdapter(tagged)


def _refuse(message_class: str, error: ValidationError) -> NoReturn:
    """Say what pydantic found first, in the contract's words and without quoting the content."""
    first = error.errors(include_url=False, include_input=False)[0]
    loc = first["loc"]
    if len(catalogue.documents_of(message_class)) > 1:
        loc = loc[1:]  # pydantic puts the union's tag first, which is no member of the document
    where = ".".join(str(part) for part in loc)
    # pydantic puts "Value error, " before what our own validators say.
    what = first["msg"].removeprefix("Value error, ")
    if first["type"] == "json_invalid":
        too_deep = "recursion" in what
        raise Unreadable("too_deep" if too_deep else "not_json", what) from None
    if first["type"] == "union_tag_invalid":
        kind = str(first.get("ctx", {}).get("tag", ""))[:80]
        home = catalogue.class_of(kind)
        if home is not None:
            detail = f"{kind} belongs on {home}, not on {message_class}"
            raise Unreadable("wrong_class", detail, "kind") from None
        raise Unreadable("invalid", f"no document is called {kind!r}", "kind") from None
    if first["type"] == "union_tag_not_found":
        raise Unreadable("invalid", "a document needs its kind", "kind") from None
    others = error.error_count() - 1
    more = f" (and {others} more)" if others else ""
    raise Unreadable("invalid", f"{what}{more}", where) from None


def _may_change(payload: bytes) -> bool:
    """Return False only if a second reading could not find anything.

    Without a backslash every quote begins or ends a text, so a quoted text before a colon is the
    name of a member, and each name is found. If all differ, none was given twice. Of one member in
    several objects, as in the pulses of a shot, only the second reading can tell more.
    """
    if b"\\" in payload or _LONG_INTEGER in payload.translate(_DIGITS_TO_ZERO):
        return True
    names = _NAMES.findall(payload)
    return len(set(names)) != len(names)


def _check_nothing_changes(payload: bytes) -> None:
    """Refuse what a JSON reader would accept and silently change.

    Only bytes that pydantic has already accepted come here, so they are JSON, closed and small.
    """
    try:
        json.loads(payload, object_pairs_hook=_members_once, parse_int=_exact_integer)
    except RecursionError:
        raise Unreadable("too_deep", "objects and arrays are nested too deep") from None


def _members_once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Unreadable("duplicate_member", f"{twice[:80]!r} is given more than once", twice)


def _exact_integer(digits: str) -> int:
    # Long enough to fail anyway: int() of a longer text is slow, by design limited, or both.
    if len(digits) > _INTEGER_DIGITS_MAX or abs(int(digits)) > INTEGER_MAGNITUDE_MAX:
        raise Unreadable(
            "number_altered", f"{digits[:40]} is beyond 2^53; a reader may round it silently"
        )
    return int(digits)
