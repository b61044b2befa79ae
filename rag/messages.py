"""What Beleg says in its own words in an answer, in German and English. Articles are never translated."""

from __future__ import annotations

from collections.abc import Mapping

from rag.types import Language, Status

STATUS: Mapping[Language, Mapping[Status, str]] = {
    "de": {
        "answered": "Das steht dazu im Archiv:",
        "nearest": "Eine direkte Antwort steht nicht im Archiv. Am nächsten kommen diese Stellen:",
        "not_found": "Dazu steht nichts im Archiv.",
    },
    "en": {
        "answered": "This is what the archive says, in the original German:",
        "nearest": "The archive holds no direct answer. These passages (in German) come closest:",
        "not_found": "The archive says nothing about this.",
    },
}

EMPTY_QUESTION: Mapping[Language, str] = {
    "de": "Bitte stellen Sie eine Frage in Worten.",
    "en": "Please ask a question in words.",
}
