"""Articles in: reading, cleaning. It knows no passages and no index."""
