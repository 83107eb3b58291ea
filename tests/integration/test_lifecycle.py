"""Starting, draining and ending; running out of descriptors; many connections."""
import os
import signal
import socket
import subprocess
import threading
import time

from framework import Case, Client, alone, binary, get, heavy, hold, patience, request, response, serve

WEB = "--entryPoints.web.transport.lifeCycle"


def slow_reply(connection):
    """Answers once the owner says so."""
    connection.read_request()
    connection.owner.wait(lambda: connection.owner.go_on, 20)
    connection.send(response(200, b"finished"))
    connection.hold()


class Drain(Case):
    def slow_edge(self, *flags: str):
        upstream = self.upstream(slow_reply)
        upstream.go_on = False
        process = self.sluice(upstream, *flags)
        return upstream, process

    def release(self, upstream) -> None:
        upstream.go_on = True
        upstream.changed()

    def test_a_request_in_flight_finishes_and_its_connection_closes(self):
        for stop in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(stop):
                upstream, process = self.slow_edge(f"{WEB}.graceTimeOut=20s")
                client = self.client(process)
                client.send(get())
                self.assertTrue(upstream.wait_for_requests(1))
                process.process.send_signal(stop)
                self.assertTrue(client.is_silent(0.2))
                self.release(upstream)
                reply = client.reply()
                self.assertEqual((reply.status, reply.body), (200, b"finished"))
                self.assertTrue(reply.has_token("Connection", "close"))
                self.assertTrue(client.is_closed())
                began = time.monotonic()
                self.assertEqual(process.wait(10), 0)
                self.assert_within(2.0, began, "ending after the last request")

    def test_an_upload_and_a_download_in_flight_finish(self):
        def download(connection):
            connection.read_request()
            connection.send(response(200, fields=[("Content-Length", "10")], length=False), b"first")
            connection.owner.wait(lambda: connection.owner.go_on, 20)
            connection.send(b"-last")
            connection.hold()

        upstream = self.upstream(download)
        upstream.go_on = False
        process = self.sluice(upstream, f"{WEB}.graceTimeOut=20s")
        client = self.client(process)
        client.send(get())
        client.head()
        process.process.send_signal(signal.SIGTERM)
        self.assertEqual(client.reader.exactly(5), b"first")
        self.release(upstream)
        self.assertEqual(client.reader.exactly(5), b"-last")
        self.assertTrue(client.is_closed())
        self.assertEqual(process.wait(10), 0)

    def test_idle_connections_close_at_once_and_nothing_new_is_accepted(self):
        upstream, process = self.slow_edge(f"{WEB}.graceTimeOut=20s")
        busy, idle, untouched = (self.client(process) for _ in range(3))
        busy.send(get())
        self.assertTrue(upstream.wait_for_requests(1))
        upstream.script = serve()
        self.assertEqual(idle.ask(get()).status, 200)
        process.process.send_signal(signal.SIGTERM)
        self.assertTrue(idle.is_closed())
        self.assertTrue(untouched.is_closed())

        def refused() -> bool:
            try:
                socket.create_connection(process.web, 1).close()
                return False
            except OSError:
                return True

        self.assert_soon(refused, "new connections are refused")
        self.release(upstream)
        self.assertEqual(busy.reply().body, b"finished")
        self.assertEqual(process.wait(10), 0)

    def test_an_idle_process_ends_at_once(self):
        _, process, client = self.edge(None, f"{WEB}.graceTimeOut=20s")
        client.ask(get())
        began = time.monotonic()
        self.assertEqual(process.stop(), 0)
        self.assert_within(1.5, began, "ending")

    def test_the_grace_time_bounds_a_request_that_never_ends(self):
        _, process, client = self.edge(hold, f"{WEB}.graceTimeOut=1s")
        client.send(get())
        time.sleep(0.2)
        began = time.monotonic()
        self.assertEqual(process.stop(), 0)
        self.assertGreater(time.monotonic() - began, 0.8)
        self.assert_within(3.0, began, "the grace time")
        client.rest()

    def test_a_tunnel_is_cut_when_the_grace_time_ends(self):
        def tunnel(connection):
            connection.read_head()
            connection.send(response(101, fields=[("Connection", "Upgrade"), ("Upgrade", "websocket")]))
            connection.hold()

        _, process, client = self.edge(tunnel, f"{WEB}.graceTimeOut=1s")
        handshake = [("Connection", "Upgrade"), ("Upgrade", "websocket"),
                     ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
                     ("Sec-WebSocket-Version", "13")]
        self.assertEqual(client.ask(get("/", handshake)).status, 101)
        began = time.monotonic()
        self.assertEqual(process.stop(), 0)
        self.assert_within(3.0, began, "the grace time")
        self.assertEqual(client.rest(), b"")

    def test_connections_are_accepted_during_the_request_accept_grace_time(self):
        process = self.sluice(self.upstream(), f"{WEB}.requestAcceptGraceTimeout=1s", "--ping=true",
                              "--ping.entryPoint=web")
        kept = self.client(process)
        self.assertEqual(kept.ask(get("/ping")).status, 200)
        process.process.send_signal(signal.SIGTERM)
        self.assert_soon(lambda: self.client(process).ask(get("/ping")).status == 503, "ping says that the end is near",
                         0.8)
        self.assertEqual(self.client(process).ask(get("/")).status, 200)
        began = time.monotonic()
        self.assertEqual(process.wait(10), 0)
        self.assert_within(4.0, began, "ending")

    @alone
    def test_the_terminating_status_of_ping_is_an_option(self):
        process = self.sluice({}, f"{WEB}.requestAcceptGraceTimeout=1s", "--ping=true", "--ping.entryPoint=web",
                              "--ping.terminatingStatusCode=204")
        process.process.send_signal(signal.SIGTERM)
        self.assert_soon(lambda: self.client(process).ask(get("/ping")).status == 204, "the chosen status", 0.8)
        self.assertEqual(process.wait(10), 0)

    @alone
    def test_a_second_signal_ends_at_once(self):
        _, process, client = self.edge(hold, f"{WEB}.graceTimeOut=60s")
        client.send(get())
        process.process.send_signal(signal.SIGTERM)
        self.assertTrue(client.is_silent(0.3))
        began = time.monotonic()
        process.process.send_signal(signal.SIGTERM)
        process.expected_exit = process.wait(10)
        self.assertNotEqual(process.expected_exit, -signal.SIGKILL, "it had to be killed")
        self.assert_within(1.0, began, "ending")
        client.rest()

    def test_a_new_process_can_take_the_port_over_at_once(self):
        upstream, process, client = self.edge()
        client.ask(get())
        host, port = process.web
        process.stop()
        again = self.sluice(upstream, entry_points={"web": f"{host}:{port}"})
        self.assertEqual(self.client(again).ask(get()).status, 200)


class Start(Case):
    def run_briefly(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([str(binary()), *arguments], capture_output=True, text=True, timeout=patience(10),
                              cwd="/")

    def test_an_address_in_use_is_an_error_that_names_it(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = self.run_briefly("run", f"--entryPoints.web.address=127.0.0.1:{port}")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(str(port), done.stdout + done.stderr)

    def test_an_unknown_flag_is_an_error_that_names_it(self):
        done = self.run_briefly("run", "--entryPoints.web.adress=127.0.0.1:0")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("adress", done.stdout + done.stderr)

    def test_run_is_the_default_command(self):
        upstream = self.upstream()
        from framework import Sluice, single
        process = Sluice(single(upstream.url))
        process.command.remove("run")
        self._processes.append(process)
        process.start()
        self.assertEqual(self.client(process).ask(get()).status, 200)

    def test_healthcheck_follows_ping(self):
        process = self.sluice({}, "--ping=true", "--ping.entryPoint=web")
        host, port = process.web
        flags = [f"--entryPoints.web.address={host}:{port}", "--ping=true", "--ping.entryPoint=web"]
        self.assertEqual(self.run_briefly("healthcheck", *flags).returncode, 0)
        process.stop()
        self.assertEqual(self.run_briefly("healthcheck", *flags).returncode, 1)

    def test_version_prints_a_version(self):
        done = self.run_briefly("version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"Version: +\d+\.\d+\.\d+\n")
        self.assertRegex(done.stdout, r"TLS: +OpenSSL \d+\.\d+\.\d+ ")

    def test_no_library_gets_its_tls_from_the_program(self):
        done = subprocess.run(["nm", "-D", "--defined-only", str(binary())], capture_output=True, text=True, timeout=60,
                              check=True)
        self.assertNotRegex(done.stdout, r" (SSL|EVP|X509|BIO|ERR)_\w+")

    def test_several_workers_serve(self):
        upstream = self.upstream()
        process = self.sluice(upstream, workers=3)
        self.assertTrue(all(self.client(process).ask(get()).status == 200 for _ in range(30)))


class Descriptors(Case):
    def test_running_out_hurts_neither_those_who_are_served_nor_the_processor(self):
        upstream = self.upstream(slow_reply)
        upstream.go_on = False
        process = self.sluice(upstream, descriptors=96)
        served = [self.client(process) for _ in range(3)]
        for client in served:
            client.send(get())
        self.assertTrue(upstream.wait_for_requests(3))
        idle = self.crowd(process, 200)
        process.wait_for_log(r"(?i)descriptor")
        before, began = process.cpu_seconds(), time.monotonic()
        time.sleep(1.5)
        self.assertLess(process.cpu_seconds() - before, 0.7 if not self.slow_build() else 1.2, "it spins")
        upstream.script, upstream.go_on = serve(), True
        upstream.changed()
        self.assertEqual([client.reply().body for client in served], [b"finished"] * 3)
        for connection in idle:
            connection.close()
        self.assert_soon(lambda: self.answers(process), "new clients are served again", 10)
        self.assert_within(20, began, "all of it")

    def crowd(self, process, count: int) -> list[socket.socket]:
        """So many connections that say nothing, or as many as get through."""
        held = []
        for _ in range(count):
            connection = socket.socket()
            connection.settimeout(patience(2))
            self.addCleanup(connection.close)
            try:
                connection.connect(process.web)
                held.append(connection)
            except OSError:
                pass
        return held

    def test_the_oldest_idle_connections_make_room_for_new_ones(self):
        upstream = self.upstream()
        process = self.sluice(upstream, descriptors=96)
        self.crowd(process, 150)
        self.assert_soon(lambda: self.answers(process),
                         "a new client is served although idle ones hold every descriptor", 10)

    def answers(self, process) -> bool:
        try:
            with socket.create_connection(process.web, 2) as probe:
                probe.sendall(get("/", [("Connection", "close")]))
                return probe.recv(100).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def test_nothing_leaks(self):
        upstream, process, client = self.edge(None, "--serversTransport.forwardingTimeouts.idleConnTimeout=200ms")
        client.ask(get())
        self.assertTrue(upstream.wait(lambda: upstream.connections[0].ended.is_set()))
        before = process.descriptors()
        for turn in range(60):
            other = Client(process.web)
            if turn % 3 == 0:
                other.send(get())
                other.reset()
            elif turn % 3 == 1:
                other.ask(request("POST", "/", body=b"x"))
                other.close()
            else:
                other.send(b"GET / HT")
                other.close()
        self.assert_soon(lambda: process.descriptors() <= before, f"descriptors return to {before}", 10)


class Many(Case):
    @heavy
    def test_two_thousand_connections_are_served(self):
        import resource
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        upstream, process, _ = self.edge(workers=2)
        clients = [self.client(process) for _ in range(2000)]
        for client in clients:
            client.send(get())
        self.assertTrue(all(client.reply().status == 200 for client in clients))
        self.assertTrue(all(client.ask(get("/2")).status == 200 for client in clients[::10]))

    def test_clients_come_and_go_while_others_are_served(self):
        upstream, process, steady = self.edge(workers=2)
        stopping = threading.Event()
        coming = threading.Semaphore(0)  # so many for each request of the one who stays, or these threads take it all

        def churn():
            while coming.acquire(timeout=patience(10)) and not stopping.is_set():
                connection = socket.create_connection(process.web)
                connection.sendall(os.urandom(20) if len(upstream.requests) % 2 else get())
                connection.close()

        threads = [threading.Thread(target=churn, daemon=True) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(300):
            coming.release(8)
            self.assertEqual(steady.ask(get()).status, 200)
        stopping.set()
        coming.release(len(threads))
        for thread in threads:
            thread.join(patience(5))
