#!/usr/bin/env python3
"""Ends what a process has started and does not come to an end, and says what that was.

  scripts/watchdog.py PID SECONDS     leaves PID itself and this program alone; ends with PID, or when it is ended
"""

import os
import pathlib
import signal
import subprocess
import sys
import time


def below(pid):
    """The processes that `pid` started, and those that they started."""
    children = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            children.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
        except OSError:
            pass  # it has ended
    found = [child for child in children.get(pid, []) if child != os.getpid()]
    for process in found:
        found += children.get(process, [])
    return found


def main():
    pid, seconds = int(sys.argv[1]), float(sys.argv[2])
    end = time.monotonic() + seconds
    while os.getppid() == pid and time.monotonic() < end:
        time.sleep(min(1.0, max(0.0, end - time.monotonic())))
    number = signal.SIGTERM
    # What a shell goes on to start is ended too.
    while os.getppid() == pid:
        processes = below(pid)
        if number == signal.SIGTERM and processes:
            print(f"\nFAIL: not at its end after {seconds:.0f} s, and ended therefore:", flush=True)
            listed = ",".join(map(str, processes))
            subprocess.run(["ps", "-ww", "-o", "pid,ppid,stat,etime,time,wchan:20,args", "-p", listed], check=False)
        for process in processes:
            try:
                os.kill(process, number)
            except ProcessLookupError:
                pass
        time.sleep(10)
        number = signal.SIGKILL


if __name__ == "__main__":
    main()
