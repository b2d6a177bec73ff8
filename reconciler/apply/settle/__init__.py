"""What became of targets in doubt: looked at, or told by a person; and what stands open."""
