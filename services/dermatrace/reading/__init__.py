"""What is on record, put together for whoever reads it: the command line and the console."""
