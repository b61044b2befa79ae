"""Something that takes long, in a thread of its own, so that the page may be drawn anew meanwhile.

Knows nothing of pages: it can be looked at, waited for and asked to stop.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from rag.errors import BelegError

_log = logging.getLogger(__name__)
T = TypeVar("T")
Progress = Callable[[str, int, int], None]  # stage, how many are done, of how many (0: nobody knows)
Stop = Callable[[], bool]


class Work(Generic[T]):
    """Begins at once. ``stage``, ``done`` and ``total`` say how far it is; ``total`` is 0 while nobody knows."""

    def __init__(self, do: Callable[[Progress, Stop], T]) -> None:
        self.stage, self.done, self.total = "", 0, 0
        self._do = do
        self._stop, self._ended = threading.Event(), threading.Event()
        self._result: T | None = None
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="work", daemon=True).start()

    def stop(self) -> None:
        """Asks it to end with what is there."""
        self._stop.set()

    def wait(self, seconds: float = 0.0) -> bool:
        """Whether it has ended, at the latest after so many seconds."""
        return self._ended.wait(seconds)

    def has_failed(self) -> bool:
        """Whether it has ended, and not well."""
        return self._ended.is_set() and self._error is not None

    def result(self) -> T:
        """What came of it; waits for it. Raises whatever went wrong."""
        self._ended.wait()
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]

    def _run(self) -> None:
        try:
            self._result = self._do(self._tell, self._stop.is_set)
        except BelegError as error:
            self._error = error
        except BaseException as error:
            _log.exception("a task of the page failed")
            self._error = error
        finally:
            self._ended.set()

    def _tell(self, stage: str, done: int, total: int) -> None:
        self.stage, self.done, self.total = stage, done, total
