# SPDX-License-Identifier: Apache-2.0
"""The operations of S3, on a store. Each takes a `Call` and gives an `Answer` or raises an `S3Error`.

The caller has checked the signature and the digests of the body, and holds the lock of the store.
"""

import re
from email.utils import parsedate_to_datetime
from typing import Callable

from answers import Answer, S3Error, element, http_date, iso_date
from calls import PRECONDITION, Call, bare, checksum_fields, encryption, kept, xml
from lists import Lists
from objects import Bucket, Object
from uploads import Uploads

# Method, level, parameters that must be there, those that may, operation.
TABLE = [
    ("GET", "service", set(), set(), "list_buckets"),
    ("PUT", "bucket", set(), set(), "create_bucket"),
    ("HEAD", "bucket", set(), set(), "head_bucket"),
    (
        "GET",
        "bucket",
        {"list-type"},
        {
            "prefix",
            "delimiter",
            "start-after",
            "continuation-token",
            "max-keys",
            "encoding-type",
            "fetch-owner",
        },
        "list_objects",
    ),
    (
        "GET",
        "bucket",
        {"uploads"},
        {"prefix", "key-marker", "upload-id-marker", "max-uploads", "encoding-type"},
        "list_uploads",
    ),
    ("GET", "object", set(), set(), "get_object"),
    ("HEAD", "object", set(), set(), "get_object"),
    ("PUT", "object", set(), set(), "put_object"),
    ("DELETE", "object", set(), set(), "delete_object"),
    ("POST", "object", {"uploads"}, set(), "create_upload"),
    ("PUT", "object", {"partNumber", "uploadId"}, set(), "upload_part"),
    ("POST", "object", {"uploadId"}, set(), "complete_upload"),
    ("DELETE", "object", {"uploadId"}, set(), "abort_upload"),
    ("GET", "object", {"uploadId"}, {"max-parts", "part-number-marker", "encoding-type"}, "list_parts"),
]


class Operations(Lists, Uploads):
    """All operations of one server: here those on buckets and whole objects."""

    def find(self, call: Call) -> Callable[[Call], Answer]:
        """The operation that a request asks for; one that is not known here, or a parameter, is refused."""
        level = "object" if call.key else "bucket" if call.bucket else "service"
        given = set(call.query) - {"x-id"}
        for method, at, required, allowed, name in TABLE:
            if (method, at) == (call.method, level) and required <= given and given <= required | allowed:
                return getattr(self, name)
        if call.method not in ("GET", "HEAD", "PUT", "POST", "DELETE"):
            raise S3Error(
                405, "MethodNotAllowed", "The specified method is not allowed against this resource."
            )
        raise S3Error(
            501, "NotImplemented", f"{call.method} of a {level} with {sorted(given)} is not known here"
        )

    def list_buckets(self, call: Call) -> Answer:
        found = (
            element("Bucket", element("Name", name), element("CreationDate", iso_date(bucket.created)))
            for name, bucket in sorted(self.store.buckets.items())
        )
        return xml("ListAllMyBucketsResult", element("Buckets", *found))

    def create_bucket(self, call: Call) -> Answer:
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", call.bucket):
            raise S3Error(
                400, "InvalidBucketName", "The specified bucket is not valid.", BucketName=call.bucket
            )
        if call.bucket in self.store.buckets:
            raise S3Error(
                409, "BucketAlreadyOwnedByYou", "You own this bucket already.", BucketName=call.bucket
            )
        self.store.buckets[call.bucket] = Bucket(call.now)
        return Answer(fields=[("Location", f"/{call.bucket}")])

    def head_bucket(self, call: Call) -> Answer:
        self._bucket(call)
        return Answer(fields=[("x-amz-bucket-region", self.region)])

    def get_object(self, call: Call) -> Answer:
        found = self._read(call)
        fields = [("ETag", found.etag), ("Accept-Ranges", "bytes"), *found.fields]
        fields.append(("Last-Modified", http_date(found.modified - self.vices.stale_last_modified)))
        if found.storage_class != "STANDARD":
            fields.append(("x-amz-storage-class", found.storage_class))
        if self._is_known(call, found):
            return Answer(304, [field for field in fields if field[0] in ("ETag", "Last-Modified")])
        span = None if self.vices.range == "ignore" else byte_range(call.get("range"), found.size)
        if span is None:
            if found.checksum and (call.get("x-amz-checksum-mode") or "").upper() == "ENABLED":
                kind = "COMPOSITE" if "-" in found.checksum[1] else "FULL_OBJECT"
                fields += [found.checksum, ("x-amz-checksum-type", kind)]
            return Answer(200, fields, found.body)
        first, end = span
        shown = first + 1 if self.vices.range == "wrong" else first
        fields.append(("Content-Range", f"bytes {shown}-{shown + end - first - 1}/{found.size}"))
        end = min(found.size, end + {"longer": 1, "shorter": -1}.get(self.vices.range, 0))
        return Answer(206, fields, found.body.between(first, end))

    def put_object(self, call: Call) -> Answer:
        bucket = self._bucket(call)
        if call.get("x-amz-copy-source") is not None:
            raise S3Error(501, "NotImplemented", "CopyObject is not known here")
        fields, storage_class = kept(call)
        self._check_write(call, bucket.objects.get(call.key))
        etag = self._etag(call.md5.hex())
        self._store(
            bucket,
            call,
            Object(call.key, len(call.body), etag, call.now, fields, call.checksum, storage_class, call.body),
        )
        return Answer(200, [("ETag", etag), *encryption(fields), *checksum_fields(call.checksum)])

    def delete_object(self, call: Call) -> Answer:
        bucket = self._bucket(call)
        found = bucket.objects.get(call.key)
        wanted = call.get("if-match")
        if wanted is not None and found and "DELETE" not in self.vices.ignore_conditions:
            self._check_match(wanted, found)
        self._store(bucket, call, None)
        return Answer(204)

    def _read(self, call: Call) -> Object:
        bucket = self._bucket(call)
        past = bucket.as_of(call.now - self.vices.stale_read) if self.vices.stale_read else bucket
        found = past.objects.get(call.key)
        if found is not None and found.body is None:
            found = bucket.objects.get(call.key)
        if found is None:
            if self.vices.hide_missing:
                raise S3Error(403, "AccessDenied", "Access Denied")
            raise S3Error(404, "NoSuchKey", "The specified key does not exist.", Key=call.key)
        return found

    def _is_known(self, call: Call, found: Object) -> bool:
        """Whether the answer is 304. Raises 412."""
        if (wanted := call.get("if-match")) is not None:
            if wanted != "*":
                self._check_match(wanted, found)
        elif (moment := moment_of(call.get("if-unmodified-since"))) is not None and int(
            found.modified
        ) > moment:
            raise S3Error(412, "PreconditionFailed", PRECONDITION, Condition="If-Unmodified-Since")
        if (unwanted := call.get("if-none-match")) is not None:
            return unwanted == "*" or bare(unwanted) == bare(found.etag)
        moment = moment_of(call.get("if-modified-since"))
        return moment is not None and int(found.modified) <= moment


def moment_of(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except ValueError:
        return None


def byte_range(text: str | None, size: int) -> tuple[int, int] | None:
    """The bytes `first..<end` of a Range header; None where it is missing or is to be ignored. Raises 416."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", text or "")
    if not match or match[1] == match[2] == "":
        return None
    if match[1] == "":
        first, end = max(0, size - int(match[2])), size
        unsatisfiable = int(match[2]) == 0 or size == 0
    else:
        first, end = int(match[1]), min(size, int(match[2]) + 1) if match[2] else size
        if match[2] and int(match[2]) < first:
            return None
        unsatisfiable = first >= size
    if unsatisfiable:
        error = S3Error(
            416,
            "InvalidRange",
            "The requested range is not satisfiable",
            RangeRequested=text or "",
            ActualObjectSize=str(size),
        )
        error.fields = [("Content-Range", f"bytes */{size}")]
        raise error
    return first, end
