"""What a process tree costs: processor time, memory, system calls, instructions."""
from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Callable

from .programs import Program


def tree(pid: int) -> list[int]:
    """The process and all its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += tree(int(child))
    return found


def cpu_seconds(pid: int) -> float:
    """Processor time of all threads of the tree: schedstat (nanoseconds) where the kernel has it, else ticks."""
    total = 0.0
    for member in tree(pid):
        stats = list(Path(f"/proc/{member}/task").glob("*/schedstat"))
        if stats:
            total += sum(int(stat.read_text().split()[0]) for stat in stats) / 1e9
        else:
            fields = Path(f"/proc/{member}/stat").read_text().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def user_memory(pid: int) -> int:
    """Anonymous resident bytes of the tree: heap, stacks, no page of a file, nothing of the kernel."""
    total = 0
    for member in tree(pid):
        for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
            if line.startswith("Anonymous:"):
                total += int(line.split()[1]) * 1024
    return total


def interleaved(programs: dict[str, Program], run: Callable[[Program], dict], rounds: int) -> dict[str, dict]:
    """Rounds in which each program takes its turn, so that drift hits all alike. Medians of µs of CPU per request and
    of the latencies; the first round warms up and is not counted."""
    costs: dict[str, list[float]] = {name: [] for name in programs}
    replies: dict[str, list[dict]] = {name: [] for name in programs}
    for turn in range(rounds + 1):
        for name, program in programs.items():
            before = cpu_seconds(program.pid)
            reply = run(program)
            spent = cpu_seconds(program.pid) - before
            if turn:
                costs[name].append(spent / reply["requests"] * 1e6)
                replies[name].append(reply)
    return {name: {"cpu_us": statistics.median(costs[name]), "lowest": min(costs[name]), "highest": max(costs[name]),
                   "requests_per_second": statistics.median(r["requests"] / r["seconds"] for r in replies[name]),
                   "p50_us": statistics.median(r["p50_us"] for r in replies[name]),
                   "p99_us": statistics.median(r["p99_us"] for r in replies[name]),
                   "rounds": rounds, "requests": replies[name][0]["requests"]} for name in programs}


def system_calls(program: Program, run: Callable[[], object]) -> Counter:
    """How often each system call was made by the tree while `run` ran."""
    report = program.folder / "strace"
    attach = [argument for member in tree(program.pid) for argument in ("-p", str(member))]
    tracer = subprocess.Popen(["strace", "-f", "-c", "-o", str(report), *attach], stderr=subprocess.PIPE, text=True)
    for _ in attach[::2]:
        tracer.stderr.readline()  # "Process N attached"
    time.sleep(0.3)
    run()
    tracer.send_signal(signal.SIGINT)
    tracer.communicate(timeout=30)
    calls: Counter = Counter()
    for line in report.read_text().splitlines():
        fields = line.split()
        if len(fields) >= 5 and re.fullmatch(r"[\d.]+", fields[0]) and fields[-1] != "total":
            calls[fields[-1]] += int(fields[3])
    return calls


CALLGRIND = ("valgrind", "--quiet", "--tool=callgrind", "--callgrind-out-file=callgrind.%p")


def dump(program: Program, number: int) -> tuple[int, Counter]:
    """Instructions since the last dump, and how often each function was called."""
    subprocess.run(["callgrind_control", "-d", str(program.pid)], check=True, capture_output=True, timeout=120)
    file = program.folder / f"callgrind.{program.pid}.{number}"
    instructions, calls = 0, Counter()
    names: dict[str, str] = {}
    callee = ""
    with open(file, errors="replace") as lines:
        for line in lines:
            if line.startswith(("fn=", "cfn=")):
                found = re.match(r"c?fn=(\(\d+\))(?: (.*))?", line.rstrip())
                if found[2]:
                    names[found[1]] = found[2]
                callee = names.get(found[1], found[1])
            elif line.startswith("calls="):
                calls[callee.split("'")[0]] += int(line[6:].split()[0])
            elif line.startswith("totals:"):
                instructions += int(line.split()[1])
    return instructions, calls


def instructions_per_request(program: Program, run: Callable[[int], object],
                             requests: int) -> tuple[float, dict[str, float]]:
    """User-space instructions and allocator calls per request of a program started under CALLGRIND: the difference
    between a run of 2N and one of N requests, so that opening and closing the connections cancels out. A run before
    them fills the pools."""
    run(requests)
    dump(program, 1)
    run(requests)
    few, few_calls = dump(program, 2)
    run(2 * requests)
    many, many_calls = dump(program, 3)
    if many <= few:
        raise RuntimeError("callgrind left no usable result")
    allocators = ("malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign", "free")
    return ((many - few) / requests,
            {name: (many_calls[name] - few_calls[name]) / requests for name in allocators
             if many_calls[name] - few_calls[name]})
