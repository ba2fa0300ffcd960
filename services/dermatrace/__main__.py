"""`python -m dermatrace` is `dermatrace`."""

from dermatrace.cli import main

main()
