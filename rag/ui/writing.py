"""One answer in the making, in a thread of its own, so that the page may be drawn anew meanwhile.

Knows nothing of pages: it takes the answers as they grow, and can be asked to stop.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from rag.types import Answer

Answers = Callable[[Callable[[], bool]], Iterator[Answer | None]]  # from "shall I stop?" to the answer as it grows


class Writing:
    """Begins at once. ``latest`` is the answer so far, ``None`` before its first sentence."""

    def __init__(self, answers: Answers) -> None:
        self.latest: Answer | None = None
        self._answers = answers
        self._stop, self._done = threading.Event(), threading.Event()
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="writing", daemon=True).start()

    def stop(self) -> None:
        """What is there by now will be the answer."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Whether the answer is whole, at the latest after so many seconds."""
        return self._done.wait(seconds)

    def answer(self) -> Answer:
        """The whole answer; waits for it. Raises whatever went wrong."""
        self._done.wait()
        if self._error is not None:
            raise self._error
        if self.latest is None:
            raise RuntimeError("an answer that never came")
        return self.latest

    def _run(self) -> None:
        try:
            for answer in self._answers(self._stop.is_set):
                self.latest = answer or self.latest
        except BaseException as error:
            self._error = error
        finally:
            self._done.set()
