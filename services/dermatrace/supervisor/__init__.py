"""Starts the processes of one machine, in order, and keeps them running."""
