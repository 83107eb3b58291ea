"""Paths: normalised once, then matched and forwarded in exactly that form; the query is never touched."""
from framework import Case, get, http, router, servers, single


class Normalisation(Case):
    def test_the_normal_form_is_what_the_upstream_sees(self):
        upstream, process, _ = self.edge()
        for sent, seen in {
            "/": "/",
            "/a/b": "/a/b",
            "/a/b/": "/a/b/",
            "//a///b": "/a/b",
            "/a/./b": "/a/b",
            "/a/../b": "/b",
            "/../../b": "/b",
            "/a/b/../../c": "/c",
            "/a/%2e%2e/b": "/b",
            "/a/%2E/b": "/a/b",
            "/%61%7Eb%2D": "/a~b-",
            "/%2f": "/%2F",
            "/a%2fb/../c": "/c",
            "/a/..%2fb": "/a/..%2Fb",
            "/%5c%3b%25%3f%23": "/%5C%3B%25%3F%23",
            "/%c3%a9": "/%C3%A9",
            "/\xc3\xa9": "/%C3%A9",
            "/a|b": "/a%7Cb",
            "/a\"b<c>d^e`f{g}": "/a%22b%3Cc%3Ed%5Ee%60f%7Bg%7D",
            "/a;b=c/d": "/a;b=c/d",
            "/a:b@c!$&'()*+,=": "/a:b@c!$&'()*+,=",
            "/%20": "/%20",
            "/...": "/...",
            "/.a/..b/c.": "/.a/..b/c.",
        }.items():
            with self.subTest(sent):
                before = len(upstream.requests)
                self.assertEqual(self.client(process).ask(get(sent)).status, 200)
                self.assertEqual([head.target for head in upstream.requests[before:]], [seen])

    def test_the_query_is_never_changed(self):
        upstream, _, client = self.edge()
        for query in ("?", "?a=b&c", "?x=%zz", "?x=/../y//z", "?a=%2f%2F%61", "??", "?a+b=%20", "?x=|\"<>"):
            with self.subTest(query):
                before = len(upstream.requests)
                self.assertEqual(client.ask(get("/p" + query)).status, 200)
                self.assertEqual([head.target for head in upstream.requests[before:]], ["/p" + query])

    def test_rules_and_upstreams_see_the_same_path(self):
        guarded, open_to_all = self.upstream(), self.upstream()
        process = self.sluice(http(
            {"guarded": router("PathPrefix(`/admin`)", "guarded"),
             "open": router("PathPrefix(`/`)", "open", priority=1)},
            {"guarded": servers(guarded.url), "open": servers(open_to_all.url)}))
        for path in ("/admin", "/x/../admin", "//admin", "/./admin", "/%61dmin", "/x/%2e%2e/admin", "/x/..//admin",
                     "/%2e/admin", "/x/y/../../admin", "///admin/x", "http://case.test/x/../admin"):
            with self.subTest(path):
                before = len(guarded.requests)
                self.assertEqual(self.client(process).ask(get(path)).status, 200)
                self.assertEqual(len(guarded.requests), before + 1)
                self.assertTrue(guarded.requests[-1].target.startswith("/admin"))
        self.assertEqual(open_to_all.requests, [])

    def test_an_encoded_slash_is_no_separator(self):
        inner, outer = self.upstream(), self.upstream()
        client = self.client(self.sluice(http(
            {"inner": router("PathPrefix(`/a/b`)", "inner"), "outer": router("PathPrefix(`/`)", "outer", priority=1)},
            {"inner": servers(inner.url), "outer": servers(outer.url)})))
        client.ask(get("/a%2Fb"))
        self.assertEqual((len(inner.requests), outer.requests[0].target), (0, "/a%2Fb"))

    def test_sanitising_is_an_option(self):
        upstream = self.upstream()
        client = self.client(self.sluice(upstream, "--entryPoints.web.http.sanitizePath=false"))
        client.ask(get("/a/../b//c"))
        self.assertEqual(upstream.requests[0].target, "/a/../b//c")

    def test_encoded_characters_can_be_refused(self):
        upstream = self.upstream()
        for option, path in (("Slash", "/a%2Fb"), ("BackSlash", "/a%5cb"), ("Semicolon", "/a%3Bb"),
                             ("Percent", "/a%25b"),
                             ("QuestionMark", "/a%3fb"), ("Hash", "/a%23b")):
            with self.subTest(option):
                flag = f"--entryPoints.web.http.encodedCharacters.allowEncoded{option}=false"
                client = self.client(self.sluice(upstream, flag))
                self.assertEqual(client.ask(get("/fine")).status, 200)
                self.assertEqual(client.ask(get(path)).status, 400)


class ServerPath(Case):
    def test_the_path_of_a_server_url_is_ignored(self):
        upstream = self.upstream()
        client = self.client(self.sluice(single(upstream.url + "/base")))
        client.ask(get("/x?y"))
        self.assertEqual(upstream.requests[0].target, "/x?y")

    def test_preserve_path_joins_it(self):
        upstream = self.upstream()
        for base, sent, seen in (("/base", "/x?y", "/base/x?y"), ("/base/", "/x", "/base/x"), ("/base", "/", "/base/"),
                                 ("/", "/x", "/x")):
            with self.subTest(base=base, sent=sent):
                client = self.client(self.sluice(single({"url": upstream.url + base, "preservePath": True})))
                before = len(upstream.requests)
                client.ask(get(sent))
                self.assertEqual(upstream.requests[before].target, seen)
