"""A reader's thumb and word on an answer → a line of the file that ``eval collect`` reads. Knows no page."""

from __future__ import annotations

import fcntl
import os
from datetime import datetime
from pathlib import Path
from typing import Literal

from rag.evaluation.datasets import Feedback
from rag.ui.conversation import Conversation

Verdict = Literal["up", "down"]


def feedback_on(conversation: Conversation, turn: int, verdict: Verdict, comment: str, now: datetime) -> Feedback:
    """What somebody thought of the answer number ``turn``; ``now`` bears its time zone."""
    answer = conversation.answers[turn]
    article = answer.citations[0].article_id if answer.citations else None
    return Feedback(
        question=answer.query.question,
        verdict=verdict,
        time=now.isoformat(timespec="seconds"),
        article_id=article,
        quotes=tuple(c.quote for c in answer.citations if c.article_id == article),
        history=tuple(earlier.query.question for earlier in conversation.answers[:turn]),
        comment=comment.strip(),
    )


def keep(path: Path, said: Feedback) -> None:
    """Appends a line, whole even if others write at the same time. Raises OSError if the file cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":  # what a crash left half written spoils no further line
                file.write(b"\n")
        file.write(said.line().encode("utf-8", "replace"))
