# SPDX-License-Identifier: Apache-2.0
"""The proof of every vice of the emulator."""

import time

from check_emulator import GROUP, get, put
from checking import Running, equal, row


@row(GROUP, "vice: conditions ignored")
def vice_conditions(server: Running) -> None:
    put(server, "vice")
    server.control("POST", "/vices", {"ignore_conditions": ["PUT", "POST", "DELETE"]})
    equal(put(server, "vice", b"over", headers={"If-None-Match": "*"}).status, 200)
    equal(put(server, "vice", b"over", headers={"If-Match": '"0"'}).status, 200)
    equal(get(server, "vice").body, b"over")
    equal(server.raw("DELETE", "/reg/vice", headers={"If-Match": '"0"'}).status, 204)
    server.control("DELETE", "/vices")


@row(GROUP, "vice: lists, reads and dates that are behind, by the clock")
def vice_stale(server: Running) -> None:
    client = server.boto()

    def listed() -> list[str]:
        return [
            one["Key"] for one in client.list_objects_v2(Bucket="reg", Prefix="stale/").get("Contents", [])
        ]

    server.control("POST", "/vices", {"stale_list": 300, "stale_read": 300})
    put(server, "stale/a", b"1")
    equal((listed(), get(server, "stale/a").status), ([], 404))
    server.control("POST", "/clock", {"advance": 301})
    put(server, "stale/a", b"2")
    server.raw("DELETE", "/reg/stale/b")
    put(server, "stale/b", b"2")
    equal((listed(), get(server, "stale/a").body), (["stale/a"], b"1"))
    server.control("POST", "/clock", {"advance": 301})
    equal((listed(), get(server, "stale/a").body), (["stale/a", "stale/b"], b"2"))
    server.control("DELETE", "/vices")
    server.control("POST", "/clock", {"offset": 0})
    put(server, "dated")
    server.control("POST", "/vices", {"stale_last_modified": 86400})
    found = client.head_object(Bucket="reg", Key="dated")["LastModified"].timestamp()
    assert time.time() - found > 86000
    server.control("DELETE", "/vices")


@row(GROUP, "vice: ranges ignored, shown wrong, a byte longer or shorter")
def vice_ranges(server: Running) -> None:
    put(server, "vice", b"0123456789")
    for vice, wanted in (
        ("ignore", (200, None, b"0123456789")),
        ("wrong", (206, "bytes 3-6/10", b"2345")),
        ("longer", (206, "bytes 2-5/10", b"23456")),
        ("shorter", (206, "bytes 2-5/10", b"234")),
    ):
        server.control("POST", "/vices", {"range": vice})
        answer = get(server, "vice", Range="bytes=2-5")
        equal((answer.status, answer.get("Content-Range"), answer.body), wanted)
    server.control("DELETE", "/vices")


@row(GROUP, "vice: other answers to If-Match, as Ceph's")
def vice_if_match(server: Running) -> None:
    server.control("POST", "/vices", {"missing_if_match": 412, "unquoted_if_match": True})
    etag = put(server, "vice").get("ETag")
    equal(put(server, "no-vice", headers={"If-Match": etag}).outcome, (412, "PreconditionFailed"))
    equal(put(server, "vice", headers={"If-Match": etag}).outcome, (412, "PreconditionFailed"))
    equal(put(server, "vice", headers={"If-Match": etag.strip('"')}).status, 200)
    server.control("DELETE", "/vices")


@row(GROUP, "vice: a completion that fails with 200, and one behind white space")
def vice_complete(server: Running) -> None:
    client, here = server.boto(), {"Bucket": "reg", "Key": "late"}
    upload = client.create_multipart_upload(**here)["UploadId"]
    etag = client.upload_part(**here, UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    body = (
        f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part>"
        "</CompleteMultipartUpload>"
    ).encode()
    server.control("POST", "/vices", {"complete": "error"})
    equal(server.raw("POST", f"/reg/late?uploadId={upload}", body).outcome, (200, "InternalError"))
    equal(get(server, "late").status, 404)
    server.control("POST", "/vices", {"complete": "space"})
    answer = server.raw("POST", f"/reg/late?uploadId={upload}", body)
    assert answer.status == 200 and answer.body.startswith(b" \r\n") and b"<ETag>" in answer.body
    equal(get(server, "late").status, 200)
    server.control("DELETE", "/vices")


@row(GROUP, "vice: refusals by method and key, so often; what is missing hidden; no token")
def vice_refusals(server: Running) -> None:
    put(server, "deny/a")
    conflict = {
        "method": "PUT",
        "key": "^deny/",
        "status": 409,
        "code": "ConditionalRequestConflict",
        "count": 3,
        "conditional": True,
    }
    server.control(
        "POST", "/vices", {"refuse": [conflict, {"method": "GET", "key": "^$"}], "hide_missing": True}
    )
    equal(put(server, "deny/a").status, 200)
    found = [put(server, "deny/b", headers={"If-None-Match": "*"}).outcome for _ in range(5)]
    equal(found, [(409, "ConditionalRequestConflict")] * 3 + [(200, None), (412, "PreconditionFailed")])
    equal(server.raw("GET", "/reg?list-type=2").outcome, (403, "AccessDenied"))
    equal(get(server, "deny/a").status, 200)
    equal(get(server, "deny/none").outcome, (403, "AccessDenied"))
    server.control("DELETE", "/vices")
    server.control("POST", "/vices", {"page_limit": 1, "drop_token": True})
    answer = server.boto().list_objects_v2(Bucket="reg", Prefix="deny/")
    equal((answer["IsTruncated"], "NextContinuationToken" in answer), (True, False))
    server.control("DELETE", "/vices")
