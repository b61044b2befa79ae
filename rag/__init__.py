"""Beleg: answers about a German news archive, each sentence backed by words that stand in an article."""

__version__ = "0.1.0"
