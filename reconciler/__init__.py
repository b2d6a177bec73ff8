"""reconciler: declarative deletion of messaging campaigns."""

__version__ = "0.1.0"
