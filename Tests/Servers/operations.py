# SPDX-License-Identifier: Apache-2.0
"""The operations of S3, on a store. Each takes a `Call` and gives an `Answer` or raises an `S3Error`.

The caller has checked the signature and the digests of the body, and holds the lock of the store.
"""
import base64
import binascii
import bisect
import hashlib
import re
import secrets
import urllib.parse
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Callable

from answers import Answer, Markup, S3Error, document, element, http_date, iso_date
from http1 import Head
from objects import Body, Bucket, Object, Part, Store, Upload
from vices import Vices

# Headers of a PUT that HEAD and GET give back.
KEPT = re.compile(
    r"content-type|cache-control|content-disposition|content-encoding|content-language|expires|x-amz-meta-.*"
    r"|x-amz-server-side-encryption(-aws-kms-key-id|-bucket-key-enabled)?"
)
STORAGE_CLASSES = ("STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "REDUCED_REDUNDANCY",
                   "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE", "EXPRESS_ONEZONE")
METADATA_LIMIT = 2 << 10


@dataclass
class Call:
    """A request on its way: what it wants, what it brought, and the server's time."""

    method: str
    head: Head
    bucket: str
    key: str
    query: dict[str, str]
    now: float
    body: Body
    md5: bytes
    checksum: tuple[str, str] | None

    def get(self, name: str) -> str | None:
        return self.head.get(name)

    def number(self, name: str, default: int, most: int) -> int:
        """A count in the query, at most `most`."""
        text = self.query.get(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise S3Error(400, "InvalidArgument", f"Provided {name} not an integer or within integer range",
                          ArgumentName=name, ArgumentValue=text)
        return min(int(text), most)


class Operations:
    """All operations of one server."""

    def __init__(self, store: Store, vices: Vices, region: str, least_part: int):
        self.store, self.vices, self.region, self.least_part = store, vices, region, least_part

    def find(self, call: Call) -> Callable[[Call], Answer]:
        """The operation that a request asks for; one that is not known here, or a parameter, is refused."""
        level = "object" if call.key else "bucket" if call.bucket else "service"
        given = set(call.query) - {"x-id"}
        for method, at, required, allowed, name in TABLE:
            if (method, at) == (call.method, level) and required <= given and given <= required | allowed:
                return getattr(self, name)
        if call.method not in ("GET", "HEAD", "PUT", "POST", "DELETE"):
            raise S3Error(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        raise S3Error(501, "NotImplemented", f"{call.method} of a {level} with {sorted(given)} is not known here")

    # Buckets

    def list_buckets(self, call: Call) -> Answer:
        found = (element("Bucket", element("Name", name), element("CreationDate", iso_date(bucket.created)))
                 for name, bucket in sorted(self.store.buckets.items()))
        return xml("ListAllMyBucketsResult", element("Buckets", *found))

    def create_bucket(self, call: Call) -> Answer:
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", call.bucket):
            raise S3Error(400, "InvalidBucketName", "The specified bucket is not valid.", BucketName=call.bucket)
        if call.bucket in self.store.buckets:
            raise S3Error(409, "BucketAlreadyOwnedByYou", "You own this bucket already.", BucketName=call.bucket)
        self.store.buckets[call.bucket] = Bucket(call.now)
        return Answer(fields=[("Location", f"/{call.bucket}")])

    def head_bucket(self, call: Call) -> Answer:
        self._bucket(call)
        return Answer(fields=[("x-amz-bucket-region", self.region)])

    def list_objects(self, call: Call) -> Answer:
        if call.query["list-type"] != "2":
            raise S3Error(501, "NotImplemented", "Only list-type=2 is known here")
        bucket = self._bucket(call).as_of(call.now - self.vices.stale_list)
        prefix, delimiter = call.query.get("prefix", ""), call.query.get("delimiter", "")
        limit = call.number("max-keys", 1000, self.vices.page_limit)
        after, token = call.query.get("start-after", ""), call.query.get("continuation-token")
        position = bisect.bisect_right(bucket.keys, after) if after else 0
        if token is not None:
            last = token_decoded(token)
            rolled_up = bool(delimiter) and last.endswith(delimiter) and last > prefix
            position = after_prefix(bucket.keys, last) if rolled_up else bisect.bisect_right(bucket.keys, last)
        position = max(position, bisect.bisect_left(bucket.keys, prefix))
        found, truncated = page(bucket.keys, position, prefix, delimiter, limit)
        text = self._encoder(call)
        parts = [element("Name", call.bucket), element("Prefix", text(prefix)), element("MaxKeys", limit),
                 element("KeyCount", len(found)), element("IsTruncated", str(truncated).lower())]
        for name, value in (("Delimiter", delimiter), ("StartAfter", after)):
            if value:
                parts.append(element(name, text(value)))
        if token is not None:
            parts.append(element("ContinuationToken", token))
        if "encoding-type" in call.query:
            parts.append(element("EncodingType", "url"))
        if truncated and not self.vices.drop_token:
            parts.append(element("NextContinuationToken", token_encoded(found[-1][0])))
        for name, is_prefix in found:
            if is_prefix:
                parts.append(element("CommonPrefixes", element("Prefix", text(name))))
            else:
                parts.append(self._listed(bucket.objects[name], text))
        return xml("ListBucketResult", *parts)

    def _listed(self, found: Object, text: Callable[[str], str]) -> Markup:
        modified = iso_date(found.modified - self.vices.stale_last_modified)
        parts = [element("Key", text(found.key)), element("LastModified", modified), element("ETag", found.etag)]
        if found.checksum:
            parts.append(element("ChecksumAlgorithm", found.checksum[0].removeprefix("x-amz-checksum-").upper()))
        return element("Contents", *parts, element("Size", found.size), element("StorageClass", found.storage_class))

    # Objects

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
        self._store(bucket, call, Object(call.key, len(call.body), etag, call.now, fields, call.checksum,
                                         storage_class, call.body))
        return Answer(200, [("ETag", etag), *encryption(fields), *checksum_fields(call.checksum)])

    def delete_object(self, call: Call) -> Answer:
        bucket = self._bucket(call)
        found = bucket.objects.get(call.key)
        wanted = call.get("if-match")
        if wanted is not None and found and "DELETE" not in self.vices.ignore_conditions:
            self._check_match(wanted, found)
        self._store(bucket, call, None)
        return Answer(204)

    # Uploads in parts

    def create_upload(self, call: Call) -> Answer:
        bucket = self._bucket(call)
        fields, storage_class = kept(call)
        algorithm = call.get("x-amz-checksum-algorithm")
        if algorithm not in (None, "SHA256", "CRC32", "SHA1") or call.get("x-amz-checksum-type") == "FULL_OBJECT":
            raise S3Error(501, "NotImplemented", "This kind of checksum is not known here")
        identifier = secrets.token_urlsafe(48)
        bucket.uploads[identifier] = Upload(identifier, call.key, call.now, fields, storage_class, algorithm)
        answer = xml("InitiateMultipartUploadResult", element("Bucket", call.bucket), element("Key", call.key),
                     element("UploadId", identifier))
        answer.fields += encryption(fields)
        if algorithm:
            answer.fields += [("x-amz-checksum-algorithm", algorithm), ("x-amz-checksum-type", "COMPOSITE")]
        return answer

    def upload_part(self, call: Call) -> Answer:
        upload = self._upload(call)
        if call.get("x-amz-copy-source") is not None:
            raise S3Error(501, "NotImplemented", "UploadPartCopy is not known here")
        number = call.number("partNumber", 0, 1 << 30)
        if not 1 <= number <= 10_000:
            raise S3Error(400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive",
                          ArgumentName="partNumber", ArgumentValue=str(number))
        wanted = upload.algorithm and f"x-amz-checksum-{upload.algorithm.lower()}"
        if wanted and (call.checksum is None or call.checksum[0] != wanted):
            raise S3Error(400, "InvalidRequest", f"Checksum Type mismatch occurred, expected: {upload.algorithm}")
        etag = self._etag(call.md5.hex())
        upload.parts[number] = Part(number, len(call.body), etag, call.md5, call.now, call.checksum, call.body)
        return Answer(200, [("ETag", etag), *encryption(upload.fields), *checksum_fields(call.checksum)])

    def complete_upload(self, call: Call) -> Answer:
        bucket, upload = self._bucket(call), self._upload(call)
        parts = self._wanted_parts(call, upload)
        self._check_write(call, bucket.objects.get(call.key))
        if self.vices.complete == "error":
            error = S3Error(200, "InternalError", "We encountered an internal error. Please try again.")
            return Answer(200, [("Content-Type", "application/xml")], error.xml(f"/{call.bucket}/{call.key}", "0" * 16))
        etag = self._etag(hashlib.md5(b"".join(part.md5 for part in parts)).hexdigest(), f"-{len(parts)}")
        checksum = composite(upload.algorithm, parts)
        body = Body(tuple(piece for part in parts for piece in part.body.slices))
        self._store(bucket, call, Object(call.key, len(body), etag, call.now, upload.fields, checksum,
                                         upload.storage_class, body))
        del bucket.uploads[upload.id]
        facts = [element("Location", f"/{call.bucket}/{call.key}"), element("Bucket", call.bucket),
                 element("Key", call.key), element("ETag", etag)]
        if checksum:
            facts += [element(f"Checksum{upload.algorithm}", checksum[1]), element("ChecksumType", "COMPOSITE")]
        answer = xml("CompleteMultipartUploadResult", *facts)
        if self.vices.complete == "space":
            answer.body = b" \r\n" * 20 + bytes(answer.body)
        answer.fields += encryption(upload.fields)
        return answer

    def _wanted_parts(self, call: Call, upload: Upload) -> list[Part]:
        """The parts that the body of a CompleteMultipartUpload names, all of them checked."""
        named = parts_in(call.body.read())
        numbers = [number for number, _, _ in named]
        if numbers != sorted(set(numbers)):
            raise S3Error(400, "InvalidPartOrder", "The list of parts was not in ascending order.")
        parts = []
        for number, etag, checksums in named:
            part = upload.parts.get(number)
            if part is None or bare(part.etag) != bare(etag):
                raise S3Error(400, "InvalidPart", "A part was not found, or its ETag is another.",
                              UploadId=upload.id, PartNumber=str(number), ETag=etag)
            if upload.algorithm and checksums.get(f"Checksum{upload.algorithm}") != (part.checksum or ("", ""))[1]:
                raise S3Error(400, "InvalidPart", f"The {upload.algorithm} checksum of part {number} is missing or wrong.")
            parts.append(part)
        for part in parts[:-1]:
            if part.size < self.least_part:
                raise S3Error(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size",
                              PartNumber=str(part.number), ProposedSize=str(part.size),
                              MinSizeAllowed=str(self.least_part))
        return parts

    def abort_upload(self, call: Call) -> Answer:
        del self._bucket(call).uploads[self._upload(call).id]
        return Answer(204)

    def list_parts(self, call: Call) -> Answer:
        upload = self._upload(call)
        marker = call.number("part-number-marker", 0, 10_000)
        limit = call.number("max-parts", 1000, self.vices.page_limit)
        later = [upload.parts[number] for number in sorted(upload.parts) if number > marker]
        facts = [element("Bucket", call.bucket), element("Key", self._encoder(call)(call.key)),
                 element("UploadId", upload.id), element("StorageClass", upload.storage_class),
                 element("PartNumberMarker", marker), element("MaxParts", limit),
                 element("IsTruncated", str(len(later) > limit).lower())]
        if later[:limit]:
            facts.append(element("NextPartNumberMarker", later[:limit][-1].number))
        for part in later[:limit]:
            about = [element("PartNumber", part.number), element("LastModified", iso_date(part.modified)),
                     element("ETag", part.etag), element("Size", part.size)]
            if upload.algorithm and part.checksum:
                about.append(element(f"Checksum{upload.algorithm}", part.checksum[1]))
            facts.append(element("Part", *about))
        return xml("ListPartsResult", *facts)

    def list_uploads(self, call: Call) -> Answer:
        prefix, text = call.query.get("prefix", ""), self._encoder(call)
        marker = (call.query.get("key-marker", ""), call.query.get("upload-id-marker", "\U0010ffff"))
        limit = call.number("max-uploads", 1000, self.vices.page_limit)
        uploads = sorted(self._bucket(call).uploads.values(), key=lambda one: (one.key, one.id))
        later = [one for one in uploads if one.key.startswith(prefix) and (one.key, one.id) > marker]
        facts = [element("Bucket", call.bucket), element("Prefix", text(prefix)), element("MaxUploads", limit),
                 element("IsTruncated", str(len(later) > limit).lower())]
        if len(later) > limit > 0:
            last = later[limit - 1]
            facts += [element("NextKeyMarker", text(last.key)), element("NextUploadIdMarker", last.id)]
        for one in later[:limit]:
            facts.append(element("Upload", element("Key", text(one.key)), element("UploadId", one.id),
                                 element("StorageClass", one.storage_class), element("Initiated", iso_date(one.started))))
        return xml("ListMultipartUploadsResult", *facts)

    # What they share

    def _bucket(self, call: Call) -> Bucket:
        if call.bucket not in self.store.buckets:
            raise S3Error(404, "NoSuchBucket", "The specified bucket does not exist", BucketName=call.bucket)
        return self.store.buckets[call.bucket]

    def _upload(self, call: Call) -> Upload:
        upload = self._bucket(call).uploads.get(call.query["uploadId"])
        if upload is None or upload.key != call.key:
            raise S3Error(404, "NoSuchUpload", "The upload does not exist, was completed or aborted.",
                          UploadId=call.query["uploadId"])
        return upload

    def _store(self, bucket: Bucket, call: Call, value: Object | None) -> None:
        bucket.put(call.key, value, call.now, keep_bodies=self.vices.stale_read > 0)

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
        elif (moment := moment_of(call.get("if-unmodified-since"))) is not None and int(found.modified) > moment:
            raise S3Error(412, "PreconditionFailed", PRECONDITION, Condition="If-Unmodified-Since")
        if (unwanted := call.get("if-none-match")) is not None:
            return unwanted == "*" or bare(unwanted) == bare(found.etag)
        moment = moment_of(call.get("if-modified-since"))
        return moment is not None and int(found.modified) <= moment

    def _check_write(self, call: Call, found: Object | None) -> None:
        wanted, unwanted = call.get("if-match"), call.get("if-none-match")
        if wanted is not None and unwanted is not None or unwanted not in (None, "*") or wanted == "*":
            raise S3Error(501, "NotImplemented", "A header you provided implies functionality that is not implemented",
                          Header="If-Match" if wanted else "If-None-Match")
        if call.method in self.vices.ignore_conditions:
            return
        if unwanted is not None and found is not None:
            raise S3Error(412, "PreconditionFailed", PRECONDITION, Condition="If-None-Match")
        if wanted is None:
            return
        if found is None:
            if self.vices.missing_if_match == 404:
                raise S3Error(404, "NoSuchKey", "The specified key does not exist.", Key=call.key)
            raise S3Error(self.vices.missing_if_match, "PreconditionFailed", PRECONDITION, Condition="If-Match")
        self._check_match(wanted, found)

    def _check_match(self, wanted: str, found: Object) -> None:
        """Raises 412 unless the ETag is the one shown; quotes may be left out, as AWS has it."""
        good = (found.etag.strip('"'),) if self.vices.unquoted_if_match else (found.etag, found.etag.strip('"'))
        if wanted not in good:
            raise S3Error(412, "PreconditionFailed", PRECONDITION, Condition="If-Match")

    def _etag(self, md5: str, suffix: str = "") -> str:
        value = (md5 if self.vices.etags == "md5" else secrets.token_hex(16)) + suffix
        forms = {"weak": f'W/"{value}"', "unquoted": value, "suffix": f'"{value}-3"'}
        return forms.get(self.vices.etags, f'"{value}"')

    def _encoder(self, call: Call) -> Callable[[str], str]:
        kind = call.query.get("encoding-type")
        if kind not in (None, "url"):
            raise S3Error(400, "InvalidArgument", "Invalid Encoding Method specified in Request",
                          ArgumentName="encoding-type", ArgumentValue=str(kind))
        return (lambda text: urllib.parse.quote(text, safe="/-_.*")) if kind else str


PRECONDITION = "At least one of the pre-conditions you specified did not hold"

# Method, level, parameters that must be there, those that may, operation.
TABLE = [
    ("GET", "service", set(), set(), "list_buckets"),
    ("PUT", "bucket", set(), set(), "create_bucket"),
    ("HEAD", "bucket", set(), set(), "head_bucket"),
    ("GET", "bucket", {"list-type"}, {"prefix", "delimiter", "start-after", "continuation-token", "max-keys",
                                      "encoding-type", "fetch-owner"}, "list_objects"),
    ("GET", "bucket", {"uploads"}, {"prefix", "key-marker", "upload-id-marker", "max-uploads", "encoding-type"},
     "list_uploads"),
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


def xml(name: str, *content: str) -> Answer:
    return Answer(200, [("Content-Type", "application/xml")], document(name, *content))


def bare(etag: str) -> str:
    return etag.removeprefix("W/").strip('"')


def encryption(fields: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    return [one for one in fields if one[0].startswith("x-amz-server-side-encryption")]


def checksum_fields(checksum: tuple[str, str] | None) -> list[tuple[str, str]]:
    return [checksum] if checksum else []


def kept(call: Call) -> tuple[tuple[tuple[str, str], ...], str]:
    """The headers to give back later, and the storage class."""
    storage_class = call.get("x-amz-storage-class") or "STANDARD"
    if storage_class not in STORAGE_CLASSES:
        raise S3Error(400, "InvalidStorageClass", "The storage class you specified is not valid")
    fields = [(name.lower(), value) for name, value in call.head.fields if KEPT.fullmatch(name.lower())]
    metadata = [name + value for name, value in fields if name.startswith("x-amz-meta-")]
    if sum(len(one) - len("x-amz-meta-") for one in metadata) > METADATA_LIMIT:
        raise S3Error(400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
    encryption_name = call.get("x-amz-server-side-encryption")
    if encryption_name not in (None, "AES256", "aws:kms", "aws:kms:dsse"):
        raise S3Error(400, "InvalidArgument", "The encryption method specified is not supported")
    if call.get("content-type") is None:
        fields.append(("content-type", "binary/octet-stream"))
    return tuple(fields), storage_class


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
        error = S3Error(416, "InvalidRange", "The requested range is not satisfiable",
                        RangeRequested=text or "", ActualObjectSize=str(size))
        error.fields = [("Content-Range", f"bytes */{size}")]
        raise error
    return first, end


def after_prefix(keys: list[str], prefix: str) -> int:
    """The index of the first key after all that begin with `prefix`."""
    position = bisect.bisect_left(keys, prefix)
    return bisect.bisect_right(keys, prefix, lo=position, key=lambda key: key[: len(prefix)])


def page(keys: list[str], position: int, prefix: str, delimiter: str, limit: int) -> tuple[list[tuple[str, bool]], bool]:
    """Up to `limit` keys and common prefixes (True) from `position` on, and whether there are more."""
    found: list[tuple[str, bool]] = []
    while position < len(keys) and keys[position].startswith(prefix):
        if len(found) == limit:
            return found, limit > 0
        key = keys[position]
        cut = key.find(delimiter, len(prefix)) if delimiter else -1
        if cut < 0:
            found.append((key, False))
            position += 1
        else:
            common = key[: cut + len(delimiter)]
            found.append((common, True))
            position = after_prefix(keys, common)
    return found, False


def token_encoded(last: str) -> str:
    """A token that does not survive careless encoding."""
    return "1/+" + base64.b64encode(last.encode()[::-1]).decode() + "=="


def token_decoded(token: str) -> str:
    try:
        if not token.startswith("1/+") or not token.endswith("=="):
            raise ValueError
        return base64.b64decode(token[3:-2], validate=True)[::-1].decode()
    except ValueError:
        raise S3Error(400, "InvalidArgument", "The continuation token provided is incorrect",
                      ArgumentName="continuation-token") from None


def parts_in(text: bytes) -> list[tuple[int, str, dict[str, str]]]:
    """Number, ETag and checksums of each part that a CompleteMultipartUpload names."""
    try:
        root = ElementTree.fromstring(text)
        found = []
        for part in root:
            facts = {child.tag.rpartition("}")[2]: child.text or "" for child in part}
            if part.tag.rpartition("}")[2] != "Part":
                raise ValueError
            found.append((int(facts["PartNumber"]), facts["ETag"], facts))
        if root.tag.rpartition("}")[2] != "CompleteMultipartUpload" or not found:
            raise ValueError
        return found
    except (ElementTree.ParseError, KeyError, ValueError):
        raise S3Error(400, "MalformedXML", "The XML you provided was not well-formed") from None


def composite(algorithm: str | None, parts: list[Part]) -> tuple[str, str] | None:
    """The checksum of the checksums of the parts."""
    if algorithm is None:
        return None
    joined = b"".join(base64.b64decode(part.checksum[1]) for part in parts if part.checksum)
    if algorithm == "CRC32":
        total = binascii.crc32(joined).to_bytes(4, "big")
    else:
        total = hashlib.new(algorithm.lower(), joined).digest()
    return f"x-amz-checksum-{algorithm.lower()}", f"{base64.b64encode(total).decode()}-{len(parts)}"
