"""How the bundled models are made: the only part of Beleg that needs torch when it is imported."""
