"""The tests. Nothing is imported here: `python3 -m tests` starts before pytest is installed."""
