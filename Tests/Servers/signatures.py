#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes requests at random and signs them with botocore, as one JSON list: what our own signatures are held to.

  signatures.py SEED COUNT
    [{"service", "method", "host", "path", "query", "headers", "body_hash", "time", "region", "access_key",
      "secret_key", "session_token", "encoded_path", "encoded_query", "authorization"}]

Path and query are not encoded; "encoded_path" and "encoded_query" are as they are sent. "time" is in seconds since
1970.
"""

import datetime
import hashlib
import json
import random
import sys
from urllib.parse import quote

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

PIECES = ["a", "Z", "09", "-", "_", ".", "~", "+", "=", "%", "%2F", "*", "'", "(", ")", " ", "  ", "//", "/", "/./"]
PIECES += ["/../", "!", "$", "&", ",", ":", ";", "@", "?", "#", "[", "]", "|", "\\", '"', "<", ">", "^", "`", "{", "}"]
PIECES += ["\x7f", "\t", "\x01", "é", "e\u0301", "ß", "漢字", "\u200d", "🦆", "\ufeff", "٣", "ǅ", "\U0010ffff"]
SAFE = "-_.~"


def text(draw: random.Random, most: int) -> str:
    return "".join(draw.choice(PIECES) for _ in range(draw.randrange(most)))


def blanks(draw: random.Random) -> str:
    return "".join(draw.choice(" \t") for _ in range(draw.randrange(4)))


def header_value(draw: random.Random) -> str:
    words = (draw.choice(["a", "b=c", "q/1;2", '"x"', "*", "%20", "-"]) for _ in range(draw.randrange(5)))
    return blanks(draw) + "".join(word + blanks(draw) for word in words)


def case(draw: random.Random) -> dict:
    service = draw.choice(["s3"] * 9 + ["sts"])
    # Other services have their paths tidied first, which is none of ours: those we use are tidy.
    path = "/" + text(draw, 12) if service == "s3" else draw.choice(["/", "/a b", "/x/é+~"])
    names = ["list-type", "prefix", "uploads", "partNumber", "uploadId", "Prefix", "start-after", "a+b", "é", "~*"]
    query = [(draw.choice(names), text(draw, 6)) for _ in range(draw.randrange(4))]
    headers = [(f"X-Amz-Meta-{number}-{draw.choice('aZ-')}", header_value(draw)) for number in range(draw.randrange(4))]
    if draw.random() < 0.3:
        headers.append(("range", f"bytes={draw.randrange(9)}-{draw.randrange(9, 1 << 40)}"))
    if draw.random() < 0.3:
        headers.append(("If-None-Match", "*"))
    body = draw.randbytes(draw.randrange(9))
    return {
        "service": service,
        "method": draw.choice(["GET", "HEAD", "PUT", "POST", "DELETE"]),
        "host": draw.choice(["s3.us-east-1.amazonaws.com", "bucket.example.org", "127.0.0.1:9000", "[::1]:80"]),
        "path": path,
        "query": query,
        "headers": headers,
        "body_hash": hashlib.sha256(body).hexdigest(),
        "body": body,
        "time": draw.choice([0, 951782399, 951782400, 4107542399, draw.randrange(1 << 32)]),
        "region": draw.choice(["us-east-1", "eu-central-1", "cn-north-1", "default", ""]),
        "access_key": "AKIA" + str(draw.randrange(10**16)),
        "secret_key": "".join(draw.choice("abcXYZ0189/+=") for _ in range(40)) + draw.choice(["", "é", " "]),
        "session_token": draw.choice([None, "".join(draw.choice("abYZ09+/=") for _ in range(300))]),
    }


def sign(wish: dict) -> dict:
    path = quote(wish["path"], safe=SAFE + "/")
    pairs = sorted((quote(name, safe=SAFE), quote(value, safe=SAFE)) for name, value in wish["query"])
    query = "&".join(f"{name}={value}" for name, value in pairs)
    url = f"http://{wish['host']}{path}" + (f"?{query}" if query else "")
    request = AWSRequest(wish["method"], url, data=wish.pop("body"))
    for name, value in wish["headers"]:
        request.headers[name] = value
    request.headers["host"] = wish["host"]
    if wish["service"] != "s3":
        request.headers["x-amz-content-sha256"] = wish["body_hash"]
    moment = datetime.datetime.fromtimestamp(wish["time"], datetime.timezone.utc)
    botocore.auth.get_current_datetime = lambda: moment
    credentials = Credentials(wish["access_key"], wish["secret_key"], wish["session_token"])
    signer = botocore.auth.S3SigV4Auth if wish["service"] == "s3" else botocore.auth.SigV4Auth
    signer(credentials, wish["service"], wish["region"]).add_auth(request)
    return {
        **wish,
        "encoded_path": path,
        "encoded_query": query,
        "authorization": request.headers["Authorization"],
    }


def main() -> None:
    draw = random.Random(int(sys.argv[1]))
    json.dump([sign(case(draw)) for _ in range(int(sys.argv[2]))], sys.stdout)


if __name__ == "__main__":
    main()
