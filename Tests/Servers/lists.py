# SPDX-License-Identifier: Apache-2.0
"""The operations that list: objects, uploads, parts."""

import base64
import bisect
from typing import Callable

from answers import Answer, Markup, S3Error, element, iso_date
from calls import Call, Shared, xml
from objects import Object


class Lists(Shared):
    """LIST in its three kinds, all by pages."""

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
            position = (
                after_prefix(bucket.keys, last) if rolled_up else bisect.bisect_right(bucket.keys, last)
            )
        position = max(position, bisect.bisect_left(bucket.keys, prefix))
        found, truncated = page(bucket.keys, position, prefix, delimiter, limit)
        text = self._encoder(call)
        parts = [
            element("Name", call.bucket),
            element("Prefix", text(prefix)),
            element("MaxKeys", limit),
            element("KeyCount", len(found)),
            element("IsTruncated", str(truncated).lower()),
        ]
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
        parts = [
            element("Key", text(found.key)),
            element("LastModified", modified),
            element("ETag", found.etag),
        ]
        if found.checksum:
            parts.append(
                element("ChecksumAlgorithm", found.checksum[0].removeprefix("x-amz-checksum-").upper())
            )
        return element(
            "Contents", *parts, element("Size", found.size), element("StorageClass", found.storage_class)
        )

    def list_parts(self, call: Call) -> Answer:
        upload = self._upload(call)
        marker = call.number("part-number-marker", 0, 10_000)
        limit = call.number("max-parts", 1000, self.vices.page_limit)
        later = [upload.parts[number] for number in sorted(upload.parts) if number > marker]
        facts = [
            element("Bucket", call.bucket),
            element("Key", self._encoder(call)(call.key)),
            element("UploadId", upload.id),
            element("StorageClass", upload.storage_class),
            element("PartNumberMarker", marker),
            element("MaxParts", limit),
            element("IsTruncated", str(len(later) > limit).lower()),
        ]
        if later[:limit]:
            facts.append(element("NextPartNumberMarker", later[:limit][-1].number))
        for part in later[:limit]:
            about = [
                element("PartNumber", part.number),
                element("LastModified", iso_date(part.modified)),
                element("ETag", part.etag),
                element("Size", part.size),
            ]
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
        facts = [
            element("Bucket", call.bucket),
            element("Prefix", text(prefix)),
            element("MaxUploads", limit),
            element("IsTruncated", str(len(later) > limit).lower()),
        ]
        if len(later) > limit > 0:
            last = later[limit - 1]
            facts += [element("NextKeyMarker", text(last.key)), element("NextUploadIdMarker", last.id)]
        for one in later[:limit]:
            facts.append(
                element(
                    "Upload",
                    element("Key", text(one.key)),
                    element("UploadId", one.id),
                    element("StorageClass", one.storage_class),
                    element("Initiated", iso_date(one.started)),
                )
            )
        return xml("ListMultipartUploadsResult", *facts)


def after_prefix(keys: list[str], prefix: str) -> int:
    """The index of the first key after all that begin with `prefix`."""
    position = bisect.bisect_left(keys, prefix)
    return bisect.bisect_right(keys, prefix, lo=position, key=lambda key: key[: len(prefix)])


def page(
    keys: list[str], position: int, prefix: str, delimiter: str, limit: int
) -> tuple[list[tuple[str, bool]], bool]:
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
        raise S3Error(
            400,
            "InvalidArgument",
            "The continuation token provided is incorrect",
            ArgumentName="continuation-token",
        ) from None
