#!/usr/bin/env python3
"""The repeatable gate on speed: tests/bench/instructions.py [BINARY]

User-space instructions per keep-alive request, counted by callgrind. Fails above the limit, 10 % over the goal of
12,000; takes about half a minute and does not care what else the machine does.
"""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from yardstick import report, scenarios  # noqa: E402


def main() -> int:
    if len(sys.argv) > 1:
        os.environ["SLUICE_BINARY"] = sys.argv[1]
    if not scenarios.sluice_binary().exists():
        print(f"{scenarios.sluice_binary()} does not exist", file=sys.stderr)
        return 2
    result = scenarios.measure_instructions(scenarios.Settings(), 2000)
    print(report.to_markdown(result))
    return 0 if all(budget.kept for budget in result.budgets if "(gate)" in budget.what) else 1


if __name__ == "__main__":
    sys.exit(main())
