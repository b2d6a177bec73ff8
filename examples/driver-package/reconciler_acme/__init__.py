"""The driver `acme` for reconciler."""
