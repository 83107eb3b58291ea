"""reload-1000: one of the files of a directory with 1,000 routers changes under 1,000 requests a second."""
from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

from .docker_fleet import ask, milliseconds
from .programs import Backend, Sluice
from .scenarios import Budget, Result, Settings

FILES, ROUTERS_OF_EACH, PER_SECOND, CHANGES = 10, 100, 1000, 20


class PacedLoad(threading.Thread):
    """PER_SECOND requests, evenly, on one connection that stays open; whatever is not 200 is dropped."""

    def __init__(self, port: int):
        super().__init__(daemon=True)
        self.connection = socket.create_connection(("127.0.0.1", port), 30)
        self.stopping = threading.Event()
        self.asked = self.dropped = 0
        self.start()

    def run(self) -> None:
        began = time.monotonic()
        while not self.stopping.is_set():
            self.asked += 1
            try:
                self.dropped += ask(self.connection, "always.test") != 200
            except (OSError, TypeError):  # TypeError: no reply that can be read
                self.dropped += 1
                return
            time.sleep(max(0.0, began + self.asked / PER_SECOND - time.monotonic()))

    def stop(self) -> None:
        self.stopping.set()
        self.join()
        self.connection.close()


def file_of(number: int, turn: int, backend: int) -> str:
    routers = "".join(f"    f{number}-r{i}: {{rule: 'Host(`h{number}-{i}-{turn}.test`)', service: app}}\n"
                      for i in range(ROUTERS_OF_EACH))
    if number:
        return f"http:\n  routers:\n{routers}"
    return (f"http:\n  routers:\n    always: {{rule: 'Host(`always.test`)', service: app}}\n{routers}  services:\n"
            f"    app: {{loadBalancer: {{servers: [{{url: 'http://127.0.0.1:{backend}'}}]}}}}\n")


def reload_1000(settings: Settings) -> Result:
    delays = []
    with Backend(1024) as backend, Sluice({}, core=None) as program:
        folder: Path = program.dynamic_folder

        def change(number: int, turn: int) -> None:
            draft = program.folder / "draft"
            draft.write_text(file_of(number, turn, backend.port))
            draft.rename(folder / f"{number}.yml")

        for number in range(FILES):
            change(number, 0)
        program.wait_until_it_answers("always.test")
        load = PacedLoad(program.port)
        with socket.create_connection(("127.0.0.1", program.port), 30) as connection:
            for turn in range(1, max(5, int(CHANGES * settings.scale)) + 1):
                time.sleep(0.5)
                number = turn % FILES
                began = time.monotonic()
                change(number, turn)
                while ask(connection, f"h{number}-{ROUTERS_OF_EACH - 1}-{turn}.test") != 200:
                    time.sleep(0.002)
                delays.append(time.monotonic() - began)
        load.stop()
    delays.sort()
    rows = [["change of a file until it is live, p50 / worst, ms",
             f"{milliseconds(0.5, delays):.0f} / {milliseconds(1, delays):.0f}"],
            ["requests meanwhile, dropped", f"{load.asked:,}, {load.dropped}"]]
    return Result("reload-1000", f"A directory of {FILES} files with 1,000 routers, one of them changed {len(delays)} "
                  f"times under {PER_SECOND:,} requests a second", ["", ""], rows,
                  [Budget("median from the change until live", milliseconds(0.5, delays), 100.0, "ms"),
                   Budget("requests dropped", load.dropped, 0)],
                  ["The time includes the 30 ms for which a change settles."])
