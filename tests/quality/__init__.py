"""Verdicts to be read by a person: how the sample of docs/quality.md is drawn."""
