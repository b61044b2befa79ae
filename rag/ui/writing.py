"""One answer in the making, in a thread of its own, so that the page may be drawn anew meanwhile.

Knows nothing of pages: it takes the answers as they grow, and can be asked to stop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rag.types import Answer
from rag.ui.work import Progress, Stop, Work

Answers = Callable[[Stop], Iterator[Answer | None]]  # from "shall I stop?" to the answer as it grows


class Writing:
    """Begins at once. ``latest`` is the answer so far, ``None`` before its first sentence."""

    def __init__(self, answers: Answers) -> None:
        self.latest: Answer | None = None
        self._answers = answers
        self._work = Work(self._write)

    def stop(self) -> None:
        """What is there by now will be the answer."""
        self._work.stop()

    def wait(self, seconds: float) -> bool:
        """Whether the answer is whole, at the latest after so many seconds."""
        return self._work.wait(seconds)

    def answer(self) -> Answer:
        """The whole answer; waits for it. Raises whatever went wrong."""
        return self._work.result()

    def _write(self, _: Progress, stop: Stop) -> Answer:
        for answer in self._answers(stop):
            self.latest = answer or self.latest
        if self.latest is None:
            raise RuntimeError("an answer that never came")
        return self.latest
