# SPDX-License-Identifier: Apache-2.0
"""The proof of what the emulator does: refuses what it should, and keeps to its word where it says yes."""

import base64
import hashlib
import json
import socket
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from checking import Running, code_of, equal, row
from sigv4 import Account

GROUP = "emulator"
ODD_KEYS = [
    "plain",
    "a b",
    "a+b",
    "a%2Fb",
    "x=y&z?w#v",
    "a//b",
    "a/../b",
    "./c",
    "~*'()!;:@,$",
    "ü/日本/🙂",
    "x",
    "x/y",
    "x/y/",
    "tab\tand\nline",
    'q"<>&',
    "%",
    "k" * 900,
]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def put(server: Running, key: str, body: bytes = b"x", **how: Any) -> Any:
    return server.raw("PUT", f"/reg/{key}", body, **how)


def get(server: Running, key: str, **headers: str) -> Any:
    return server.raw(
        "GET", f"/reg/{key}", headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


@row(GROUP, "boto3 puts, gets, lists and deletes keys with odd characters")
def odd_keys(server: Running) -> None:
    client = server.boto()
    for key in ODD_KEYS:
        client.put_object(Bucket="reg", Key="odd/" + key, Body=key.encode())
    for size in (1, 3, 1000):
        pages = client.get_paginator("list_objects_v2").paginate(
            Bucket="reg", Prefix="odd/", PaginationConfig={"PageSize": size}
        )
        found = [one["Key"] for page in pages for one in page.get("Contents", [])]
        equal(found, sorted(("odd/" + key for key in ODD_KEYS), key=str.encode))
    for key in ODD_KEYS:
        equal(client.get_object(Bucket="reg", Key="odd/" + key)["Body"].read(), key.encode())
        client.delete_object(Bucket="reg", Key="odd/" + key)
    equal(client.list_objects_v2(Bucket="reg", Prefix="odd/")["KeyCount"], 0)


@row(GROUP, "an ETag is opaque: quoted, no MD5, another one for the same bytes")
def etags(server: Running) -> None:
    first, second = put(server, "etag").get("ETag"), put(server, "etag").get("ETag")
    assert first != second and first[0] == first[-1] == '"' and hashlib.md5(b"x").hexdigest() not in first
    for kind, shape in {"md5": '"9dd4e461268c8034f5c8564e155c67a6"', "weak": 'W/"', "suffix": '"'}.items():
        server.control("POST", "/vices", {"etags": kind})
        shown = put(server, "etag").get("ETag")
        assert shown.startswith(shape), shown
        equal(put(server, "etag", headers={"If-Match": shown}).status, 200)
    server.control("POST", "/vices", {"etags": "unquoted"})
    shown = put(server, "etag").get("ETag")
    assert '"' not in shown
    equal(put(server, "etag", headers={"If-Match": shown}).status, 200)
    server.control("DELETE", "/vices")


@row(GROUP, "If-None-Match: * creates once; the loser changes nothing")
def create_once(server: Running) -> None:
    equal(put(server, "once", b"first", headers={"If-None-Match": "*"}).status, 200)
    equal(put(server, "once", b"second", headers={"If-None-Match": "*"}).outcome, (412, "PreconditionFailed"))
    equal(get(server, "once").body, b"first")
    equal(put(server, "once", headers={"If-None-Match": '"abc"'}).outcome, (501, "NotImplemented"))


@row(GROUP, "of 12 racing creations exactly one wins, 10 times")
def racing_creations(server: Running) -> None:
    client = server.boto()
    with ThreadPoolExecutor(12) as pool:
        for number in range(10):
            key = f"race/{number}"
            jobs = [
                pool.submit(
                    code_of,
                    lambda body=body: client.put_object(
                        Bucket="reg", Key=key, Body=str(body).encode(), IfNoneMatch="*"
                    ),
                )
                for body in range(12)
            ]
            found = sorted(job.result() for job in jobs)
            equal(found, [(200, "")] + [(412, "PreconditionFailed")] * 11)


@row(GROUP, "If-Match: right and wrong, quoted and bare, and on a missing key")
def if_match(server: Running) -> None:
    etag = put(server, "match").get("ETag")
    equal(
        put(server, "match", headers={"If-Match": '"' + "0" * 32 + '"'}).outcome, (412, "PreconditionFailed")
    )
    etag = put(server, "match", headers={"If-Match": etag}).get("ETag")
    equal(put(server, "match", headers={"If-Match": etag.strip('"')}).status, 200)
    equal(put(server, "match", headers={"If-Match": etag}).outcome, (412, "PreconditionFailed"))
    equal(put(server, "no-match", headers={"If-Match": etag}).outcome, (404, "NoSuchKey"))
    equal(get(server, "no-match").outcome, (404, "NoSuchKey"))


@row(GROUP, "8 writers, 4 increments each by If-Match: none lost")
def compare_and_swap(server: Running) -> None:
    client = server.boto()
    client.put_object(Bucket="reg", Key="counter", Body=b"0")

    def increment() -> None:
        while True:
            found = client.get_object(Bucket="reg", Key="counter")
            body = str(int(found["Body"].read()) + 1).encode()
            if (
                code_of(
                    lambda: client.put_object(Bucket="reg", Key="counter", Body=body, IfMatch=found["ETag"])
                )[0]
                == 200
            ):
                return

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: [increment() for _ in range(4)], range(8)))
    equal(get(server, "counter").body, b"32")


@row(GROUP, "DELETE takes If-Match; a missing key is no error")
def conditional_delete(server: Running) -> None:
    etag = put(server, "gone").get("ETag")
    equal(server.raw("DELETE", "/reg/gone", headers={"If-Match": '"0"'}).outcome, (412, "PreconditionFailed"))
    equal(get(server, "gone").status, 200)
    equal(server.raw("DELETE", "/reg/gone", headers={"If-Match": etag}).status, 204)
    equal(server.raw("DELETE", "/reg/gone", headers={"If-Match": etag}).status, 204)
    equal(get(server, "gone").status, 404)


@row(GROUP, "signatures: wrong secret, unknown key, none, wrong region, anything changed after signing")
def signatures(server: Running) -> None:
    key = server.account.access_key
    equal(put(server, "s", account=Account(key, "wrong")).outcome, (403, "SignatureDoesNotMatch"))
    equal(put(server, "s", account=Account("nobody", "x")).outcome, (403, "InvalidAccessKeyId"))
    equal(put(server, "s", region="eu-central-1").outcome, (400, "AuthorizationHeaderMalformed"))
    equal(server.send("GET", "/reg/s", b"", [("Host", "127.0.0.1")]).outcome, (403, "AccessDenied"))
    equal(get(server, "s").status, 404)

    def changed(target: str, edit: Any = lambda fields: fields) -> tuple[int, str | None]:
        fields = server.signed("PUT", "/reg/s?a=1", b"x", {"x-amz-meta-a": "1"})
        return server.send("PUT", target, b"x", edit(fields)).outcome

    refused = (403, "SignatureDoesNotMatch")
    equal(changed("/reg/t?a=1"), refused)
    equal(changed("/reg/s?a=2"), refused)
    equal(changed("/reg/s"), refused)
    equal(
        changed("/reg/s?a=1", lambda fields: [(n, "2" if n == "x-amz-meta-a" else v) for n, v in fields]),
        refused,
    )
    equal(
        changed("/reg/s?a=1", lambda fields: [(n, "other" if n == "Host" else v) for n, v in fields]), refused
    )
    equal(changed("/reg/s?a=1", lambda fields: fields + [("x-amz-meta-b", "2")]), (403, "AccessDenied"))
    equal(changed("/reg/s?a=1", lambda fields: fields + [("X-Amz-Meta-A", "1")]), refused)
    equal(changed("/reg/s?a=1"), (501, "NotImplemented"))


@row(GROUP, "the window of 15 minutes, by a clock that can be moved")
def window(server: Running) -> None:
    for minutes, outcome in {
        -16: (403, "RequestTimeTooSkewed"),
        -14: (200, None),
        14: (200, None),
        16: (403, "RequestTimeTooSkewed"),
    }.items():
        equal(put(server, "time", ago=60 * minutes).outcome, outcome)
    server.control("POST", "/clock", {"offset": 172800})
    answer = put(server, "time")
    equal(answer.outcome, (403, "RequestTimeTooSkewed"))
    assert b"<ServerTime>" in answer.body and answer.get("Date")
    equal(put(server, "time", ago=-172800).status, 200)
    listed = server.control("POST", "/objects", {"do": "list", "bucket": "reg", "prefix": "time"})
    assert abs(listed[0]["modified"] - time.time() - 172800) < 60
    server.control("POST", "/clock", {"offset": 0})


@row(GROUP, "session tokens: missing, wrong, right, not wanted, expired")
def tokens(server: Running) -> None:
    wish = {"access_key": "temporary", "secret_key": "s", "session_token": "to/ken+=="}
    server.control("POST", "/accounts", wish)
    equal(put(server, "token", account=Account("temporary", "s")).outcome, (400, "InvalidToken"))
    equal(put(server, "token", account=Account("temporary", "s", "other")).outcome, (400, "InvalidToken"))
    equal(put(server, "token", account=Account("temporary", "s", "to/ken+==")).status, 200)
    unwanted = Account(server.account.access_key, server.account.secret_key, "token")
    equal(put(server, "token", account=unwanted).outcome, (400, "InvalidToken"))
    server.control("POST", "/accounts", {**wish, "expires": time.time() - 1})
    equal(put(server, "token", account=Account("temporary", "s", "to/ken+==")).outcome, (400, "ExpiredToken"))
    server.control("DELETE", "/accounts", {"access_key": "temporary"})
    equal(
        put(server, "token", account=Account("temporary", "s", "to/ken+==")).outcome,
        (403, "InvalidAccessKeyId"),
    )


@row(GROUP, "a body that is not the one signed is refused and not stored; so is an unsigned one")
def payloads(server: Running) -> None:
    other = hashlib.sha256(b"other").hexdigest()
    equal(put(server, "payload", payload=other).outcome, (400, "XAmzContentSHA256Mismatch"))
    equal(put(server, "payload", payload="UNSIGNED-PAYLOAD").outcome, (400, "InvalidRequest"))
    equal(
        put(server, "payload", payload="STREAMING-UNSIGNED-PAYLOAD-TRAILER").outcome, (501, "NotImplemented")
    )
    equal(server.raw("GET", "/reg/payload", payload=other).outcome, (400, "XAmzContentSHA256Mismatch"))
    fields = [one for one in server.signed("PUT", "/reg/payload", b"x") if one[0] != "x-amz-content-sha256"]
    equal(server.send("PUT", "/reg/payload", b"x", fields).outcome, (400, "InvalidRequest"))
    equal(get(server, "payload").status, 404)


@row(GROUP, "Content-MD5 and x-amz-checksum-*: wrong and invalid refused, right kept and shown")
def checksums(server: Running) -> None:
    body = b"checked"
    md5 = {"Content-MD5": b64(hashlib.md5(body).digest())}
    sha = {"x-amz-checksum-sha256": b64(hashlib.sha256(body).digest())}
    crc = {"x-amz-checksum-crc32": b64(zlib.crc32(body).to_bytes(4, "big"))}
    for headers in (md5, sha, crc):
        equal(put(server, "sum", b"other", headers=headers).outcome, (400, "BadDigest"))
    equal(put(server, "sum", body, headers={"Content-MD5": "abc"}).outcome, (400, "InvalidDigest"))
    equal(put(server, "sum", body, headers={"x-amz-checksum-sha256": "abc"}).outcome, (400, "InvalidRequest"))
    equal(put(server, "sum", body, headers=sha | crc).outcome, (400, "InvalidRequest"))
    equal(
        put(server, "sum", body, headers={"x-amz-checksum-crc64nvme": "AAAAAAAAAAA="}).outcome,
        (501, "NotImplemented"),
    )
    equal(get(server, "sum").status, 404)
    equal(
        put(server, "sum", body, headers=md5 | sha).get("x-amz-checksum-sha256"), sha["x-amz-checksum-sha256"]
    )
    asked = server.raw("HEAD", "/reg/sum", headers={"x-amz-checksum-mode": "ENABLED"})
    equal(asked.get("x-amz-checksum-sha256"), sha["x-amz-checksum-sha256"])
    equal(server.raw("HEAD", "/reg/sum").get("x-amz-checksum-sha256"), None)


@row(GROUP, "ranges: 206 with Content-Range, 416, and conditions on reads")
def ranges(server: Running) -> None:
    etag = put(server, "range", b"0123456789").get("ETag")
    for asked, body, shown in (
        ("0-3", b"0123", "0-3"),
        ("4-", b"456789", "4-9"),
        ("-3", b"789", "7-9"),
        ("8-99", b"89", "8-9"),
        ("-99", b"0123456789", "0-9"),
    ):
        answer = get(server, "range", Range=f"bytes={asked}")
        equal((answer.status, answer.body, answer.get("Content-Range")), (206, body, f"bytes {shown}/10"))
    for asked in ("10-", "10-12", "-0"):
        answer = get(server, "range", Range=f"bytes={asked}")
        equal((answer.outcome, answer.get("Content-Range")), ((416, "InvalidRange"), "bytes */10"))
    for asked in ("3-1", "0-1,4-5", "x"):
        equal(get(server, "range", Range=f"bytes={asked}").status, 200)
    equal(get(server, "range", Range="bytes=1-2", If_Match=etag).body, b"12")
    equal(get(server, "range", Range="bytes=1-2", If_Match='"0"').outcome, (412, "PreconditionFailed"))
    equal(get(server, "range", If_None_Match=etag).status, 304)
    equal(server.raw("HEAD", "/reg/range", headers={"Range": "bytes=2-5"}).get("Content-Length"), "4")
    equal(server.raw("HEAD", "/reg/range").get("Content-Length"), "10")
    put(server, "range", b"")
    equal(get(server, "range", Range="bytes=0-0").status, 416)
    equal(get(server, "range").body, b"")


@row(GROUP, "lists: pages, prefixes, delimiters, start-after, tokens that are opaque and checked")
def lists(server: Running) -> None:
    client = server.boto()
    keys = sorted(
        [f"list/{folder}/{number:03}" for folder in "abc" for number in range(40)] + ["list/z", "list/a"]
    )
    for key in keys:
        server.control("POST", "/objects", {"do": "put", "bucket": "reg", "key": key, "data": ""})
    for size in (1, 3, 7, 1000):
        found, folders, pages = [], [], 0
        settings = {"PageSize": size}
        for page in client.get_paginator("list_objects_v2").paginate(
            Bucket="reg", Prefix="list/", Delimiter="/", PaginationConfig=settings
        ):
            found += [one["Key"] for one in page.get("Contents", [])]
            folders += [one["Prefix"] for one in page.get("CommonPrefixes", [])]
            pages += 1
        equal(
            (found, folders, pages), (["list/a", "list/z"], ["list/a/", "list/b/", "list/c/"], -(-5 // size))
        )
        pages = client.get_paginator("list_objects_v2").paginate(
            Bucket="reg", Prefix="list/", StartAfter="list/b/010", PaginationConfig=settings
        )
        equal(
            [one["Key"] for page in pages for one in page["Contents"]],
            [key for key in keys if key > "list/b/010"],
        )
    server.control("POST", "/vices", {"page_limit": 2})
    answer = client.list_objects_v2(Bucket="reg", Prefix="list/")
    equal((answer["KeyCount"], answer["IsTruncated"]), (2, True))
    server.control("DELETE", "/vices")
    equal(server.raw("GET", "/reg?list-type=2&max-keys=0").status, 200)
    for query in ("continuation-token=abc", "max-keys=-1", "max-keys=x", "encoding-type=other"):
        equal(server.raw("GET", f"/reg?list-type=2&{query}").outcome, (400, "InvalidArgument"))
    token = answer["NextContinuationToken"]
    equal(server.raw("GET", f"/reg?list-type=2&continuation-token={token}").outcome, (400, "InvalidArgument"))
    equal(server.raw("GET", "/nothing?list-type=2").outcome, (404, "NoSuchBucket"))


@row(GROUP, "a list that is not asked for in URL encoding holds XML")
def plain_list(server: Running) -> None:
    put(server, "plain/a%26b%3C%0D")
    equal(
        b"<Key>plain/a&amp;b&lt;&#13;</Key>" in server.raw("GET", "/reg?list-type=2&prefix=plain/").body, True
    )
    equal(
        b"<Key>plain/a%26b%3C%0D</Key>"
        in server.raw("GET", "/reg?encoding-type=url&list-type=2&prefix=plain/").body,
        True,
    )


@row(
    GROUP, "uploads in parts: out of order, replaced, listed, conditional, aborted; what is wrong is refused"
)
def multipart(server: Running) -> None:
    client, here = server.boto(), {"Bucket": "reg", "Key": "parts"}
    upload = client.create_multipart_upload(**here, Metadata={"a": "b"})["UploadId"]
    sent = {}
    for number, body in ((3, b"end"), (1, b"old"), (2, b"b" * 1024), (1, b"a" * 1024)):
        sent[number] = client.upload_part(**here, UploadId=upload, PartNumber=number, Body=body)["ETag"]
    parts = [{"PartNumber": number, "ETag": sent[number]} for number in (1, 2, 3)]

    def complete(parts: list[dict[str, Any]], **how: Any) -> tuple[int, str]:
        return code_of(
            lambda: client.complete_multipart_upload(
                **here, UploadId=upload, MultipartUpload={"Parts": parts}, **how
            )
        )

    listed = client.list_parts(**here, UploadId=upload, MaxParts=2)
    equal(([one["PartNumber"] for one in listed["Parts"]], listed["IsTruncated"]), ([1, 2], True))
    equal([one["UploadId"] for one in client.list_multipart_uploads(Bucket="reg")["Uploads"]], [upload])
    equal(code_of(lambda: client.get_object(**here)), (404, "NoSuchKey"))
    equal(complete(parts[::-1]), (400, "InvalidPartOrder"))
    equal(complete([{**parts[0], "ETag": '"0"'}, *parts[1:]]), (400, "InvalidPart"))
    equal(complete([parts[2], {"PartNumber": 4, "ETag": sent[1]}]), (400, "InvalidPart"))
    put(server, "parts", b"there")
    equal(complete(parts, IfNoneMatch="*"), (412, "PreconditionFailed"))
    client.delete_object(**here)
    equal(complete(parts, IfNoneMatch="*"), (200, ""))
    equal(complete(parts), (404, "NoSuchUpload"))
    found = client.get_object(**here)
    equal(found["Body"].read(), b"a" * 1024 + b"b" * 1024 + b"end")
    equal(found["Metadata"], {"a": "b"})
    assert found["ETag"].endswith('-3"')
    equal(get(server, "parts", Range="bytes=1020-1030").body, b"aaaabbbbbbb")
    small = client.create_multipart_upload(**here)["UploadId"]
    tags = [
        client.upload_part(**here, UploadId=small, PartNumber=number, Body=b"c" * 1000)["ETag"]
        for number in (1, 2)
    ]
    upload, few = small, [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
    equal(complete(few), (400, "EntityTooSmall"))
    client.abort_multipart_upload(**here, UploadId=small)
    equal(code_of(lambda: client.list_parts(**here, UploadId=small)), (404, "NoSuchUpload"))
    equal(
        code_of(lambda: client.upload_part(**here, UploadId=small, PartNumber=1, Body=b"")),
        (404, "NoSuchUpload"),
    )
    equal(server.control("POST", "/objects", {"do": "uploads", "bucket": "reg"}), [])


@row(GROUP, "parts with checksums: each checked, the whole one made of them")
def multipart_checksums(server: Running) -> None:
    client, here = server.boto(), {"Bucket": "reg", "Key": "summed"}
    upload = client.create_multipart_upload(**here, ChecksumAlgorithm="SHA256")["UploadId"]
    bodies = [b"a" * 1024, b"b"]
    equal(
        server.raw("PUT", f"/reg/summed?partNumber=1&uploadId={upload}", b"x").outcome,
        (400, "InvalidRequest"),
    )
    parts = []
    for number, body in enumerate(bodies, 1):
        answer = client.upload_part(
            **here, UploadId=upload, PartNumber=number, Body=body, ChecksumAlgorithm="SHA256"
        )
        parts.append(
            {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": answer["ChecksumSHA256"]}
        )
    bare = [{name: part[name] for name in ("PartNumber", "ETag")} for part in parts]
    equal(
        code_of(
            lambda: client.complete_multipart_upload(**here, UploadId=upload, MultipartUpload={"Parts": bare})
        ),
        (400, "InvalidPart"),
    )
    made = client.complete_multipart_upload(**here, UploadId=upload, MultipartUpload={"Parts": parts})
    total = hashlib.sha256(b"".join(hashlib.sha256(body).digest() for body in bodies)).digest()
    equal(made["ChecksumSHA256"], b64(total) + "-2")


@row(GROUP, "an interrupted PUT leaves nothing, and the history says so")
def interrupted(server: Running) -> None:
    fields = server.signed("PUT", "/reg/half", b"x" * 1000)
    peer = socket.create_connection(("127.0.0.1", server.facts["port"]))
    lines = [
        "PUT /reg/half HTTP/1.1",
        *(f"{name}: {value}" for name, value in fields),
        "Content-Length: 1000",
        "",
        "",
    ]
    peer.sendall("\r\n".join(lines).encode() + b"x" * 500)
    peer.close()
    while not (seen := [one for one in server.control("GET", "/history") if one["key"] == "half"]):
        time.sleep(0.01)
    equal([(one["status"], one["answered"], one["request_bytes"]) for one in seen], [(None, False, 500)])
    equal(get(server, "half").status, 404)


@row(GROUP, "a connection goes on after errors; Expect is answered before the body, or refused without it")
def connections(server: Running) -> None:
    connection = server.connect()
    equal(get(server, "none").status, 404)
    for status, how in (
        (200, {}),
        (403, {"account": Account("nobody", "x")}),
        (400, {"payload": "0" * 64}),
        (200, {}),
    ):
        equal(server.raw("PUT", "/reg/kept", b"body", on=connection, **how).status, status)
    expecting = {"Expect": "100-continue", "Content-Length": "4"}
    for account, first in ((server.account, b"HTTP/1.1 100 "), (Account("nobody", "x"), b"HTTP/1.1 403 ")):
        fields = server.signed("PUT", "/reg/expect", b"body", account=account) + list(expecting.items())
        peer = socket.create_connection(("127.0.0.1", server.facts["port"]))
        peer.sendall("\r\n".join(["PUT /reg/expect HTTP/1.1", *map(": ".join, fields), "", ""]).encode())
        with peer, peer.makefile("rb") as lines:
            equal(lines.read(len(first)), first)
            if b"100" in first:
                peer.sendall(b"body")
                equal(lines.readline() and lines.readline() and lines.readline()[:13], b"HTTP/1.1 200 ")


@row(GROUP, "what it does not know is refused, never taken for something else")
def unknown(server: Running) -> None:
    equal(server.raw("GET", "/reg/x?acl").outcome, (501, "NotImplemented"))
    equal(server.raw("GET", "/reg").outcome, (501, "NotImplemented"))
    equal(server.raw("POST", "/reg?delete", b"<Delete/>").outcome, (501, "NotImplemented"))
    equal(server.raw("PATCH", "/reg/x").outcome, (405, "MethodNotAllowed"))
    equal(put(server, "copy", b"", headers={"x-amz-copy-source": "/reg/x"}).outcome, (501, "NotImplemented"))
    equal(put(server, "k" * 1025).outcome, (400, "KeyTooLongError"))
    equal(put(server, "%FF").outcome, (400, "InvalidURI"))
    equal(put(server, "class", headers={"x-amz-storage-class": "COLD"}).outcome, (400, "InvalidStorageClass"))
    fields = server.signed("PUT", "/reg/chunked", b"x") + [("Transfer-Encoding", "chunked")]
    connection = server.connect()
    connection.request("PUT", "/reg/chunked", body=iter([b"x"]), headers=dict(fields))
    equal(connection.getresponse().status, 501)
    connection = server.connect()
    connection.putrequest("PUT", "/reg/none", skip_host=True, skip_accept_encoding=True)
    for name, value in server.signed("PUT", "/reg/none"):
        connection.putheader(name, value)
    connection.endheaders()
    equal(connection.getresponse().status, 411)


@row(GROUP, "buckets: made once, found, listed; also as the first part of the host")
def buckets(server: Running) -> None:
    equal(server.raw("PUT", "/other.bucket").status, 200)
    equal(server.raw("PUT", "/other.bucket").outcome, (409, "BucketAlreadyOwnedByYou"))
    equal(server.raw("PUT", "/X").outcome, (400, "InvalidBucketName"))
    equal(server.raw("HEAD", "/other.bucket").get("x-amz-bucket-region"), server.region)
    equal(server.raw("HEAD", "/nothing").status, 404)
    equal([one["Name"] for one in server.boto().list_buckets()["Buckets"]], ["other.bucket", "reg"])
    for host in ("other.bucket.localhost", "other.bucket.localhost:80", "other.bucket.s3.test"):
        equal(server.raw("PUT", "/in%20host", b"host", host=host).status, 200)
        equal(server.raw("GET", "/other.bucket/in%20host").body, b"host")
        server.raw("DELETE", "/in%20host", host=host)
    equal(server.raw("GET", "/reg/x", host="reg.elsewhere.test").status, 404)


@row(GROUP, "metadata, storage class and encryption come back")
def headers(server: Running) -> None:
    client, here = server.boto(), {"Bucket": "reg", "Key": "meta"}
    client.put_object(
        **here,
        Body=b"x",
        Metadata={"one": "1"},
        StorageClass="STANDARD_IA",
        ContentType="a/b",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId="key-1",
    )
    found = client.head_object(**here)
    equal(
        [
            found[name]
            for name in ("Metadata", "StorageClass", "ContentType", "ServerSideEncryption", "SSEKMSKeyId")
        ],
        [{"one": "1"}, "STANDARD_IA", "a/b", "aws:kms", "key-1"],
    )
    assert found["ResponseMetadata"]["RequestId"]
    listed = client.list_objects_v2(Bucket="reg", Prefix="meta")["Contents"][0]
    equal(
        (listed["StorageClass"], listed["ETag"], listed["LastModified"]),
        ("STANDARD_IA", found["ETag"], found["LastModified"]),
    )


@row(GROUP, "the history: what was asked and answered, in which order, and no secrets")
def history(server: Running) -> None:
    server.control(
        "POST",
        "/accounts",
        {"access_key": "t", "secret_key": "canary-secret", "session_token": "canary-token"},
    )
    server.control("DELETE", "/history")
    started = time.monotonic()
    put(server, "past%2Bone", b"body", account=Account("t", "canary-secret", "canary-token"))
    get(server, "past%2Bone", Range="bytes=0-1")
    put(server, "past%2Bone", account=Account("t", "wrong", "canary-token"))
    lines = server.control("GET", "/history")
    equal(server.control("GET", "/history?since=2"), lines[2:])
    first, second, third = lines = sorted(lines, key=lambda one: one["id"])
    assert started < first["invoke"] < first["return"] < second["invoke"] and first["order"] < second["order"]
    equal(
        [
            (
                one["method"],
                one["bucket"],
                one["key"],
                one["status"],
                one["request_bytes"],
                one["response_bytes"],
            )
            for one in lines[:2]
        ],
        [("PUT", "reg", "past+one", 200, 4, 0), ("GET", "reg", "past+one", 206, 0, 2)],
    )
    equal(
        (first["sha256"], third["error"], third["order"]),
        (hashlib.sha256(b"body").hexdigest(), "SignatureDoesNotMatch", None),
    )
    equal((second["request"]["range"], second["response"]["content-range"]), ("bytes=0-1", "bytes 0-1/4"))
    assert "canary" not in json.dumps(lines) and "AWS4-HMAC" not in json.dumps(lines)
    counts = server.control("GET", "/counts")["PUT /reg/past+one"]
    equal((counts["requests"], counts["status"]), (2, {"200": 1, "403": 1}))


@row(GROUP, "the back door: bytes put, read and damaged without a trace in ETag and date")
def back_door(server: Running) -> None:
    def door(do: str, key: str = "door", **wish: Any) -> Any:
        return server.control("POST", "/objects", {"do": do, "bucket": "reg", "key": key, **wish})

    door("put", data=b64(b"0123456789"))
    before = get(server, "door")
    door("corrupt", flip=2, mask=1)
    equal(get(server, "door").body, b"0133456789")
    door("corrupt", truncate=4, append=b64(b"!"))
    after = get(server, "door")
    equal(
        (after.body, after.get("ETag"), after.get("Last-Modified")),
        (b"0133!", before.get("ETag"), before.get("Last-Modified")),
    )
    equal(
        server.control_raw("POST", "/objects", {"do": "get", "bucket": "reg", "key": "door"}), (200, b"0133!")
    )
    door("put", key="window", data=b64(b"w"))
    door("corrupt", swap="window")
    equal((get(server, "door").body, get(server, "window").body), (b"w", b"0133!"))
    door("age", seconds=86400)
    (listed,) = door("list", prefix="door")
    assert time.time() - listed["modified"] > 86000
    equal((listed["size"], listed["sha256"]), (1, hashlib.sha256(b"w").hexdigest()))
    door("delete")
    equal(get(server, "door").status, 404)
    equal(server.control_raw("POST", "/objects", {"do": "get", "bucket": "reg", "key": "door"})[0], 400)
    equal(server.control_raw("POST", "/vices", {"typo": 1})[0], 400)
