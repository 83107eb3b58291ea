"""The machinery of tests/bench: programs to build and start, what they cost, and how that is reported."""
