"""The integration tests of HTTP/1 once more, their clients on HTTP/2. A test that needs what only HTTP/1 has says so
(`NotInH2`) and is left out; those that ask something else of the two versions are named here."""
import functools
import sys

import test_balancing
import test_bodies
import test_fields
import test_interim
import test_messages
import test_middlewares
import test_paths
import test_pools
import test_services
import test_status
from framework.over_h2 import ClientOverH2, NotInH2

AGAIN = (test_balancing.RoundRobin, test_fields.HopByHop, test_fields.Forwarded, test_fields.HostHeader,
         test_interim.Expect, test_interim.InterimReplies, test_messages.Uploads, test_messages.Replies,
         test_messages.WithoutContent, test_middlewares.Paths, test_middlewares.Fields, test_middlewares.Access,
         test_middlewares.Limits, test_middlewares.Bodies, test_middlewares.Retry, test_paths.Normalisation,
         test_paths.ServerPath, test_pools.Reuse, test_pools.Replay, test_services.StickyCookies, test_services.Strategies,
         test_status.Unrouted, test_status.Unavailable, test_status.MethodNotAllowed, test_status.BadGateway,
         test_status.GatewayTimeout, test_bodies.Large)

# Class.test: what is different on purpose.
DIFFERENT = {
    "BadGateway.test_a_hostile_host_cannot_forge_log_lines": "control bytes in a path reset the stream",
    "Expect.test_exactly_one_100_whether_or_not_the_upstream_sends_one": "its content comes later",
    "Fields.test_headers": "what has no content needs no Content-Length",
    "HopByHop.test_order_and_spelling_of_end_to_end_fields_are_kept": "names are in lower case",
    "Normalisation.test_rules_and_upstreams_see_the_same_path": "a target is a path, never a URL",
    "Normalisation.test_the_normal_form_is_what_the_upstream_sees": "a target is a path, never a URL",
    "Replies.test_a_chunked_reply_is_framed_anew": "there are no chunks",
    "Replies.test_a_close_delimited_reply_becomes_chunked_and_the_client_stays": "there are no chunks",
    "StickyCookies.test_services_and_servers_may_both_stick": "names are in lower case",
    "Uploads.test_framing_fields_in_request_trailers_are_never_forwarded": "they reset the stream",
}


def left_out(test):
    @functools.wraps(test)
    def run(self):
        try:
            test(self)
        except NotInH2 as reason:
            self.skipTest(f"only in HTTP/1: {reason}")
    return run


def over_h2(original: type) -> type:
    def client(self, process, entry_point: str = "web", **options):
        made = ClientOverH2(process.address(entry_point), **options)
        self._clients.append(made)
        return made

    members = {"client": client, "__doc__": original.__doc__, "__module__": __name__}
    for name in dir(original):
        if name.startswith("test_"):
            different = f"{original.__name__}.{name}" in DIFFERENT
            members[name] = None if different else left_out(getattr(original, name))
    return type(f"{original.__name__}OverH2", (original,), members)


for case in AGAIN:
    setattr(sys.modules[__name__], f"{case.__name__}OverH2", over_h2(case))
del case
