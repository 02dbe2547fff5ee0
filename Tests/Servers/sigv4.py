# SPDX-License-Identifier: Apache-2.0
"""Signature version 4 as S3 has it in the Authorization header: signing, and a check that is strict."""

import calendar
import hashlib
import hmac
import re
import time
import urllib.parse
from dataclasses import dataclass

from answers import S3Error
from http1 import Head

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW = 15 * 60
AUTHORIZATION = re.compile(
    ALGORITHM + r" Credential=([^,/]+)/(\d{8})/([^,/]+)/([^,/]+)/aws4_request,\s*"
    r"SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})"
)


@dataclass(frozen=True)
class Account:
    """Who may do everything. `expires` is in seconds since 1970 by the clock of the server."""

    access_key: str
    secret_key: str
    session_token: str | None = None
    expires: float | None = None


def encoded(data: bytes, safe: str = "") -> str:
    return urllib.parse.quote_from_bytes(data, safe=safe + "-_.~")


def decoded(text: str) -> bytes:
    return urllib.parse.unquote_to_bytes(text.encode("latin-1"))


def canonical_request(
    method: str, target: str, fields: list[tuple[str, str]], signed: list[str], payload: str
) -> str:
    """The canonical request; path and query are decoded and encoded once, and nothing is normalised."""
    path, _, query = target.partition("?")
    pairs = []
    for item in filter(None, query.split("&")):
        name, _, value = item.partition("=")
        pairs.append(tuple(encoded(decoded(part.replace("+", " "))) for part in (name, value)))
    lines = [
        method,
        encoded(decoded(path), "/"),
        "&".join(f"{name}={value}" for name, value in sorted(pairs)),
    ]
    for wanted in signed:
        values = [" ".join(value.split()) for name, value in fields if name.lower() == wanted]
        lines.append(f"{wanted}:{','.join(values)}")
    return "\n".join([*lines, "", ";".join(signed), payload])


def string_to_sign(canonical: str, moment: str, scope: str) -> str:
    return "\n".join([ALGORITHM, moment, scope, hashlib.sha256(canonical.encode("latin-1")).hexdigest()])


def signature(secret: str, scope: str, text: str) -> str:
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def sign(
    account: Account,
    region: str,
    method: str,
    target: str,
    fields: list[tuple[str, str]],
    payload: str,
    now: float,
) -> list[tuple[str, str]]:
    """`fields`, which must hold Host, with those of a signature at `now` added; all of them are signed."""
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    fields = [*fields, ("x-amz-date", moment), ("x-amz-content-sha256", payload)]
    if account.session_token:
        fields.append(("x-amz-security-token", account.session_token))
    signed = sorted({name.lower() for name, _ in fields})
    text = string_to_sign(canonical_request(method, target, fields, signed, payload), moment, scope)
    made = signature(account.secret_key, scope, text)
    credential = (
        f"Credential={account.access_key}/{scope}, SignedHeaders={';'.join(signed)}, Signature={made}"
    )
    return [*fields, ("Authorization", f"{ALGORITHM} {credential}")]


def check(head: Head, accounts: dict[str, Account], region: str, now: float) -> Account:
    """The account that signed this request, else the error that S3 answers."""
    header = head.get("authorization")
    if header is None:
        raise S3Error(403, "AccessDenied", "Access Denied")
    if not header.startswith(ALGORITHM):
        raise S3Error(400, "InvalidRequest", f"Only {ALGORITHM} is supported")
    match = AUTHORIZATION.fullmatch(header)
    if not match:
        raise S3Error(400, "AuthorizationHeaderMalformed", "The authorization header is malformed")
    key, date, named_region, service, names, given = match.groups()
    if named_region != region:
        text = f"the region '{named_region}' is wrong; expecting '{region}'"
        raise S3Error(400, "AuthorizationHeaderMalformed", text, Region=region)
    if service != "s3":
        raise S3Error(400, "AuthorizationHeaderMalformed", f"incorrect service '{service}'; expecting 's3'")
    account = accounts.get(key)
    if account is None:
        raise S3Error(403, "InvalidAccessKeyId", "The access key is not known here", AWSAccessKeyId=key)
    moment = _check_time(head, date, now)
    signed = names.split(";")
    _check_signed(head, signed)
    _check_token(head, account, now)
    payload = head.get("x-amz-content-sha256")
    if payload is None:
        raise S3Error(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
    canonical = canonical_request(*head.request_line(), head.fields, signed, payload)
    scope = f"{date}/{region}/s3/aws4_request"
    text = string_to_sign(canonical, moment, scope)
    if not hmac.compare_digest(signature(account.secret_key, scope, text), given):
        message = "The signature does not match; check the key and how the request is signed"
        raise S3Error(403, "SignatureDoesNotMatch", message, StringToSign=text, CanonicalRequest=canonical)
    return account


def _check_time(head: Head, date: str, now: float) -> str:
    moment = head.get("x-amz-date") or ""
    try:
        signed_at = calendar.timegm(time.strptime(moment, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise S3Error(403, "AccessDenied", "A valid x-amz-date header is required") from None
    if abs(signed_at - now) > SKEW:
        raise S3Error(
            403,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
            RequestTime=moment,
            ServerTime=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
            MaxAllowedSkewMilliseconds=str(SKEW * 1000),
        )
    if not moment.startswith(date):
        raise S3Error(403, "SignatureDoesNotMatch", "The dates of x-amz-date and of the credential differ")
    return moment


def _check_signed(head: Head, signed: list[str]) -> None:
    unsigned = [
        name.lower()
        for name, _ in head.fields
        if name.lower() not in signed and (name.lower() == "host" or name.lower().startswith("x-amz-"))
    ]
    if unsigned or "host" not in signed:
        text = "There were headers present in the request which were not signed"
        raise S3Error(403, "AccessDenied", text, HeadersNotSigned=", ".join(unsigned))
    if signed != sorted(set(signed)):
        raise S3Error(400, "AuthorizationHeaderMalformed", "SignedHeaders is not in order")


def _check_token(head: Head, account: Account, now: float) -> None:
    token = head.get("x-amz-security-token")
    if account.session_token is None and token is None:
        return
    if token is None or token != account.session_token:
        raise S3Error(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
    if account.expires is not None and now >= account.expires:
        raise S3Error(400, "ExpiredToken", "The provided token has expired.")
