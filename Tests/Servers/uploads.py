# SPDX-License-Identifier: Apache-2.0
"""The operations on uploads in parts."""

import base64
import binascii
import hashlib
import secrets
import xml.etree.ElementTree as ElementTree

from answers import Answer, S3Error, element
from calls import Call, Shared, bare, checksum_fields, encryption, kept, xml
from objects import Body, Object, Part, Upload


class Uploads(Shared):
    """From the first request of an upload to its end."""

    def create_upload(self, call: Call) -> Answer:
        bucket = self._bucket(call)
        fields, storage_class = kept(call)
        algorithm = call.get("x-amz-checksum-algorithm")
        if (
            algorithm not in (None, "SHA256", "CRC32", "SHA1")
            or call.get("x-amz-checksum-type") == "FULL_OBJECT"
        ):
            raise S3Error(501, "NotImplemented", "This kind of checksum is not known here")
        identifier = secrets.token_urlsafe(48)
        bucket.uploads[identifier] = Upload(identifier, call.key, call.now, fields, storage_class, algorithm)
        answer = xml(
            "InitiateMultipartUploadResult",
            element("Bucket", call.bucket),
            element("Key", call.key),
            element("UploadId", identifier),
        )
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
            raise S3Error(
                400,
                "InvalidArgument",
                "Part number must be an integer between 1 and 10000, inclusive",
                ArgumentName="partNumber",
                ArgumentValue=str(number),
            )
        wanted = upload.algorithm and f"x-amz-checksum-{upload.algorithm.lower()}"
        if wanted and (call.checksum is None or call.checksum[0] != wanted):
            raise S3Error(
                400, "InvalidRequest", f"Checksum Type mismatch occurred, expected: {upload.algorithm}"
            )
        etag = self._etag(call.md5.hex())
        upload.parts[number] = Part(
            number, len(call.body), etag, call.md5, call.now, call.checksum, call.body
        )
        return Answer(200, [("ETag", etag), *encryption(upload.fields), *checksum_fields(call.checksum)])

    def complete_upload(self, call: Call) -> Answer:
        bucket, upload = self._bucket(call), self._upload(call)
        parts = self._wanted_parts(call, upload)
        self._check_write(call, bucket.objects.get(call.key))
        if self.vices.complete == "error":
            error = S3Error(200, "InternalError", "We encountered an internal error. Please try again.")
            return Answer(
                200, [("Content-Type", "application/xml")], error.xml(f"/{call.bucket}/{call.key}", "0" * 16)
            )
        etag = self._etag(hashlib.md5(b"".join(part.md5 for part in parts)).hexdigest(), f"-{len(parts)}")
        checksum = composite(upload.algorithm, parts)
        body = Body(tuple(piece for part in parts for piece in part.body.slices))
        self._store(
            bucket,
            call,
            Object(call.key, len(body), etag, call.now, upload.fields, checksum, upload.storage_class, body),
        )
        del bucket.uploads[upload.id]
        facts = [
            element("Location", f"/{call.bucket}/{call.key}"),
            element("Bucket", call.bucket),
            element("Key", call.key),
            element("ETag", etag),
        ]
        if checksum:
            facts += [
                element(f"Checksum{upload.algorithm}", checksum[1]),
                element("ChecksumType", "COMPOSITE"),
            ]
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
                raise S3Error(
                    400,
                    "InvalidPart",
                    "A part was not found, or its ETag is another.",
                    UploadId=upload.id,
                    PartNumber=str(number),
                    ETag=etag,
                )
            if (
                upload.algorithm
                and checksums.get(f"Checksum{upload.algorithm}") != (part.checksum or ("", ""))[1]
            ):
                raise S3Error(
                    400,
                    "InvalidPart",
                    f"The {upload.algorithm} checksum of part {number} is missing or wrong.",
                )
            parts.append(part)
        for part in parts[:-1]:
            if part.size < self.least_part:
                raise S3Error(
                    400,
                    "EntityTooSmall",
                    "Your proposed upload is smaller than the minimum allowed size",
                    PartNumber=str(part.number),
                    ProposedSize=str(part.size),
                    MinSizeAllowed=str(self.least_part),
                )
        return parts

    def abort_upload(self, call: Call) -> Answer:
        del self._bucket(call).uploads[self._upload(call).id]
        return Answer(204)


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
