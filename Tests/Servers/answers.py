# SPDX-License-Identifier: Apache-2.0
"""The answers of S3: errors, and the XML it writes."""

import email.utils
import re
import time
from dataclasses import dataclass, field

XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}


class S3Error(Exception):
    """An error answer; `details` become elements beside Code and Message."""

    def __init__(self, status: int, code: str, message: str, **details: str):
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message, self.details = status, code, message, details
        self.fields: list[tuple[str, str]] = []

    def xml(self, resource: str, request_id: str) -> bytes:
        facts = {"Code": self.code, "Message": self.message, **self.details}
        facts |= {"Resource": resource, "RequestId": request_id, "HostId": request_id[::-1]}
        return (
            DECLARATION + element("Error", *(element(name, value) for name, value in facts.items()))
        ).encode()


@dataclass
class Answer:
    """What goes back to the client. `body` is bytes, or the slice of an object as a `Body`."""

    status: int = 200
    fields: list[tuple[str, str]] = field(default_factory=list)
    body: object = b""

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.fields if key.lower() == name), None)


class Markup(str):
    """Text that is XML already."""


def element(name: str, *content: str | int, **attributes: str) -> Markup:
    """One element; what of the content is not Markup is text and gets escaped."""
    inside = "".join(part if isinstance(part, Markup) else escaped(str(part)) for part in content)
    opening = name + "".join(f' {key}="{value}"' for key, value in attributes.items())
    return Markup(f"<{opening}>{inside}</{name}>")


def escaped(text: str) -> str:
    text = re.sub('[&<>"\r]', lambda match: ESCAPES[match[0]], text)
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", lambda match: f"&#x{ord(match[0]):X};", text)


def document(name: str, *content: str) -> bytes:
    return (DECLARATION + element(name, *content, xmlns=XMLNS)).encode()


def http_date(moment: float) -> str:
    return email.utils.formatdate(moment, usegmt=True)


def iso_date(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(moment))
