"""Which judgement of each session is the newest, so that a rebuild writes no other."""

from dermatrace.forward.rendering import NewestGeneration
from dermatrace.journal.reader import JournalReader
from dermatrace_schemas.identifiers import JUDGE_SENDER
from dermatrace_schemas.parse import parse
from dermatrace_schemas.verdict import VerdictOpened


def newest_generations(reader: JournalReader, up_to_entry_id: int) -> NewestGeneration:
    """Read the first document of every judgement that had begun by an entry.

    What one remembers is two texts and a number a session: 10 MB for 40,000 of them.
    """
    newest: dict[tuple[str, str, str], int] = {}
    for stream in reader.all_streams():
        key = stream.key
        if (key.stream_class, key.sender) != ("verdict", JUDGE_SENDER):
            continue
        for entry in reader.read_stream(stream.row, 0, 0):
            if entry.payload is None or entry.entry_id > up_to_entry_id:
                continue
            opened = parse("verdict", entry.payload)
            if isinstance(opened, VerdictOpened):
                judged = key.clinic, opened.session.sender, opened.session.stream_id
                newest[judged] = max(opened.generation, newest.get(judged, -1))
    return lambda *session: newest.get(session, -1)
