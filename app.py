"""The Streamlit entry: opens the archive once for all sessions and picks the page. ``streamlit run app.py``"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from rag.errors import BelegError
from rag.settings import Settings
from rag.ui.archive import archive_page
from rag.ui.chat import chat_page
from rag.ui.frame import masthead, navigation
from rag.ui.markup import trouble_html
from rag.ui.quality import quality_page

ICON = str(Path(__file__).parent / "rag" / "ui" / "icon.png")  # a file of ours: a named icon is fetched from elsewhere

if TYPE_CHECKING:
    from rag.assistant import Desk


@st.cache_resource(show_spinner=False)
def open_desk(settings: Settings) -> Desk:
    """The archive, open for all sessions; it takes up newer generations of the index by itself."""
    from rag.assistant import Desk  # models and indexes: only when the page is already there

    return Desk(settings)


def main() -> None:
    st.set_page_config(page_title="Beleg", page_icon=ICON, layout="wide")
    settings = Settings.load()
    texts = masthead()
    try:
        assistant = open_desk(settings).assistant
    except BelegError as error:
        st.html(trouble_html(str(error), texts))
        if settings.maintain:
            from rag.ui.maintain import maintain_page

            maintain_page(settings, texts)
        return
    chat = st.Page(lambda: chat_page(assistant, settings, texts), title="Beleg", default=True)
    archive = st.Page(
        lambda: archive_page(assistant.index, settings, texts, lambda: st.switch_page(chat)),
        title=f"Beleg: {texts.archive_title}",
        url_path="archiv",
    )
    quality = st.Page(
        lambda: quality_page(assistant.index, texts), title=f"Beleg: {texts.quality_title}", url_path="qualitaet"
    )
    current = st.navigation([chat, archive, quality], position="hidden")
    navigation({texts.ask_page: chat, texts.archive_title: archive, texts.quality_title: quality}, current, texts)
    current.run()


main()
