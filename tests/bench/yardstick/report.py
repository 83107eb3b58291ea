"""Results as Markdown and JSON, with the facts of the machine that matter and none that name it."""
from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import time
from pathlib import Path

from .programs import OUT, ROOT
from .scenarios import Result

BEGIN, END = "<!-- figures: written by tests/bench/run --update-docs -->", "<!-- end of figures -->"


def first_line(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
        return ((done.stdout or done.stderr).splitlines() or [""])[0].strip()
    except OSError:
        return "not installed"


def engine_runs() -> bool:
    """A container engine adds connection tracking to every packet, on loopback too."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "comm").read_text().strip() in ("dockerd", "containerd", "podman"):
                return True
        except OSError:
            continue
    return False


def machine() -> dict:
    cpu = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    release = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())
    commit = first_line("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
    return {"date": time.strftime("%Y-%m-%d"), "cpu": cpu[1] if cpu else platform.machine(), "cores": os.cpu_count(),
            "memory_gib": round(int(memory[1]) / (1 << 20)) if memory else 0, "system": release[1]
            if release else "Linux",
            "kernel": re.match(r"[\d.]+", platform.release())[0].rstrip("."),
            "compiler": first_line("g++", "--version"),
            "nginx": re.sub(r".*/", "", first_line("nginx", "-v")), "haproxy": first_line("haproxy", "-v").split()[2:3],
            "engine_running": engine_runs(), "commit": commit}


def figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}".rstrip("0").rstrip(".")


def to_markdown(result: Result) -> str:
    text = [f"### {result.title}", "", "| " + " | ".join(result.columns) + " |",
            "|---" + "|---:" * (len(result.columns) - 1) + "|"]
    text += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in result.rows]
    text += [""] + [f"* {budget.what}: **{figure(budget.value)}{' ' + budget.unit if budget.unit else ''}**, budget "
                    f"{figure(budget.limit)}: {'kept' if budget.kept else '**missed**'}" for budget in result.budgets]
    text += [f"* {note}" for note in result.notes if note]
    return "\n".join(text) + "\n"


def heading(facts: dict) -> str:
    engine = "a container engine was running" if facts["engine_running"] else "no container engine was running"
    return (f"Measured {facts['date']} at commit {facts['commit']}: {facts['cpu']}, {facts['cores']} cores, "
            f"{facts['memory_gib']} GiB, "
            f"{facts['system']}, Linux {facts['kernel']}, {facts['compiler']}; nginx {facts['nginx']}, HAProxy "
            f"{(facts['haproxy'] or ['?'])[0]}; {engine}.\n")


def save(facts: dict, results: list[Result]) -> Path:
    OUT.mkdir(parents=True, exist_ok=True)
    file = OUT / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    file.write_text(json.dumps({"machine": facts, "results": [result.to_json() for result in results]}, indent=1,
                               ensure_ascii=False))
    return file


def update_docs(text: str) -> None:
    """Puts the figures between the two marks of docs/performance.md."""
    page = ROOT / "docs" / "performance.md"
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")
