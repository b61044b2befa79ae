"""The Streamlit entry: opens the archive once for all sessions and draws the chat. ``streamlit run app.py``"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from rag.errors import BelegError
from rag.settings import Settings
from rag.ui.chat import chat_page, masthead
from rag.ui.markup import trouble_html

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
    try:
        assistant = open_desk(settings).assistant
    except BelegError as error:
        st.html(trouble_html(str(error), masthead()))
        return
    chat_page(assistant, settings)


main()
