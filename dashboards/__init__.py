"""Grafana dashboards as code: boards and provisioning files, from the table of measurements."""
