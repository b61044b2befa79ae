"""The index on disk: articles and passages (SQLite), words (tantivy), vectors (FAISS), generations and their build."""
