"""rateLimit with its buckets in a Redis cluster, a real one: three masters on loopback."""
import shutil
import unittest

from framework import Case, all_hosts, get, http, servers
from framework.redis import Cluster, Redis

KEYS = [f"client-{n}" for n in range(24)]


def bucket(key: str) -> str:
    return f"sluice:rate:limit@file:web@file:{key}"


@unittest.skipUnless(shutil.which("redis-server") and shutil.which("redis-cli"), "redis is not installed")
class ClusterLimits(Case):
    def cluster(self, *flags: str) -> Cluster:
        cluster = Cluster(*flags)
        self.addCleanup(cluster.close)
        return cluster

    def limited(self, endpoints: list[Redis], burst: int = 1, **redis):
        upstream = self.upstream()
        limit = {"average": 1, "period": "1h", "burst": burst, "sourceCriterion": {"requestHeaderName": "X-Key"},
                 "redis": {"endpoints": [node.address for node in endpoints], **redis}}
        return self.sluice(http({"web": all_hosts("app", middlewares=["limit"])}, {"app": servers(upstream.url)},
                                middlewares={"limit": {"rateLimit": limit}}))

    def status(self, client, key: str) -> int:
        return client.ask(get("/", [("X-Key", key)])).status

    def test_instances_share_the_buckets_of_all_masters(self):
        cluster = self.cluster()
        # Whichever masters are named, each key is found; a cluster has no other database than 0.
        clients = [self.client(self.limited(endpoints, db=3))
                   for endpoints in (cluster.nodes[:2], [cluster.nodes[2]])]
        for key in KEYS:
            self.assertEqual([self.status(client, key) for client in clients], [200, 429], key)
        for node in cluster.nodes:
            self.assertNotEqual(node.ask("DBSIZE"), b":0\r\n")
        # Who has a slot is asked once.
        redirected = [node.ask("INFO", "errorstats") for node in cluster.nodes]
        self.assertIn(b"errorstat_MOVED", b"".join(redirected))
        for key in KEYS:
            self.assertEqual([self.status(client, key) for client in clients], [429, 429], key)
        self.assertEqual([node.ask("INFO", "errorstats") for node in cluster.nodes], redirected)

    def test_a_slot_that_moves(self):
        cluster = self.cluster()
        client = self.client(self.limited(cluster.nodes[:1], burst=2))
        key = next(key for key in KEYS if cluster.owner(bucket(key)) is cluster.nodes[1])
        slot = cluster.nodes[0].ask("CLUSTER", "KEYSLOT", bucket(key))[1:].split()[0].decode()
        source, target = cluster.nodes[1:]
        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", cluster.name(source))
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", cluster.name(target))
        self.assertEqual(self.status(client, key), 200)
        self.assertEqual((source.ask("DBSIZE"), target.ask("DBSIZE")), (b":0\r\n", b":1\r\n"))
        for node in (target, source, cluster.nodes[0]):
            self.assertEqual(node.ask("CLUSTER", "SETSLOT", slot, "NODE", cluster.name(target)), b"+OK\r\n")
        self.assertEqual([self.status(client, key) for _ in range(2)], [200, 429])

    def test_nobody_passes_whose_master_cannot_be_asked(self):
        cluster = self.cluster("--cluster-require-full-coverage", "no")
        process = self.limited(cluster.nodes[:2])
        client = self.client(process)
        for key in KEYS:
            self.assertEqual(self.status(client, key), 200)
        cluster.nodes[2].close()
        for key in KEYS:
            lost = cluster.owner(bucket(key)) is cluster.nodes[2]
            self.assertEqual(self.status(client, key), 500 if lost else 429, key)
        process.wait_for_log("500 Internal Server Error")

    def test_a_cluster_that_is_down_lets_nobody_pass(self):
        cluster = self.cluster()
        process = self.limited(cluster.nodes[:2])
        client = self.client(process)
        mine = [key for key in KEYS if cluster.owner(bucket(key)) is cluster.nodes[0]]
        self.assertEqual(self.status(client, mine[0]), 200)
        cluster.nodes[2].close()
        self.assert_soon(lambda: self.status(client, mine[0]) == 500, "without all slots it serves none", 20)
        process.wait_for_log("the Redis cluster is down")

    def test_the_replica_takes_over(self):
        cluster = self.cluster()
        cluster.add_replica(cluster.nodes[2])
        client = self.client(self.limited(cluster.nodes[:2]))
        key = next(key for key in KEYS if cluster.owner(bucket(key)) is cluster.nodes[2])
        self.assertEqual(self.status(client, key), 200)
        cluster.wait(lambda: cluster.nodes[3].ask("DBSIZE") == b":1\r\n")
        cluster.nodes[2].close()
        self.assertEqual(self.status(client, key), 500)
        self.assert_soon(lambda: self.status(client, key) == 429, "the bucket at the replica", 20)


if __name__ == "__main__":
    unittest.main()
