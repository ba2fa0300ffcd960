"""The form of index.db: what the judge remembers between starts, and what people search by.

The file can be deleted at any time: everything in it follows from the journal.
"""

from typing import Final

from dermatrace.sqlite import Connection

APPLICATION_ID: Final = int.from_bytes(b"dtix")
"""Marks a file as an index."""


_FIRST: Final = """
        CREATE TABLE follower (
            only INTEGER PRIMARY KEY CHECK (only = 1),
            entry_id INTEGER NOT NULL,
            entry_hash BLOB NOT NULL,
            rule_set_digest TEXT NOT NULL
        ) STRICT;
        CREATE TABLE facts (
            clinic TEXT NOT NULL,
            name TEXT NOT NULL,
            entry_id INTEGER NOT NULL,
            PRIMARY KEY (clinic, name, entry_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE sessions (
            stream_row INTEGER PRIMARY KEY,
            clinic TEXT NOT NULL,
            sender TEXT NOT NULL,
            stream_id TEXT NOT NULL,
            is_open INTEGER NOT NULL,
            status TEXT NOT NULL,
            first_received_ms INTEGER NOT NULL,
            visit_id TEXT,
            subject_id TEXT,
            operator_id TEXT,
            room_id TEXT,
            protocol_id TEXT,
            protocol_version TEXT,
            protocol_digest TEXT,
            series_id TEXT,
            treatment TEXT,
            modality TEXT,
            setting TEXT,
            started_ms INTEGER,
            clinic_day INTEGER,
            ended_ms INTEGER,
            first_contact_seq INTEGER,
            generation INTEGER NOT NULL,
            cause TEXT NOT NULL,
            grade TEXT NOT NULL,
            adherence REAL,
            why_not TEXT,
            adherent INTEGER NOT NULL,
            data_coverage REAL,
            asked_gates TEXT NOT NULL,
            open_gates TEXT NOT NULL,
            file TEXT NOT NULL,
            judgement TEXT,
            UNIQUE (clinic, sender, stream_id)
        ) STRICT;
        CREATE INDEX sessions_by_start ON sessions (started_ms);
        CREATE INDEX sessions_by_visit ON sessions (clinic, visit_id);
        CREATE INDEX sessions_by_subject ON sessions (clinic, subject_id, started_ms);
        CREATE TABLE zones (
            stream_row INTEGER NOT NULL,
            zone TEXT NOT NULL,
            laterality TEXT NOT NULL,
            totals TEXT NOT NULL,
            depth_median_mm REAL,
            depth_high_mm REAL,
            depth_max_mm REAL,
            stroke_count INTEGER,
            shot_count INTEGER,
            energy_mj REAL,
            adherence REAL,
            PRIMARY KEY (stream_row, zone, laterality)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE findings (
            stream_row INTEGER NOT NULL,
            number INTEGER NOT NULL,
            rule TEXT NOT NULL,
            envelope TEXT NOT NULL,
            priority TEXT NOT NULL,
            nature TEXT NOT NULL,
            zone TEXT,
            laterality TEXT,
            first_seq INTEGER,
            last_seq INTEGER,
            measured_value REAL,
            limit_value REAL,
            unit TEXT,
            cleared INTEGER NOT NULL,
            justified INTEGER NOT NULL,
            sentence TEXT NOT NULL,
            PRIMARY KEY (stream_row, number)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX findings_by_rule ON findings (rule);
"""


def _first(connection: Connection) -> None:
    connection.execute(_FIRST)


MIGRATIONS: Final = (_first,)
