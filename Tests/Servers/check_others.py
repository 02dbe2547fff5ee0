# SPDX-License-Identifier: Apache-2.0
"""The proof that the servers of others run, and do what the tests take them for."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

from checking import Running, code_of, equal, row
from sigv4 import Account

PART = 5 << 20


@row("others", "boto3 puts, gets, lists, uploads in parts and deletes")
def works(server: Running) -> None:
    client = server.boto()
    keys = [f"some/{number:02}/key + ü" for number in range(12)]
    for key in keys:
        client.put_object(Bucket="reg", Key=key, Body=key.encode())
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket="reg", Prefix="some/", PaginationConfig={"PageSize": 5}
    )
    equal([one["Key"] for page in pages for one in page["Contents"]], keys)
    equal(server.raw("GET", "/reg/some/03/key%20%2B%20%C3%BC").body, keys[3].encode())
    equal(server.raw("GET", "/reg/some/03/key%20%2B%20%C3%BC", headers={"Range": "bytes=5-6"}).body, b"03")
    client.delete_object(Bucket="reg", Key=keys[0])
    equal(code_of(lambda: client.get_object(Bucket="reg", Key=keys[0])), (404, "NoSuchKey"))
    here = {"Bucket": "reg", "Key": "parts"}
    upload = client.create_multipart_upload(**here)["UploadId"]
    bodies = [bytes(PART), b"end"]
    parts = [
        {
            "PartNumber": number,
            "ETag": client.upload_part(**here, UploadId=upload, PartNumber=number, Body=body)["ETag"],
        }
        for number, body in enumerate(bodies, 1)
    ]
    client.complete_multipart_upload(**here, UploadId=upload, MultipartUpload={"Parts": parts})
    equal(server.raw("GET", "/reg/parts").body, b"".join(bodies))


def racing_creations(server: Running) -> set[int]:
    """How many of 12 win, over 10 keys."""
    client = server.boto()
    winners = set()
    with ThreadPoolExecutor(12) as pool:
        for number in range(10):
            jobs = [
                pool.submit(
                    code_of,
                    lambda: client.put_object(Bucket="reg", Key=f"race-{number}", Body=b"x", IfNoneMatch="*"),
                )
                for _ in range(12)
            ]
            winners.add([job.result()[0] for job in jobs].count(200))
    return winners


@row("ceph", "refuses wrong signatures, clocks and payloads")
def ceph_is_strict(server: Running) -> None:
    key = server.account.access_key
    equal(
        server.raw("PUT", "/reg/s", b"x", account=Account(key, "wrong")).outcome,
        (403, "SignatureDoesNotMatch"),
    )
    equal(
        server.raw("PUT", "/reg/s", b"x", account=Account("nobody", "x")).outcome, (403, "InvalidAccessKeyId")
    )
    equal(server.raw("PUT", "/reg/s", b"x", ago=1800).outcome, (403, "RequestTimeTooSkewed"))
    other = hashlib.sha256(b"other").hexdigest()
    equal(server.raw("PUT", "/reg/s", b"x", payload=other).outcome, (400, "XAmzContentSHA256Mismatch"))
    equal(server.raw("GET", "/reg/s").outcome, (404, "NoSuchKey"))


@row("ceph", "creates once, of 12 that race, 10 times")
def ceph_creates_once(server: Running) -> None:
    equal(racing_creations(server), {1})


@row("moto", "has the conditions of AWS, one request at a time, also to complete an upload; any secret does")
def moto_conditions(server: Running) -> None:
    client = server.boto()
    etag = client.put_object(Bucket="reg", Key="m", Body=b"1", IfNoneMatch="*")["ETag"]
    equal(code_of(lambda: client.put_object(Bucket="reg", Key="m", Body=b"2", IfNoneMatch="*"))[0], 412)
    equal(code_of(lambda: client.put_object(Bucket="reg", Key="m", Body=b"2", IfMatch='"0"'))[0], 412)
    equal(code_of(lambda: client.put_object(Bucket="reg", Key="m", Body=b"2", IfMatch=etag))[0], 200)
    equal(code_of(lambda: client.put_object(Bucket="reg", Key="none", Body=b"2", IfMatch=etag))[0], 404)
    upload = client.create_multipart_upload(Bucket="reg", Key="m")["UploadId"]
    part = client.upload_part(Bucket="reg", Key="m", UploadId=upload, PartNumber=1, Body=b"3")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    equal(
        code_of(
            lambda: client.complete_multipart_upload(
                Bucket="reg", Key="m", UploadId=upload, MultipartUpload=parts, IfNoneMatch="*"
            )
        )[0],
        412,
    )
    equal(server.raw("GET", "/reg/m", account=Account("x", "wrong")).body, b"2")


@row(
    "rclone", "overwrites in spite of conditions, answers a range with 200; checks signatures and Content-MD5"
)
def rclone_habits(server: Running) -> None:
    server.raw("PUT", "/reg/r", b"12")
    equal(server.raw("PUT", "/reg/r", b"34", {"If-None-Match": "*"}).status, 200)
    answer = server.raw("GET", "/reg/r", headers={"Range": "bytes=1-1"})
    equal((answer.status, answer.body, answer.get("Content-Range")), (200, b"4", "bytes 1-1/2"))
    equal(server.raw("GET", "/reg/r", account=Account(server.account.access_key, "wrong")).status, 403)
    equal(
        server.raw("PUT", "/reg/r", b"5", {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}).outcome,
        (400, "BadDigest"),
    )
