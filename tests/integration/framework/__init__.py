"""What the integration tests are written with: the real binary, a raw client, a scripted upstream server.

Nothing here knows HTTP beyond what is needed to frame a message: bytes go out as a test wrote them and are recorded as
they came in, so that a test can say what it means on the wire.
"""
from .acme import CertificateAuthority
from .case import Case, alone, heavy
from .client import Client, Closed
from .config import all_hosts, host_router, http, load_balancer, router, servers, single
from .named import Named, named_is_there
from .process import Sluice, binary, is_sanitized, patience
from .tls import Pem, SecureClient, authority, certificate, server_context
from .upstream import Upstream, answer, hold, refuse_connections, serve
from .wire import chunked, get, request, response

__all__ = [
    "Case", "CertificateAuthority", "Client", "Closed", "Named", "Pem", "SecureClient", "Sluice", "Upstream", "all_hosts", "alone", "answer", "authority", "binary",
    "certificate", "chunked", "get", "heavy", "hold",
    "host_router", "http", "is_sanitized", "load_balancer", "named_is_there", "patience", "refuse_connections", "request", "response",
    "router", "serve", "server_context", "servers",
    "single",
]
