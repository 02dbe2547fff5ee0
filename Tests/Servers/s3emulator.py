#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A strict S3 server for tests, on the loopback interface, of the standard library alone.

It refuses what AWS refuses and most clones let pass: signatures, clocks, payload hashes, checksums and
conditions. Every operation takes effect at one moment under one lock. ETags are random unless asked for as
MD5. Both styles are served: `/bucket/key`, and `/key` with a Host of `bucket.localhost` or `bucket.DOMAIN`.

It prints one line of JSON when it listens ({"port", "control", "endpoint", "access_key", ...}) and ends when
its standard input does. The control port takes and gives JSON over HTTP:

  GET  /            what it is and holds: ports, counts of buckets, objects and bytes
  GET  /clock       {"now", "offset"} in seconds; Date, LastModified and the window follow this clock
  POST /clock       {"offset": S} from the real time, {"now": S} since 1970, or {"advance": S}
  GET  /history     JSON lines, one for each request that came to an end, in the order of these ends (sort by
                    "id" or "order"); ?since=N leaves out the first N
  DELETE /history   forgets it
  GET  /counts      {"METHOD /bucket/key[?NAMES]": {"requests", "request_bytes", "response_bytes", "status"}};
                    NAMES are those of the query, without values; "status" counts by it
  GET  /vices       all bad habits (vices.py says what each does)
  POST /vices       {"stale_list": 30, "refuse": [{"method": "PUT", "key": "^log/", "status": 503}], ...}
  DELETE /vices     none of them
  GET  /accounts    the access keys, as lines
  POST /accounts    {"access_key", "secret_key", "session_token"?, "expires"?}: adds one or changes it
  DELETE /accounts  {"access_key"}: removes it
  POST /objects     the back door: no history, no conditions, no signatures; {"do", "bucket", "key", ...}:
    {"do": "list", "prefix"?}      [{"key", "size", "etag", "modified", "storage_class", "sha256"}], as lines
    {"do": "get"}                  the bytes; with "path" they go to that file
    {"do": "put", "data": BASE64}  or "path" of a file; "etag" and "modified" (seconds) as wanted
    {"do": "delete"}
    {"do": "corrupt", ...}         keeps ETag and date; one or more of "flip": OFFSET (with "mask", 1),
                                   "truncate": SIZE, "append": BASE64, "swap": OTHER KEY (their contents)
    {"do": "age", "seconds": S}    makes it so much older
    {"do": "uploads"}              the uploads in parts that are open, as lines

A line of the history: {"id", "connection", "invoke" and "return" (when the head had come, and when the answer
began to go or all ended; seconds of CLOCK_MONOTONIC), "order" (of the moments of effect; null if it came to
none), "method", "host", "bucket", "key", "query", "status", "error", "request_bytes", "response_bytes" (of
bodies), "sha256" (of the request's body), "request", "response" (headers, no secrets), "answered" (all of the
answer was sent)}.
"""

import argparse
import os

from backdoor import BackDoor
from control import announce, control_port, wait_for_the_end
from exchange import Emulator, Settings
from http1 import listen, serve
from sigv4 import Account
from vices import Vices


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--access-key", default="emulatoraccesskey01")
    parser.add_argument("--secret-key", default="emulatorsecretkey/000000000000000+000001")
    parser.add_argument("--session-token", help="what the account must send in x-amz-security-token")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument(
        "--bucket", action="append", default=[], help="a bucket to begin with; may be repeated"
    )
    parser.add_argument(
        "--domain", action="append", default=[], help="take BUCKET.DOMAIN as a host; may be repeated"
    )
    parser.add_argument("--directory", help="keep the bytes in files of this directory, not in memory")
    parser.add_argument("--history", metavar="FILE", help="also write the history there, as JSON lines")
    parser.add_argument("--etags", choices=Vices.CHOICES["etags"], default="random")
    parser.add_argument("--page-limit", type=int, default=1000, help="no page of a list is longer")
    parser.add_argument("--min-part-size", type=int, default=5 << 20, help="bytes, of all parts but the last")
    parser.add_argument("--allow-unsigned-payload", action="store_true")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    settings = Settings(
        options.region,
        tuple(options.domain),
        options.directory,
        options.history,
        options.min_part_size,
        options.allow_unsigned_payload,
    )
    server = Emulator(settings, Vices(etags=options.etags, page_limit=options.page_limit))
    for name in options.bucket:
        server.make_bucket(name)
    account = Account(options.access_key, options.secret_key, options.session_token)
    server.accounts[account.access_key] = account
    door = BackDoor(server)
    listening = listen(options.port)
    port = listening.getsockname()[1]
    serve(listening, server.talk)
    door.ports = {"port": port, "control": control_port(door.routes())}
    token = {"session_token": account.session_token} if account.session_token else {}
    announce(
        **door.ports,
        endpoint=f"http://127.0.0.1:{port}",
        access_key=account.access_key,
        secret_key=account.secret_key,
        **token,
        region=options.region,
        bucket=next(iter(options.bucket), None),
    )
    wait_for_the_end()
    server.store.blobs.remove_all()
    os._exit(0)


if __name__ == "__main__":
    main()
