"""Follows the journal and keeps InfluxDB up to it."""
