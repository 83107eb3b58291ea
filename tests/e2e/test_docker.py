"""Containers of a real engine: what their labels say is served as long as they run."""

import os
import threading
import unittest

from engine import container, docker, fetch, labels, needs_engine, wait_for_status, wait_until, whoami_image
from framework import Sluice

FLAGS = ["--providers.docker=true", "--providers.docker.exposedByDefault=false"]
AT_ONCE = ["--providers.docker.routeGraceTime=0s"]


def routed(host, **more):
    """Labels that expose a container under a host; the router is named after the host's first label."""
    return labels(traefik__enable="true", **{f"traefik__http__routers__{host.split('.')[0]}__rule": f"Host(`{host}`)"},
                  **more)


@needs_engine
class Containers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.image = whoami_image()
        cls.sluice = Sluice(flags=FLAGS + AT_ONCE, workers=2)
        cls.addClassCleanup(cls.sluice.discard)
        cls.sluice.start()

    def setUp(self):
        self.web = self.sluice.web
        self.host = f"{self._testMethodName.replace('_', '-')}-{os.getpid()}.test"

    def tearDown(self):
        self.assertIsNone(self.sluice.process.poll(), self.sluice.tail())
        self.assertEqual(self.sluice.trouble(), "")

    def test_a_started_container_is_served_and_a_removed_one_is_not(self):
        with container(*routed(self.host), self.image):
            self.assertIn("Hostname: ", wait_for_status(self.web, self.host, 200))
        wait_for_status(self.web, self.host, 404)

    def test_a_stopped_container_is_gone_and_comes_back_when_started(self):
        with container(*routed(self.host), self.image) as identity:
            wait_for_status(self.web, self.host, 200)
            docker("stop", "-t", "5", identity)
            wait_for_status(self.web, self.host, 404)
            docker("start", identity)
            wait_for_status(self.web, self.host, 200)

    def test_a_container_without_the_label_is_not_exposed(self):
        rule = labels(traefik__http__routers__silent__rule=f"Host(`{self.host}`)")
        with container(*rule, self.image), container(*routed("other-" + self.host), self.image):
            wait_for_status(self.web, "other-" + self.host, 200)
            self.assertEqual(fetch(self.web, self.host)[0], 404)

    def test_a_container_that_ran_before_is_found(self):
        with container(*routed(self.host), self.image):
            late = Sluice(flags=FLAGS)
            self.addCleanup(late.discard)
            late.start()
            wait_for_status(late.web, self.host, 200)

    def test_a_broken_label_leaves_the_neighbour_alone(self):
        broken = labels(traefik__enable="true", traefik__http__routers__broken__rule="Host(`unclosed")
        with container(*broken, self.image), container(*routed(self.host), self.image):
            wait_for_status(self.web, self.host, 200)
            self.sluice.wait_for_log(r"(?i)broken")

    def test_the_port_label_chooses_the_port(self):
        port = labels(**{"traefik__http__services__ported__loadbalancer__server__port": "8081"})
        with container(*routed(self.host), *port, self.image, "whoami", "--address=:8081"):
            wait_for_status(self.web, self.host, 200)

    def test_a_container_of_two_networks_is_reached_over_the_one_its_label_names(self):
        name = f"sluice-e2e-{os.getpid()}"
        docker("network", "create", name)
        self.addCleanup(docker, "network", "rm", name, check=False)
        with container(*routed(self.host), *labels(traefik__docker__network=name), self.image) as identity:
            docker("network", "connect", name, identity)
            docker("restart", "-t", "1", identity)
            networks = docker("inspect", "-f", f'{{{{(index .NetworkSettings.Networks "{name}").IPAddress}}}}', identity)
            wait_until(lambda: networks in fetch(self.web, self.host)[1], f"whoami names {networks}")

    def test_an_unhealthy_container_gets_no_requests(self):
        check = ["--health-cmd", "/no-such-program", "--health-interval", "1s", "--health-retries", "1"]
        with container(*routed(self.host), *check, self.image) as identity, \
                container(*routed("other-" + self.host), self.image):
            wait_until(lambda: docker("inspect", "-f", "{{.State.Health.Status}}", identity) == "unhealthy", "unhealthy")
            wait_for_status(self.web, "other-" + self.host, 200)
            self.assertNotEqual(fetch(self.web, self.host)[0], 200)


@needs_engine
class Replacement(unittest.TestCase):
    """What clients see while containers are stopped, recreated and scaled."""

    @classmethod
    def setUpClass(cls):
        cls.image = whoami_image()
        cls.sluice = Sluice(flags=FLAGS, workers=2)
        cls.addClassCleanup(cls.sluice.discard)
        cls.sluice.start()

    def setUp(self):
        self.web = self.sluice.web
        self.host = f"{self._testMethodName.replace('_', '-')}-{os.getpid()}.test"

    def tearDown(self):
        self.assertIsNone(self.sluice.process.poll(), self.sluice.tail())
        self.assertEqual(self.sluice.trouble(), "")

    def test_a_recreated_container_is_missed_but_not_forgotten(self):
        with container(*routed(self.host), self.image):
            wait_for_status(self.web, self.host, 200)
        wait_for_status(self.web, self.host, 503)
        with container(*routed(self.host), self.image):
            wait_for_status(self.web, self.host, 200)

    def test_a_one_off_takes_no_part_unless_labelled(self):
        one_off = labels(com__docker__compose__oneoff="True")
        with container(*routed(self.host), *one_off, self.image), \
                container(*routed("other-" + self.host), *one_off, *labels(traefik__docker__oneoff="true"), self.image):
            wait_for_status(self.web, "other-" + self.host, 200)
            self.assertEqual(fetch(self.web, self.host)[0], 404)

    def test_no_request_fails_while_one_of_two_replicas_stops(self):
        with container(*routed(self.host), self.image), container(*routed(self.host), self.image) as second:
            wait_until(lambda: len({fetch(self.web, self.host)[1] for _ in range(8)}) > 1, "both replicas answer")
            stopping = threading.Event()
            answers = []

            def ask():
                while not stopping.is_set():
                    answers.append(fetch(self.web, self.host)[0])

            threads = [threading.Thread(target=ask) for _ in range(4)]
            for thread in threads:
                thread.start()
            docker("stop", "-t", "5", second)
            docker("start", second)
            docker("rm", "-f", second)
            stopping.set()
            for thread in threads:
                thread.join()
            self.assertGreater(len(answers), 50)
            self.assertEqual(set(answers), {200})

    def test_a_network_connected_later_is_found(self):
        name = f"sluice-e2e-late-{os.getpid()}"
        docker("network", "create", name)
        self.addCleanup(docker, "network", "rm", name, check=False)
        with container(*routed(self.host), *labels(traefik__docker__network=name), "--network", "none",
                       self.image) as identity:
            wait_for_status(self.web, self.host, 503)
            docker("network", "disconnect", "none", identity)
            docker("network", "connect", name, identity)
            wait_for_status(self.web, self.host, 200)


if __name__ == "__main__":
    unittest.main()
