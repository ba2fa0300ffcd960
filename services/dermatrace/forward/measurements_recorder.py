"""What recorder, judge and forwarding tell of themselves, as measurements."""

from typing import Final

from dermatrace.forward.measurement import ONE, Measurement

RECORD_EVENT: Final = Measurement(
    "record_event",
    "raw",
    "Something the recorder noted by itself, without `system.`: opened, restored, connected, lost,"
    " silent, closed, reopened, stream_complete, erased ...; by the recorder's clock.",
    ("clinic", "device", "event", "session"),
    {**ONE, "entry_id": "entry of the record"},
    {"reason": "why the broker was lost"},
)
REJECTION: Final = Measurement(
    "rejection",
    "raw",
    "A message that was kept and not understood, or is in conflict with another; by the"
    " recorder's clock.",
    ("class", "clinic", "code", "device"),
    {**ONE, "entry_id": "entry of the record", "payload_bytes": "its size"},
    {},
)
PIPELINE: Final = Measurement(
    "pipeline",
    "raw",
    "How recording, judging and forwarding themselves are, every few seconds, by the clock of the"
    " forwarding process. A sample: nothing depends on it, and none is kept for later.",
    ("part",),
    {
        "is_up": "1 if the part answers, else 0; broker: if the recorder is connected to it; judge:"
        " if it has shown life in the last 20 s",
        "is_connected": "ingest: 1 while it is connected to the broker",
        "received_count": "ingest: messages since its start",
        "rejected_count": "ingest: of these, not understood",
        "waiting_count": "ingest: messages not yet written",
        "receipts_due_count": "ingest: receipts not yet sent",
        "broker_dropped_count": "broker: messages it dropped since its start, if it says so",
        "journal_entries": "journal: entries on record",
        "judged_entries": "judge: entries it has read",
        "forwarded_entries": "forward: entries InfluxDB has",
        "behind_entries": "judge, forward: entries not yet read",
        "behind_s": "forward: age of the oldest entry not yet forwarded; 0 if none",
        "points_journalled_count": "forward: points that follow from the entries read",
        "points_forwarded_count": "forward: of these, in InfluxDB",
        "points_quarantined_count": "forward: of these, refused by InfluxDB and kept aside",
        "points_expired_count": "forward: of these, older than the bucket keeps",
        "points_erased_count": "forward: of these, erased by order",
        "points_superseded_count": "forward: of these, replaced by a newer statement",
        "points_pending_count": "forward: of these, on their way",
    },
    {},
    is_journalled=False,
)
