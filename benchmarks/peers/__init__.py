"""Beleg beside what people would take instead, on the same data, each in a process of its own: ``make peers``.

Every peer runs at its documented settings for German ("stock") and at the best ones that we found for it ("best",
chosen on gnad-qa among those named in ``engines.py``). One thread each, and what is timed is the processor's time, so
that another program on the machine changes little. A document counts as found at the rank of its best piece.
"""
