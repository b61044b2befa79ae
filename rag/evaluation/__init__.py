"""Benchmarks: datasets, measures, runs and their results files."""
