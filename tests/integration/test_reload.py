"""A change of configuration: live within a moment, and no request and no connection ever pays for it."""
import json
import os
import threading
import time

from framework import (Case, all_hosts, alone, get, hold, host_router, http, patience, request, response, serve, servers,
                       single)


class Load:
    """Clients that ask as fast as they can until told to stop; every answer that is not 200 is a failure."""

    def __init__(self, case: Case, process, count: int = 4, fresh: bool = False):
        self.stopping = threading.Event()
        self.failures: list[str] = []
        self.requests = 0
        self.bodies: set[bytes] = set()
        self._case, self._process, self._fresh = case, process, fresh
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        try:
            client = self._case.client(self._process)
            while not self.stopping.is_set():
                if self._fresh:
                    client.close()
                    client = self._case.client(self._process)
                reply = client.ask(get())
                self.requests += 1
                self.bodies.add(reply.body)
                if reply.status != 200 or reply.has_token("Connection", "close"):
                    self.failures.append(reply.start_line)
        except Exception as failure:  # noqa: BLE001: any failure counts
            self.failures.append(repr(failure))

    def stop(self) -> None:
        self.stopping.set()
        for thread in self._threads:
            thread.join(patience(10))


class Reload(Case):
    @alone
    def test_a_change_is_live_soon(self):
        a, b = self.upstream(serve(response(200, b"a"))), self.upstream(serve(response(200, b"b")))
        process = self.sluice(a)
        client = self.client(process)
        self.assertEqual(client.ask(get()).body, b"a")
        began = time.monotonic()
        process.configure(single(b.url))
        self.assert_within(0.5, began, "a change of the file")
        self.assertEqual(client.ask(get()).body, b"b")

    def test_nobody_notices_fifty_changes_under_load(self):
        for workers in (1, 2):
            with self.subTest(workers=workers):
                a, b = self.upstream(serve(response(200, b"a"))), self.upstream(serve(response(200, b"b")))
                process = self.sluice(single(a.url), workers=workers)
                load, fresh = Load(self, process), Load(self, process, 1, fresh=True)
                for turn in range(50 if not self.slow_build() else 15):
                    dynamic = single(*((a.url,), (b.url,), (a.url, b.url))[turn % 3])
                    for extra in range(turn % 7):
                        dynamic["http"]["routers"][f"extra-{extra}"] = host_router(f"extra-{extra}.test", "app")
                    process.configure(dynamic)
                load.stop()
                fresh.stop()
                self.assertEqual((load.failures, fresh.failures), ([], []))
                self.assertGreater(load.requests, 50)
                self.assertEqual(load.bodies, {b"a", b"b"})

    def test_a_request_in_flight_finishes_on_the_configuration_it_began_with(self):
        def slow(connection):
            connection.read_request()
            connection.owner.wait(lambda: connection.owner.go_on)
            connection.send(response(200, b"old"))
            connection.hold()

        old, new = self.upstream(slow), self.upstream(serve(response(200, b"new")))
        old.go_on = False
        process = self.sluice(old)
        waiting, other = self.client(process), self.client(process)
        waiting.send(get())
        self.assertTrue(old.wait_for_requests(1))
        process.configure(single(new.url))
        self.assertEqual(other.ask(get()).body, b"new")
        process.configure({})
        old.go_on = True
        old.changed()
        self.assertEqual(waiting.reply().body, b"old")
        self.assertEqual(waiting.ask(get()).status, 404, "the connection outlives both")

    def test_an_upload_and_a_tunnel_survive(self):
        def tunnel(connection):
            connection.read_head()
            connection.send(response(101, fields=[("Connection", "Upgrade"), ("Upgrade", "websocket")]))
            while data := connection._receive():
                connection.send(data)

        uploads, tunnels = self.upstream(), self.upstream(tunnel)
        process = self.sluice(http({"u": host_router("u.test", "u"), "t": host_router("t.test", "t")},
                                   {"u": servers(uploads.url), "t": servers(tunnels.url)}))
        upload, chat = self.client(process), self.client(process)
        upload.send(request("POST", "/", [("Content-Length", "10")], length=False, host="u.test"), b"first")
        self.assertTrue(uploads.wait(lambda: uploads.received.endswith(b"first")))
        handshake = [("Connection", "Upgrade"), ("Upgrade", "websocket"),
                     ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
                     ("Sec-WebSocket-Version", "13")]
        self.assertEqual(chat.ask(get("/", handshake, host="t.test")).status, 101)
        process.configure({})
        chat.send(b"still here")
        self.assertEqual(chat.reader.exactly(10), b"still here")
        self.assertEqual(upload.ask(b"-last").status, 200)
        self.assertEqual(uploads.requests[0].body, b"first-last")

    def test_an_unrelated_change_keeps_pooled_upstream_connections(self):
        upstream = self.upstream()
        dynamic = single(upstream.url)
        process = self.sluice(dynamic)
        client = self.client(process)
        for turn in range(5):
            self.assertEqual(client.ask(get()).status, 200)
            dynamic["http"]["routers"][f"other-{turn}"] = host_router(f"other-{turn}.test", "app")
            process.configure(dynamic)
        self.assertEqual(len(upstream.connections), 1)

    def test_a_server_that_is_gone_gets_no_more_requests_and_its_connections_end(self):
        gone, stays = self.upstream(), self.upstream()
        process = self.sluice(gone)
        client = self.client(process)
        client.ask(get())
        process.configure(single(stays.url))
        for _ in range(3):
            self.assertEqual(client.ask(get()).status, 200)
        self.assertEqual((len(gone.requests), len(stays.requests)), (1, 3))
        self.assertTrue(gone.wait(lambda: gone.connections[0].ended.is_set(), 5))


class Files(Case):
    def test_a_broken_file_keeps_what_was_live_and_says_why(self):
        upstream = self.upstream()
        process = self.sluice(upstream)
        client = self.client(process)
        for broken in ("http: [unclosed", "http:\n\trouters: {}\n", "- a\n- b\n", "\x00", "{{ fail"):
            with self.subTest(broken):
                before = len(process.lines)
                process.write_text(broken)
                self.assert_soon(lambda: any("dynamic.yml" in line for line in process.lines[before:]),
                                 "a line that names the file")
                self.assertEqual(client.ask(get()).status, 200)
        process.configure(single(upstream.url))
        self.assertEqual(client.ask(get()).status, 200)

    def test_an_unknown_field_is_named_and_the_rest_goes_live(self):
        upstream = self.upstream()
        process = self.sluice({})
        dynamic = single(upstream.url)
        dynamic["http"]["routerz"] = {}
        process.configure(dynamic)
        self.assertEqual(self.client(process).ask(get()).status, 200)
        self.assertIn("dynamic.yml", process.wait_for_log(r"routerz"))

    def test_an_empty_file_is_an_empty_configuration(self):
        process = self.sluice(self.upstream())
        client = self.client(process)
        self.assertEqual(client.ask(get()).status, 200)
        process.write_text("")
        self.assert_soon(lambda: client.ask(get()).status == 404, "the routes are gone")

    def test_a_deleted_file_takes_its_routes_with_it(self):
        upstream = self.upstream()
        process = self.sluice(http({"a": host_router("a.test", "app")}, {"app": servers(upstream.url)}))
        second = http({"b": host_router("b.test", "other")}, {"other": servers(upstream.url)})
        process.write_text(json.dumps(second), "second.yml")
        client = self.client(process)
        self.assert_soon(lambda: client.ask(get(host="b.test")).status == 200, "the second file is live")
        (process.dynamic_folder / "second.yml").unlink()
        self.assert_soon(lambda: client.ask(get(host="b.test")).status == 404, "it is gone again")
        self.assertEqual(client.ask(get(host="a.test")).status, 200)

    def test_a_broken_object_is_left_out_alone(self):
        upstream = self.upstream()
        process = self.sluice(http(
            {"good": host_router("good.test", "app"), "bad-rule": {"rule": "Host(`x.test`", "service": "app"},
             "bad-matcher": {"rule": "Hots(`y.test`)", "service": "app"}},
            {"app": servers(upstream.url)}))
        client = self.client(process)
        self.assertEqual(client.ask(get(host="good.test")).status, 200)
        self.assertEqual(client.ask(get(host="x.test")).status, 404)
        process.wait_for_log(r"bad-rule")
        process.wait_for_log(r"bad-matcher")

    def test_a_file_written_in_place_in_pieces_ends_up_live(self):
        a, b = self.upstream(serve(response(200, b"a"))), self.upstream(serve(response(200, b"b")))
        process = self.sluice(a)
        client = self.client(process)
        text = json.dumps(single(b.url), indent=1)
        with open(process.dynamic_folder / "dynamic.yml", "w") as file:
            for piece in range(0, len(text), 20):
                file.write(text[piece:piece + 20])
                file.flush()
                self.assertIn(client.ask(get()).status, (200, 404))
        self.assert_soon(lambda: client.ask(get()).body == b"b", "the finished file is live")

    def test_a_symbolic_link_that_is_swapped(self):
        a, b = self.upstream(serve(response(200, b"a"))), self.upstream(serve(response(200, b"b")))
        process = self.sluice({})
        client = self.client(process)
        folder = process.dynamic_folder
        for version, upstream in (("v1", a), ("v2", b)):
            (process.folder / version).mkdir()
            (process.folder / version / "linked.yml").write_text(json.dumps(single(upstream.url)))
        os.symlink(process.folder / "v1" / "linked.yml", folder / "linked.yml")
        self.assert_soon(lambda: client.ask(get()).body == b"a", "the first version is live")
        os.symlink(process.folder / "v2" / "linked.yml", process.folder / "swap")
        os.rename(process.folder / "swap", folder / "linked.yml")
        self.assert_soon(lambda: client.ask(get()).body == b"b", "the second version is live")

    def test_a_storm_of_writes_ends_with_the_last(self):
        upstreams = [self.upstream(serve(response(200, b"%d" % i))) for i in range(3)]
        process = self.sluice(upstreams[0])
        load = Load(self, process, 2)
        for turn in range(200):
            process.write_text(json.dumps(single(upstreams[turn % 3].url)))
            time.sleep(0.005)
        process.configure(single(upstreams[2].url))
        load.stop()
        self.assertEqual(load.failures, [])
        self.assertEqual(self.client(process).ask(get()).body, b"2")

    def test_block_style_yaml_and_toml_are_read(self):
        upstream = self.upstream()
        process = self.sluice({})
        process.write_text(f"""
http:
  routers:
    yaml:
      rule: "Host(`yaml.test`) && PathPrefix(`/`)"
      service: app
  services:
    app:
      loadBalancer:
        servers:
          - url: "{upstream.url}"
""", "block.yaml")
        process.write_text(f"""
[http.routers.toml]
rule = "Host(`toml.test`)"
service = "app2"
[[http.services.app2.loadBalancer.servers]]
url = "{upstream.url}"
""", "other.toml")
        client = self.client(process)
        for host in ("yaml.test", "toml.test"):
            self.assert_soon(lambda: client.ask(get(host=host)).status == 200, host)

    def test_templates_are_rendered(self):
        upstream = self.upstream()
        process = self.sluice({}, environment={"UPSTREAM_URL": upstream.url})
        process.write_text("""
http:
  routers:
{{ range $i := until 3 }}
    r{{ $i }}: {rule: "Host(`h{{ $i }}.test`)", service: app}
{{ end }}
  services:
    app: {loadBalancer: {servers: [{url: "{{ env "UPSTREAM_URL" }}"}]}}
""", "template.yml")
        client = self.client(process)
        for host in ("h0.test", "h2.test"):
            self.assert_soon(lambda: client.ask(get(host=host)).status == 200, host)


class Held(Case):
    def test_a_held_request_does_not_hold_back_a_change(self):
        stalled, upstream = self.upstream(hold), self.upstream()
        process = self.sluice(stalled)
        waiting = self.client(process)
        waiting.send(get())
        self.assertTrue(stalled.wait_for_requests(1))
        for _ in range(5):
            process.configure(http({"web": all_hosts("app")}, {"app": servers(upstream.url)}))
        self.assertEqual(self.client(process).ask(get()).status, 200)
        self.assertTrue(waiting.is_silent())
