"""Runs a project's runtime and agents together; Ctrl+C stops all of them."""

import asyncio
from pathlib import Path

from loom import OrchestratorConfig, run_orchestrator

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    asyncio.run(run_orchestrator(OrchestratorConfig(project_dir=HERE, agent_scripts=[HERE / "prices.py"])))
