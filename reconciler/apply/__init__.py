"""The executor: what must hold before, lanes that drain accounts, and the report."""
