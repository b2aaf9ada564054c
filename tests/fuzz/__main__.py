"""`python -m tests.fuzz --pages 100000 --seed 1`: no worker dies, no page is lost."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.fuzz.run import Account, run, save, slowest


def main() -> int:
    """Run and report; 1 when a page came to a fault or an account does not balance."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="number of the first page")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", type=Path, default=Path("data/fuzz"), help="where pages go")
    arguments = parser.parse_args()
    account = Account()
    said = time.monotonic()
    for account in run(arguments.seed, range(arguments.first, arguments.first + arguments.pages)):
        if time.monotonic() - said > 60:
            said = time.monotonic()
            print(f"{account.pages:,} pages, faults {account.faults}", file=sys.stderr, flush=True)
    seconds = sum(used for used, _ in account.batches)
    print(f"{account.pages:,} pages, {account.pages / max(seconds, 1e-9):.0f} per CPU second")
    print(f"largest resident memory of a worker: {account.peak_bytes / 2**20:.0f} MiB")
    for reason, count in account.outcomes.most_common():
        print(f"{count:9,} {reason or 'text'}")
    for used, number in slowest(arguments.seed, account, 5):
        print(f"{used:9.2f} CPU s: page {number}")
    for number, reason in account.faults:
        print(f"{reason}: {save(arguments.seed, number, arguments.save)}")
    for line in account.wrong:
        print(f"wrong: {line}")
    return 1 if account.faults or account.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
