"""Everything on one machine with pretend devices: to see what the recorder does, and prove it."""
