# SPDX-License-Identifier: Apache-2.0
"""The proof of every fault of the proxy, in front of the emulator."""

import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

from checking import Reply, Running, equal, row

GROUP = "proxy"
BODY = bytes(range(256)) * 400


class Pair:
    """The proxy, which is spoken to, and the emulator behind it."""

    def __init__(self, proxy: Running, server: Running):
        self.proxy, self.server = proxy, server

    def rules(self, *rules: dict[str, Any]) -> None:
        """These rules and no others; log and history are empty."""
        for program, path in ((self.proxy, "/rules"), (self.proxy, "/log"), (self.server, "/history")):
            program.control("DELETE", path)
        self.proxy.control("POST", "/rules", list(rules))

    def put(self, key: str, body: bytes = BODY, **how: Any) -> Reply:
        return self.proxy.raw("PUT", f"/reg/{key}", body, **how)

    def get(self, key: str, **how: Any) -> Reply:
        return self.proxy.raw("GET", f"/reg/{key}", **how)

    def stored(self, key: str) -> bytes | None:
        """What the emulator holds."""
        wish = {"do": "get", "bucket": "reg", "key": key}
        status, body = self.server.control_raw("POST", "/objects", wish)
        return body if status == 200 else None

    def log(self) -> list[dict[str, Any]]:
        """What came, in its order, once all of it is over."""
        equal(self.proxy.control("GET", "/idle")["running"], 0)
        return sorted(self.proxy.control("GET", "/log"), key=lambda one: one["id"])


def broken(action: Callable[[], Any]) -> str:
    """The name of the error that a request ends with, for it has no answer."""
    try:
        found = action()
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    raise AssertionError(f"an answer: {found.outcome}")


@row(GROUP, "without rules, requests and answers pass as they are, signed, large, small and in parts")
def passes(pair: Pair) -> None:
    pair.rules()
    client = pair.proxy.boto()
    client.put_object(Bucket="reg", Key="a b+ü", Body=BODY)
    equal(client.get_object(Bucket="reg", Key="a b+ü", Range="bytes=1-3")["Body"].read(), BODY[1:4])
    equal(client.list_objects_v2(Bucket="reg", Prefix="a b")["KeyCount"], 1)
    large = BODY * 300
    equal(pair.put("large", large).status, 200)
    equal(pair.get("large").body, large)
    equal(pair.proxy.raw("HEAD", "/reg/large").get("Content-Length"), str(len(large)))
    connection = pair.proxy.connect()
    for key, status in (("none", 404), ("large", 200), ("none", 404)):
        equal(pair.get(key, on=connection).status, status)
    equal(pair.get("large", host="reg.localhost").status, 404)
    counts = pair.proxy.control("GET", "/counts")
    equal(counts["PUT /reg/large"], {"requests": 1, "request_bytes": len(large), "response_bytes": 0})
    equal(counts["GET /reg/large"]["response_bytes"] > 2 * len(large), True)
    assert "GET /reg?encoding-type&list-type&prefix" in counts, counts.keys()


@row(GROUP, "an early refusal by the server gets through while the body is on its way")
def early_refusal(pair: Pair) -> None:
    pair.rules()
    fields = pair.proxy.signed("PUT", "/reg/early", b"x" * 100, payload="0" * 64) + [
        ("Expect", "100-continue")
    ]
    fields = [(name, "broken" if name == "Authorization" else value) for name, value in fields]
    connection = pair.proxy.connect()
    connection.putrequest("PUT", "/reg/early", skip_host=True, skip_accept_encoding=True)
    for name, value in fields + [("Content-Length", "100")]:
        connection.putheader(name, value)
    connection.endheaders()
    equal(Reply(connection.getresponse()).outcome, (400, "InvalidRequest"))


@row(GROUP, "conditions of rules: method, path, nth, count, connection; the first that fits is done")
def conditions(pair: Pair) -> None:
    pair.rules(
        {"method": "PUT", "path": "/a$", "nth": 2, "do": "answer", "status": 501},
        {"method": "GET|PUT", "path": "/a", "nth": [1, 4], "count": 2, "do": "answer", "status": 502},
        {"path": "/c", "count": 1, "do": "answer", "status": 503},
    )
    equal([pair.put("a").status for _ in range(6)], [502, 501, 200, 200, 502, 200])
    equal([pair.get("c").status for _ in range(3)], [503, 404, 404])
    equal(
        [(one["matched"], one["fired"]) for one in pair.proxy.control("GET", "/rules")],
        [(6, 1), (5, 2), (3, 1)],
    )
    (first, *_), count = pair.log(), pair.proxy.control("GET", "/")["connections"]
    equal(
        (first["rule"] is not None, first["do"], first["status"], first["server_status"]),
        (True, "answer", 502, None),
    )
    pair.rules({"connection": count + 2, "do": "answer", "status": 500})
    equal([pair.get("a").status for _ in range(3)], [200, 500, 200])
    equal(pair.proxy.control_raw("POST", "/rules", {"do": "answer"})[0], 400)
    equal(pair.proxy.control_raw("POST", "/rules", {"do": "delay", "seconds": 1, "typo": 2})[0], 400)


@row(GROUP, "probability is drawn from the seed")
def probability(pair: Pair) -> None:
    pair.rules({"probability": 0.3, "do": "answer", "status": 500})
    found = [pair.get("none").status for _ in range(100)]
    assert 10 <= found.count(500) <= 60, found.count(500)


@row(GROUP, "answer: an S3 error, headers, a redirect; before the server sees it, or after it did it")
def answers(pair: Pair) -> None:
    pair.rules(
        {"path": "slow", "do": "answer", "status": 503, "code": "SlowDown", "headers": {"Retry-After": "7"}},
        {"path": "moved", "do": "answer", "status": 307, "headers": {"Location": "http://127.0.0.1:1/"}},
        {"path": "done", "do": "answer", "status": 500, "body": "text", "forward": True},
        {"path": "early", "do": "answer", "status": 403, "early": True},
    )
    answer = pair.put("slow")
    equal((answer.outcome, answer.get("Retry-After"), pair.stored("slow")), ((503, "SlowDown"), "7", None))
    answer = pair.put("moved")
    equal((answer.status, answer.get("Location"), pair.stored("moved")), (307, "http://127.0.0.1:1/", None))
    answer = pair.put("done")
    equal((answer.status, answer.body, pair.stored("done")), (500, b"text", BODY))
    equal((pair.put("early", b"x").status, pair.stored("early")), (403, None))
    equal(pair.proxy.raw("HEAD", "/reg/slow").status, 503)
    connection = pair.proxy.connect()
    equal([pair.put("slow", on=connection).status for _ in range(2)], [503, 503])


@row(GROUP, "delay and hold: late requests and late answers, that arrive even if the client gave up")
def late(pair: Pair) -> None:
    pair.rules(
        {"path": "delayed", "do": "delay", "seconds": [0.2, 0.3]},
        {"path": "before", "do": "hold"},
        {"path": "after", "do": "hold", "when": "after"},
    )
    started = time.monotonic()
    equal(pair.put("delayed").status, 200)
    assert time.monotonic() - started >= 0.2
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(pair.put, key) for key in ("before", "after")]
        held = pair.proxy.control("GET", "/held?count=2")
        equal((len(held), pair.stored("before"), pair.stored("after")), (2, None, BODY))
        for one in held:
            pair.proxy.control("POST", "/release", {"id": one["id"]})
        equal([job.result().status for job in jobs], [200, 200])
    connection = pair.proxy.connect()
    fields = pair.proxy.signed("PUT", "/reg/before-and-left", BODY)
    connection.request("PUT", "/reg/before-and-left", body=BODY, headers=dict(fields))
    equal(len(pair.proxy.control("GET", "/held?count=1")), 1)
    connection.close()
    equal(pair.proxy.control("POST", "/release")["released"] != [], True)
    equal(pair.proxy.control("GET", "/idle")["running"], 0)
    equal(pair.stored("before-and-left"), BODY)


@row(GROUP, "hang: no answer, before the server saw the request or after")
def hangs(pair: Pair) -> None:
    pair.rules({"path": "before", "do": "hang"}, {"path": "after", "do": "hang", "when": "after"})
    for key, stored in (("hang-before", None), ("hang-after", BODY)):
        connection = http.client.HTTPConnection("127.0.0.1", pair.proxy.facts["port"], timeout=0.5)
        equal(broken(lambda: pair.put(key, on=connection)), "TimeoutError")
        connection.close()
        equal(pair.proxy.control("GET", "/idle")["running"], 0)
        equal(pair.stored(key), stored)


@row(GROUP, "reset: before forwarding and after")
def resets(pair: Pair) -> None:
    pair.rules({"path": "before", "do": "reset"}, {"path": "after", "do": "reset", "when": "after"})
    for key, stored in (("reset-before", None), ("reset-after", BODY)):
        assert broken(lambda: pair.put(key)) in ("ConnectionResetError", "BrokenPipeError")
        equal(pair.proxy.control("GET", "/idle")["running"], 0)
        equal(pair.stored(key), stored)
    equal([one["outcome"] for one in pair.log()], ["cut", "cut"])


@row(GROUP, "cut: request and answer end after so many bytes, by reset or by closing")
def cuts(pair: Pair) -> None:
    pair.rules()
    pair.put("whole")
    pair.rules(
        {"method": "PUT", "do": "cut", "of": "request", "bytes": 1000},
        {"method": "GET", "path": "whole", "nth": 1, "do": "cut", "bytes": 5000, "how": "close"},
        {"method": "GET", "path": "whole", "do": "cut", "bytes": 0},
    )
    assert broken(lambda: pair.put("cut")) in ("ConnectionResetError", "BrokenPipeError")
    equal(pair.proxy.control("GET", "/idle")["running"], 0)
    equal(pair.stored("cut"), None)
    try:
        pair.get("whole")
        raise AssertionError("no IncompleteRead")
    except http.client.IncompleteRead as error:
        equal(error.partial, BODY[:5000])
    assert broken(lambda: pair.get("whole")) in ("ConnectionResetError", "IncompleteRead")
    equal([one["response_bytes"] for one in pair.log()][1:], [5000, 0])
    equal(
        [one["request_bytes"] for one in pair.server.control("GET", "/history") if one["key"] == "cut"],
        [1000],
    )


@row(GROUP, "a cut at every part of a conversation, counted over all connections")
def cut_anywhere(pair: Pair) -> None:
    def conversation() -> list[int]:
        return [pair.put("talk").status, pair.get("talk").status]

    pair.rules()
    equal(conversation(), [200, 200])
    total = sum(
        one[name]
        for one in pair.log()
        for name in ("request_head_bytes", "request_bytes", "response_head_bytes", "response_bytes")
    )
    for at in (0, 1, 500, 2000, len(BODY), total // 2, total - len(BODY), total - 1):
        pair.rules()
        pair.proxy.control("POST", "/cut", {"bytes": at})
        broken(conversation)
        equal([one["outcome"] for one in pair.log()][-1], "cut")
        equal(conversation(), [200, 200])


@row(GROUP, "stall and throttle: a message that stops, and one that is slow")
def slow(pair: Pair) -> None:
    pair.rules()
    pair.put("slow-read")
    pair.rules(
        {"path": "stalled", "do": "stall", "of": "request", "bytes": 10},
        {"path": "slow-read", "nth": 1, "do": "stall", "bytes": 10},
        {"do": "throttle", "of": "response", "rate": 4 * len(BODY), "method": "GET"},
        {"do": "throttle", "of": "request", "rate": 4 * len(BODY), "method": "PUT"},
    )
    for action in (pair.put, pair.get):
        connection = http.client.HTTPConnection("127.0.0.1", pair.proxy.facts["port"], timeout=0.5)
        equal(
            broken(lambda: action("stalled" if action == pair.put else "slow-read", on=connection)),
            "TimeoutError",
        )
        connection.close()
    equal(pair.proxy.control("GET", "/idle")["running"], 0)
    for action in (pair.put, pair.get):
        started = time.monotonic()
        equal(action("slow-read").status, 200)
        assert time.monotonic() - started >= 0.25
    equal((pair.stored("stalled"), pair.stored("slow-read")), (None, BODY))


@row(GROUP, "flip: one bit, of the answer or of the request")
def flips(pair: Pair) -> None:
    pair.rules()
    pair.put("flipped")
    pair.rules(
        {"method": "GET", "nth": 1, "do": "flip", "byte": 70000, "mask": 4},
        {"method": "GET", "do": "flip"},
        {"method": "PUT", "do": "flip", "of": "request"},
    )
    wrong = [at for at, (found, wanted) in enumerate(zip(pair.get("flipped").body, BODY)) if found != wanted]
    equal(wrong, [70000])
    body = pair.get("flipped").body
    equal(sum((found ^ wanted).bit_count() for found, wanted in zip(body, BODY)), 1)
    equal(pair.put("flipped").outcome, (400, "XAmzContentSHA256Mismatch"))


@row(GROUP, "answers of other shapes: headers, too long, without length, chunks without an end")
def shapes(pair: Pair) -> None:
    pair.rules()
    pair.put("shape")
    pair.rules(
        {"path": "shape", "nth": 1, "do": "header", "set": {"ETag": '"other"'}, "remove": ["Last-Modified"]},
        {"path": "shape", "nth": 1, "do": "pad", "append": "more"},
        {"path": "shape", "nth": 1, "do": "no-length"},
        {"path": "shape", "nth": 1, "do": "no-length", "bytes": 100},
        {"path": "shape", "nth": 1, "do": "unended"},
    )
    answer = pair.get("shape")
    equal((answer.get("ETag"), answer.get("Last-Modified"), answer.body), ('"other"', None, BODY))
    equal(pair.get("shape").body, BODY + b"more")
    answer = pair.get("shape")
    equal((answer.body, answer.get("Content-Length")), (BODY, None))
    equal(pair.get("shape").body, BODY[:100])
    equal(broken(lambda: pair.get("shape")), "IncompleteRead")


@row(GROUP, "duplicate: the same request a second time, later")
def duplicates(pair: Pair) -> None:
    pair.rules(
        {"method": "PUT", "do": "duplicate", "seconds": 0.1},
        {"method": "DELETE", "do": "duplicate", "seconds": 0},
    )
    equal(pair.put("twice", headers={"If-None-Match": "*"}).status, 200)
    equal(pair.proxy.raw("DELETE", "/reg/other").status, 204)
    equal(pair.proxy.control("GET", "/idle")["running"], 0)
    equal(
        sorted((one["method"], one["status"]) for one in pair.server.control("GET", "/history")),
        [("DELETE", 204), ("DELETE", 204), ("PUT", 200), ("PUT", 412)],
    )
    equal(
        sorted((one["method"], one["server_status"]) for one in pair.log() if "duplicate_of" in one),
        [("DELETE", 204), ("PUT", 412)],
    )
    equal(pair.proxy.control("GET", "/counts")["PUT /reg/twice"]["requests"], 1)


@row(GROUP, "the most requests at once are counted")
def peak(pair: Pair) -> None:
    pair.rules({"do": "hold"})
    jobs = [threading.Thread(target=pair.get, args=("none",)) for _ in range(5)]
    for job in jobs:
        job.start()
    equal(len(pair.proxy.control("GET", "/held?count=5")), 5)
    pair.proxy.control("POST", "/release")
    for job in jobs:
        job.join()
    equal(pair.proxy.control("GET", "/")["peak"], 5)
    assert "AWS4" not in json.dumps(pair.log())
