"""The services: read `sender`, then `ingest`, then `journal`; the README has the map."""
