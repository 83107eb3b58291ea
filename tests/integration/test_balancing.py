"""Which server gets a request: weighted round robin over servers and over services."""
from collections import Counter

from framework import Case, all_hosts, get, http, response, serve, servers, single


class RoundRobin(Case):
    def ask_many(self, client, count: int) -> Counter:
        return Counter(client.ask(get()).body.decode() for _ in range(count))

    def named(self, name: str):
        return self.upstream(serve(response(200, name.encode())))

    def test_servers_take_turns(self):
        a, b, c = self.named("a"), self.named("b"), self.named("c")
        client = self.client(self.sluice(single(a.url, b.url, c.url)))
        self.assertEqual(self.ask_many(client, 30), {"a": 10, "b": 10, "c": 10})

    def test_weights_are_exact_and_smooth(self):
        a, b = self.named("a"), self.named("b")
        client = self.client(self.sluice(single({"url": a.url, "weight": 3}, {"url": b.url, "weight": 1})))
        order = "".join(client.ask(get()).body.decode() for _ in range(40))
        self.assertEqual(Counter(order), {"a": 30, "b": 10})
        self.assertNotIn("aaaaa", order)
        self.assertNotIn("bb", order)

    def test_weight_zero_gets_nothing(self):
        a, b = self.named("a"), self.named("b")
        client = self.client(self.sluice(single(a.url, {"url": b.url, "weight": 0})))
        self.assertEqual(self.ask_many(client, 10), {"a": 10})

    def test_one_url_named_twice_counts_once(self):
        a, b = self.named("a"), self.named("b")
        client = self.client(self.sluice(single(a.url, a.url, b.url)))
        self.assertEqual(self.ask_many(client, 20), {"a": 10, "b": 10})

    def test_weighted_services(self):
        a, b, c = self.named("a"), self.named("b"), self.named("c")
        client = self.client(self.sluice(http({"web": all_hosts("split")}, {
            "split": {"weighted": {"services": [{"name": "blue", "weight": 3}, {"name": "green", "weight": 1},
                                                {"name": "off", "weight": 0}]}},
            "blue": servers(a.url), "green": servers(b.url), "off": servers(c.url)})))
        self.assertEqual(self.ask_many(client, 40), {"a": 30, "b": 10})

    def test_weighted_services_of_several_servers(self):
        a, b, c = self.named("a"), self.named("b"), self.named("c")
        client = self.client(self.sluice(http({"web": all_hosts("split")}, {
            "split": {"weighted": {"services": [{"name": "pair", "weight": 1}, {"name": "one", "weight": 1}]}},
            "pair": servers(a.url, b.url), "one": servers(c.url)})))
        self.assertEqual(self.ask_many(client, 40), {"a": 10, "b": 10, "c": 20})

    def test_an_unrelated_change_does_not_disturb_the_turn(self):
        a, b = self.named("a"), self.named("b")
        dynamic = single(a.url, b.url)
        process = self.sluice(dynamic)
        client = self.client(process)
        order = client.ask(get()).body
        for turn in range(6):
            dynamic["http"]["routers"][f"other-{turn}"] = {"rule": f"Host(`other-{turn}.test`)", "service": "app"}
            process.configure(dynamic)
            order += client.ask(get()).body
        self.assertNotIn(b"aa", order)
        self.assertNotIn(b"bb", order)
