"""What the fault table is made of: its parts, their faults, and what is said of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from support.faults_clinics import PACE_FACTOR
from support.faults_forwarders import WRITING_TAKES_S
from support.faults_judges import STORING_TAKES_S

MEMORY_MORE_MIB: Final = 28
"""What forwarding may take more for a long journal than for a short one, in MiB."""
FAULTS: Final = {
    "recorder killed": "Recorder killed (SIGKILL) at 500 messages/s",
    "broker killed": "Broker killed, no persistence, 500 messages/s",
    "both killed": "Recorder and broker killed, 500 messages/s",
    "power cut": "Power cut: unsynced writes undone or torn",
    "disk full": "Disk full, later room again",
    "sync failed": "I/O error at the n-th sync, n = 1, 2, 3 ...",
    "shuffled": "Every message 1 to 3 times, shuffled in windows of 1,000",
    "stale acknowledgement": "Broker restarted while a batch is uncommitted",
    "queue overflow": "Broker queue of 1,000 overflows while the recorder is away",
    "old backup": "Old backup restored",
    "erased": "Erased streams sent again",
}
JUDGE_FAULTS: Final = {
    "judge killed": "Judge killed (SIGKILL) while sessions run",
    "all killed": "Judge, recorder and broker killed in any order",
    "judge forgets": "Judge killed, its index deleted, every other time its outboxes too",
    "protocol changed": "Protocol imported again in mid-session, changed under the same version",
}

FORWARD_FAULTS: Final = {
    "forward killed": "Forwarding killed (SIGKILL) while sessions run",
    "influxdb away": "InfluxDB killed or stopped, later started again",
    "request cut": "InfluxDB killed in the middle of a request",
    "token revoked": "Token revoked, later replaced by `provision influxdb`",
    "bucket deleted": "Bucket deleted, made again; then `forward rebuild`",
    "influxdb full": "Disk of InfluxDB full; later room again, and two restarts of InfluxDB",
    "type conflict": "Somebody wrote text where we write a number; then `forward rebuild`",
    "poison": "One point in thousands that InfluxDB cannot read",
    "forgotten": "Forwarding killed, its forward.db deleted",
    "journal restored": "Old backup of the journal restored; then `forward rebuild`",
    "slow": "InfluxDB slower than the journal is read",
}

_MEANING: Final = """\
*Lost*: a sender was told that a document is kept, and the journal does not have it; looked for
after every fault that ends the recorder. *Doubled*: stored twice. *Altered*: other bytes than were
published. *Chain*: every hash recomputed at the end. In the end all that was published is in the
journal, once. What a sender had freed before an old backup came back is openly declared lost and
not counted here."""
_MEANS: Final = """\
Broker and recorder are real processes, the senders are the product's; some of them give documents
up as soon as the broker answers, where the broker survives. Power cuts, full disks and I/O errors
are simulated: a layer between SQLite and the file takes back what no sync has made durable, refuses
to grow, or fails. The machine itself stays on. The senders' clocks run 20 times fast, so that a
minute's back-off takes 3 s. Faults strike at random moments of a fixed seed."""
_TWINS: Final = """\
A fault that could not do damage proves nothing. So each is tried once more without the protection
named under *taken out*, and there the same checker has to find damage. These runs are shorter and
under conditions that bring the damage out (where the recorder acknowledges too early, each commit
is made to take 0.2 s): what they lose shows that the fault bites, and is no rate to expect."""
_HEADER: Final = """\
| fault | times | published | lost | doubled | altered | chain | taken out | damage without it |
|---|--:|--:|--:|--:|--:|---|---|---|"""
_JUDGE_MEANING: Final = f"""\
The judge is a process like the recorder. Pretend devices play sessions {PACE_FACTOR} times too
fast, their front desks enter the charts. In the end a judge with an empty index reads the whole
journal once, undisturbed, and what it says is compared byte for byte with the verdicts on record.
*Lost*: said by the undisturbed judge and not on record. *Doubled*: a number with more than one
entry, equal or in conflict. *Different*: other bytes than the undisturbed judge says, or bytes of
which it says nothing. *Chain*: as above. Besides, every session that has ended must have a newest
generation that ends confirmed. Where the cursor moves too early, the verdicts are stored
{STORING_TAKES_S} s later."""
_JUDGE_HEADER: Final = """\
| fault | times | sessions | verdicts | lost | doubled | different | chain | taken out | damage\
 without it |
|---|--:|--:|--:|--:|--:|--:|---|---|---|"""


_FORWARD_MEANING: Final = f"""\
Recorder, judge, forwarding and InfluxDB are real processes; the clinics play as above. What stands
in InfluxDB in the end is asked for in InfluxQL and compared with what the journal calls for, which
the checker works out anew, from the documents as JSON. *Points*: so many are called for. *Lost*:
neither in InfluxDB nor set aside with its words. *Doubled*: there twice, or called for by nothing.
*Different*: at another time or with other values. *Set aside*: refused by InfluxDB and kept in
quarantine. *Account*: journalled = forwarded + quarantined + expired + erased + superseded +
pending, in forward.db and on the metrics page, and equal to what was counted in journal and
InfluxDB. Besides, recorder and judge must be the same processes as before the fault, must have gone
on recording and judging while it lasted, and every verdict must be as above; where the journal is
replaced, they are started again.

Where the cursor moves too early, the points are written {WRITING_TAKES_S} s later. With a slow
InfluxDB, forwarding has {MEMORY_MORE_MIB} MiB more memory than it takes for a journal of a few
thousand points, however many there are; reading on regardless ends it, and what is missing then is
counted."""
_FORWARD_HEADER: Final = """\
| fault | times | points | lost | doubled | different | set aside | account | taken out | damage\
 without it |
|---|--:|--:|--:|--:|--:|--:|---|---|---|"""


@dataclass(frozen=True, slots=True)
class Part:
    """One table of the page: its rows, what is said above it, what it counts of a finding."""

    faults: Mapping[str, str]
    summary: str
    """One sentence; the numbers in its braces are sums of columns, by their name."""
    text: str
    header: str
    counted: tuple[str, ...]
    """Of what it was tried on; the last is what damage is counted of."""
    damages: tuple[str, ...]
    also_counted: tuple[str, ...] = ()
    soundness: tuple[str, str] = ("intact", "broken")
    """What else holds or not, in words."""


RECORD: Final = Part(
    FAULTS,
    "{times} faults, {published} documents published, {lost} lost, {doubled} doubled, {altered}"
    " altered.",
    f"{_MEANING}\n\n{_MEANS}\n\n{_TWINS}",
    _HEADER,
    ("published_count",),
    ("lost", "doubled", "altered"),
)
VERDICTS: Final = Part(
    JUDGE_FAULTS,
    "{times} faults of the judge, {verdicts} verdicts, {lost} lost, {doubled} doubled, {different}"
    " different.",
    f"## And to the verdicts\n\n{_JUDGE_MEANING}",
    _JUDGE_HEADER,
    ("session_count", "verdict_count"),
    ("lost", "doubled", "different"),
)
POINTS: Final = Part(
    FORWARD_FAULTS,
    "{times} faults of forwarding, {points} points, {lost} lost, {doubled} doubled, {different}"
    " different.",
    f"## And to what stands in InfluxDB\n\n{_FORWARD_MEANING}",
    _FORWARD_HEADER,
    ("point_count",),
    ("lost", "doubled", "different"),
    ("quarantined_count",),
    ("adds up", "does not"),
)
PARTS: Final = (RECORD, VERDICTS, POINTS)
