"""An inventory built from the vendors: what was listed, what of it is believed, the new file."""
