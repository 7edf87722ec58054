"""What `import loom` costs more than a bare Python: minima of 30 interleaved runs, in milliseconds.

    python benches/import_cost.py        (in an environment with the package)
"""

import subprocess
import sys
import time

RUNS, LIMIT = 30, 30.0


def cost(statement: str) -> float:
    """One run, in milliseconds."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return (time.perf_counter() - begun) * 1000


def main() -> int:
    """Prints the figures; fails where `import loom` misses its target."""
    statements = ["pass", "import loom", "from loom import ProjectConfig", "from loom import embedded"]
    best = dict.fromkeys(statements, float("inf"))
    for _ in range(RUNS):
        for statement in statements:
            best[statement] = min(best[statement], cost(statement))
    for statement, least in best.items():
        print(f"{least:7.1f} ms  {least - best['pass']:+6.1f} ms  {statement}")
    return 0 if best["import loom"] - best["pass"] < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
