"""The pages of the chat: what draws knows Streamlit, all else is plain values and strings."""
