"""`make demo`: what `reconciler sandbox --demo` does, in the folder .demo (or the one named)."""

import sys
from pathlib import Path

from reconciler.cli.main import main

if __name__ == "__main__":
    root = Path(__file__).resolve().parent.parent
    sys.exit(main(["sandbox", "--demo", sys.argv[1] if len(sys.argv) > 1 else str(root / ".demo")]))
