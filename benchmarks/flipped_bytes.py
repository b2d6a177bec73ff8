"""Flip every byte of a signed 20 KB plan in turn: the signature must count for none of them.

Run: python benchmarks/flipped_bytes.py [STEP] (STEP 1, the default, walks every byte).
"""

import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from reconciler.prove import approvals

ANN = "ann@acme.example"
SIZE = 20_000
PARALLEL = 2


def main() -> None:
    step = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    plan = (b'{"kind":"Plan","actions":[]}\n' * (SIZE // 28 + 1))[:SIZE]
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder, "key")
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
        subprocess.run(make, check=True)
        signature = approvals.sign(plan, str(key))
        public = " ".join(key.with_suffix(".pub").read_text().split()[:2])
    signers = approvals.Signers(f"{ANN} {public}\n".encode())
    now = datetime.now(UTC)

    def accepted(places: range) -> int:
        found = 0
        with approvals.Bench(signers, now=now) as bench:
            assert bench.verify(plan, signature, ANN)[0], "the plan itself must verify"
            for place in places:
                flipped = bytearray(plan)
                flipped[place] ^= 1 << (place % 8)
                found += bench.verify(bytes(flipped), signature, ANN)[0] is not None
        return found

    begun = time.monotonic()
    with ThreadPoolExecutor(PARALLEL) as pool:
        shares = [range(start, SIZE, step * PARALLEL) for start in range(0, step * PARALLEL, step)]
        wrong = sum(pool.map(accepted, shares))
    walked = len(range(0, SIZE, step))
    took = time.monotonic() - begun
    print(f"{walked} flipped plans of {SIZE} bytes: {wrong} accepted, {took:.0f} s")
    sys.exit(wrong != 0)


if __name__ == "__main__":
    main()
