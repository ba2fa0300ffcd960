"""What is noted of a visit, and when."""

from dermatrace.console.audit import READS_LISTED_MAX
from support.console_bench import NORTH, ConsoleBench


def test_reads_come_newest_first_in_pages(empty_bench: ConsoleBench) -> None:
    audit = empty_bench.installation.audit
    for number in range(5):
        audit.note("director-1", "session", NORTH, f"/sessions/{number}", admitted=number != 3)
    first = audit.newest(limit=2)
    assert [(read.path, read.admitted) for read in first] == [
        ("/sessions/4", True),
        ("/sessions/3", False),
    ]
    rest = audit.newest(before_id=first[-1].read_id)
    assert [read.path for read in rest] == ["/sessions/2", "/sessions/1", "/sessions/0"]
    assert len(audit.newest(limit=READS_LISTED_MAX + 1)) == 5
