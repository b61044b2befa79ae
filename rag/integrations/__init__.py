"""Beleg's parts for other frameworks. Nothing in Beleg itself imports from here."""
