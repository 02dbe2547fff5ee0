#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A proxy that hands HTTP on byte for byte, and does to chosen requests what networks and servers do.

The Host of the client goes through as it is, so signatures stay good. It prints one line of JSON when it
listens ({"port", "control", "endpoint", "seed"}) and ends when its standard input does. The control port
takes and gives JSON over HTTP:

  GET  /          ports, seed, connections so far, requests in flight now ("running") and at most ("peak")
  GET  /rules     the rules as lines, with how often each was "matched" and "fired"
  POST /rules     a rule or a list of them, added after those that are there: {"ids": [...]}
  DELETE /rules   all of them, or {"id": N}
  GET  /counts    {"METHOD PATH[?NAMES]": {"requests", "request_bytes", "response_bytes"}}, as the client saw
                  it; NAMES are those of the query, without values
  GET  /log       JSON lines, one for each request that is over, in the order of their ends (sort by "id");
                  ?since=N leaves out the first N
  DELETE /log     forgets log and counts
  GET  /held      the requests that a rule holds, as lines; ?count=N&seconds=S waits until there are N
  POST /release   lets them all go, or {"id": N} (of the request) or {"rule": N}
  POST /cut       {"bytes": N}: after N more bytes, counted in both directions and with heads over all
                  connections, the connection that is at it is reset; null takes it back
  GET  /idle      waits until no request and no duplicate is in flight, ?seconds=S at most: {"running": N}

A rule says when: "method" (a regular expression for all of it), "path" (one that is found in the target,
which has the query), "connection" (its number, from 1), "nth" (only this match, or these, from 1),
"probability" (drawn from the seed and the number of the rule), "count" (so often at most). The first rule
that fits is done, and those after it do not count the request. "do" says what:

  answer     {"status", "code" (makes an S3 error of it) or "body", "headers", "early", "forward"}: in place
             of the server; "early" without reading the request; "forward" only after the server has done it
  delay      {"seconds": S or [LOW, HIGH], "when": "before" or "after" forwarding}; the request arrives even
             if the client has given up by then, as with hold
  hang       {"when"}: never answers
  hold       {"when"}: goes on at POST /release
  reset      {"when"}: resets the connection before forwarding, or after the server has done it
  cut        {"of": "request" or "response", "bytes": N, "how": "reset" or "close"}: after N bytes of the body
  stall      {"of", "bytes": N}: goes on with nothing after N bytes of the body
  throttle   {"of", "rate": bytes a second}
  flip       {"of", "byte": N, "mask": BITS}: in the body; drawn where left out
  pad        {"append": TEXT}: a longer body, of a right Content-Length
  header     {"set": {NAME: VALUE}, "remove": [NAME]}: in the answer
  no-length  {"bytes": N}: no Content-Length and an end by closing, after N bytes if said
  unended    in chunks, closed before the last one
  duplicate  {"seconds": S or [LOW, HIGH]}: the same request again, so long after the first was answered

"when" is "before", "of" is "response" and "how" is "reset" where left out.

A line of the log: {"id", "connection", "start", "end" (seconds of CLOCK_MONOTONIC), "method", "target", "range" (asked for),
"rule", "do", "status" (sent to the client), "server_status", "request_head_bytes", "request_bytes",
"response_head_bytes", "response_bytes", "outcome" ("answered", "cut" or "broken: WHY"), "duplicate_of" (of a
second delivery)}.
"""

import argparse
import os
import secrets
import sys
import urllib.parse
from typing import Any

from control import Refused, announce, control_port, wait_for_the_end
from http1 import listen, serve
from relay import Proxy


class Control:
    """What the control port does."""

    def __init__(self, proxy: Proxy, facts: dict[str, Any]):
        self.proxy, self.facts = proxy, facts

    def routes(self) -> dict:
        return {
            ("GET", "/"): self.overview,
            ("GET", "/rules"): lambda *_: [rule.shown() for rule in self.proxy.rules.rules],
            ("POST", "/rules"): self.add_rules,
            ("DELETE", "/rules"): self.remove_rules,
            ("GET", "/counts"): self.counts,
            ("GET", "/log"): self.proxy.journal.since,
            ("DELETE", "/log"): self.forget,
            ("GET", "/held"): self.held,
            ("POST", "/release"): self.release,
            ("POST", "/cut"): self.cut,
            ("GET", "/idle"): self.idle,
        }

    def overview(self, *_: Any) -> dict[str, Any]:
        proxy = self.proxy
        return {**self.facts, "connections": proxy.connections, "running": proxy.running, "peak": proxy.peak}

    def add_rules(self, _: dict[str, str], wish: Any) -> dict[str, Any]:
        return {"ids": self.proxy.rules.add(wish if isinstance(wish, list) else [wish])}

    def remove_rules(self, _: dict[str, str], wish: Any) -> dict[str, Any]:
        self.proxy.rules.remove(wish["id"] if wish else None)
        return {}

    def counts(self, *_: Any) -> dict[str, Any]:
        self.proxy.journal.settle()
        with self.proxy.changed:
            return dict(self.proxy.counts)

    def forget(self, *_: Any) -> dict[str, Any]:
        with self.proxy.changed:
            self.proxy.counts.clear()
            self.proxy.peak = self.proxy.running
        return self.proxy.journal.clear()

    def held(self, query: dict[str, str], _: Any) -> list[dict[str, Any]]:
        proxy, count = self.proxy, int(query.get("count", 0))
        with proxy.changed:
            proxy.changed.wait_for(lambda: len(proxy.held) >= count, float(query.get("seconds", 10)))
            return [
                {name: value for name, value in one.items() if name != "released"}
                for one in proxy.held.values()
            ]

    def release(self, _: dict[str, str], wish: Any) -> dict[str, Any]:
        wish = wish or {}
        with self.proxy.changed:
            held = self.proxy.held
            chosen = [
                id
                for id, one in held.items()
                if all(one[name] == wish[name] for name in ("id", "rule") if name in wish)
            ]
            for id in chosen:
                held.pop(id)["released"].set()
        return {"released": chosen}

    def cut(self, _: dict[str, str], wish: Any) -> dict[str, Any]:
        count = wish["bytes"]
        if count is not None and count < 0:
            raise Refused("less than no bytes")
        with self.proxy.changed:
            self.proxy.bytes_left = count
        return {}

    def idle(self, query: dict[str, str], _: Any) -> dict[str, Any]:
        with self.proxy.changed:
            self.proxy.changed.wait_for(lambda: self.proxy.running == 0, float(query.get("seconds", 10)))
            return {"running": self.proxy.running}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("upstream", help="the server: http://HOST:PORT")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--seed", type=int, default=None, help="what chance is made of; drawn if left out")
    parser.add_argument("--log", metavar="FILE", help="also write the log there, as JSON lines")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    server = urllib.parse.urlsplit(options.upstream)
    if server.scheme != "http" or not server.hostname or not server.port:
        sys.exit("error: the server is to be http://HOST:PORT")
    seed = secrets.randbits(32) if options.seed is None else options.seed
    proxy = Proxy((server.hostname, server.port), seed, options.log)
    listening = listen(options.port)
    port = listening.getsockname()[1]
    serve(listening, proxy.talk)
    facts = {"port": port, "endpoint": f"http://127.0.0.1:{port}", "seed": seed}
    facts["control"] = control_port(Control(proxy, facts).routes())
    announce(**facts)
    wait_for_the_end()
    os._exit(0)


if __name__ == "__main__":
    main()
