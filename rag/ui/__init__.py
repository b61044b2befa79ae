"""The pages of the chat. Only ``chat`` and ``article`` know Streamlit; all else here is plain values and strings."""
