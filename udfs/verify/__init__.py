"""Runs programs that nobody vouches for, and compares what they print with what a text states."""
