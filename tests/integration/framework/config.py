"""Dynamic configuration as plain dictionaries; written out as JSON, which is YAML."""
from __future__ import annotations


def servers(*urls: str, **options) -> dict:
    """A load balancer over these URLs. Give a dictionary instead of a URL to set a weight or preservePath."""
    listed = [{"url": entry} if isinstance(entry, str) else entry for entry in urls]
    return {"loadBalancer": {"servers": listed, **options}}


load_balancer = servers


def router(rule: str, service: str, **options) -> dict:
    return {"rule": rule, "service": service, **options}


def host_router(host: str, service: str, **options) -> dict:
    return router(f"Host(`{host}`)", service, **options)


def all_hosts(service: str, **options) -> dict:
    return router("PathPrefix(`/`)", service, **options)


def http(routers: dict, services: dict, **more) -> dict:
    return {"http": {"routers": routers, "services": services, **more}}


def single(*urls: str, **options) -> dict:
    """Every request goes to one service, `app`, by one router, `web`."""
    return http({"web": all_hosts("app")}, {"app": servers(*urls, **options)})
