# SPDX-License-Identifier: Apache-2.0
"""A request on its way to an operation, and what all operations share."""

import re
import secrets
import urllib.parse
from dataclasses import dataclass
from typing import Callable

from answers import Answer, S3Error, document
from http1 import Head
from objects import Body, Bucket, Object, Store, Upload
from vices import Vices

# Headers of a PUT that HEAD and GET give back.
KEPT = re.compile(
    r"content-type|cache-control|content-disposition|content-encoding|content-language|expires|x-amz-meta-.*"
    r"|x-amz-server-side-encryption(-aws-kms-key-id|-bucket-key-enabled)?"
)
STORAGE_CLASSES = (
    "STANDARD",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "REDUCED_REDUNDANCY",
    "GLACIER_IR",
    "GLACIER",
    "DEEP_ARCHIVE",
    "EXPRESS_ONEZONE",
)
METADATA_LIMIT = 2 << 10


PRECONDITION = "At least one of the pre-conditions you specified did not hold"


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
            raise S3Error(
                400,
                "InvalidArgument",
                f"Provided {name} not an integer or within integer range",
                ArgumentName=name,
                ArgumentValue=text,
            )
        return min(int(text), most)


class Shared:
    """One server's state, and the rules that several operations follow."""

    def __init__(self, store: Store, vices: Vices, region: str, least_part: int):
        self.store, self.vices, self.region, self.least_part = store, vices, region, least_part

    def _bucket(self, call: Call) -> Bucket:
        if call.bucket not in self.store.buckets:
            raise S3Error(404, "NoSuchBucket", "The specified bucket does not exist", BucketName=call.bucket)
        return self.store.buckets[call.bucket]

    def _upload(self, call: Call) -> Upload:
        upload = self._bucket(call).uploads.get(call.query["uploadId"])
        if upload is None or upload.key != call.key:
            raise S3Error(
                404,
                "NoSuchUpload",
                "The upload does not exist, was completed or aborted.",
                UploadId=call.query["uploadId"],
            )
        return upload

    def _store(self, bucket: Bucket, call: Call, value: Object | None) -> None:
        bucket.put(call.key, value, call.now, keep_bodies=self.vices.stale_read > 0)

    def _check_write(self, call: Call, found: Object | None) -> None:
        wanted, unwanted = call.get("if-match"), call.get("if-none-match")
        if wanted is not None and unwanted is not None or unwanted not in (None, "*") or wanted == "*":
            raise S3Error(
                501,
                "NotImplemented",
                "A header you provided implies functionality that is not implemented",
                Header="If-Match" if wanted else "If-None-Match",
            )
        if call.method in self.vices.ignore_conditions:
            return
        if unwanted is not None and found is not None:
            raise S3Error(412, "PreconditionFailed", PRECONDITION, Condition="If-None-Match")
        if wanted is None:
            return
        if found is None:
            if self.vices.missing_if_match == 404:
                raise S3Error(404, "NoSuchKey", "The specified key does not exist.", Key=call.key)
            raise S3Error(
                self.vices.missing_if_match, "PreconditionFailed", PRECONDITION, Condition="If-Match"
            )
        self._check_match(wanted, found)

    def _check_match(self, wanted: str, found: Object) -> None:
        """Raises 412 unless the ETag is the one shown; quotes may be left out, as AWS has it."""
        good = (
            (found.etag.strip('"'),) if self.vices.unquoted_if_match else (found.etag, found.etag.strip('"'))
        )
        if wanted not in good:
            raise S3Error(412, "PreconditionFailed", PRECONDITION, Condition="If-Match")

    def _etag(self, md5: str, suffix: str = "") -> str:
        value = (md5 if self.vices.etags == "md5" else secrets.token_hex(16)) + suffix
        forms = {"weak": f'W/"{value}"', "unquoted": value, "suffix": f'"{value}-3"'}
        return forms.get(self.vices.etags, f'"{value}"')

    def _encoder(self, call: Call) -> Callable[[str], str]:
        kind = call.query.get("encoding-type")
        if kind not in (None, "url"):
            raise S3Error(
                400,
                "InvalidArgument",
                "Invalid Encoding Method specified in Request",
                ArgumentName="encoding-type",
                ArgumentValue=str(kind),
            )
        return (lambda text: urllib.parse.quote(text, safe="/-_.*")) if kind else str


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
        raise S3Error(
            400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size"
        )
    encryption_name = call.get("x-amz-server-side-encryption")
    if encryption_name not in (None, "AES256", "aws:kms", "aws:kms:dsse"):
        raise S3Error(400, "InvalidArgument", "The encryption method specified is not supported")
    if call.get("content-type") is None:
        fields.append(("content-type", "binary/octet-stream"))
    return tuple(fields), storage_class
