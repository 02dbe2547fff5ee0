# SPDX-License-Identifier: Apache-2.0
"""The bad habits of servers, to be switched on one by one."""

import re
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from answers import S3Error
from control import Refused


@dataclass
class Refusal:
    """Answers `status` and `code` to requests whose method and key match, at most `count` times."""

    method: str = ".*"
    key: str = ".*"
    status: int = 403
    code: str = "AccessDenied"
    count: int | None = None
    # Only requests with If-Match or If-None-Match.
    conditional: bool = False

    def meets(self, method: str, key: str, conditional: bool) -> bool:
        fits = re.fullmatch(self.method, method) and re.search(self.key, key)
        return bool(fits) and self.count != 0 and (conditional or not self.conditional)


@dataclass
class Vices:
    """All off at the start. Seconds are counted by the server's clock, which a test can move."""

    # Conditions are ignored in requests of these methods (["PUT", "POST", "DELETE"]): last writer wins.
    ignore_conditions: list[str] = field(default_factory=list)
    # LIST, GET and HEAD show what was so many seconds ago.
    stale_list: float = 0
    stale_read: float = 0
    # Last-Modified is so many seconds behind.
    stale_last_modified: float = 0
    # A range is answered by: "ignore" 200 and all of it; "wrong" another Content-Range; "longer" or
    # "shorter" by a byte than asked.
    range: str = ""
    # The status of If-Match on a key that is missing: 404 (AWS) or 412 (Ceph).
    missing_if_match: int = 404
    # If-Match only works without the quotes of the ETag (Ceph 16).
    unquoted_if_match: bool = False
    # CompleteMultipartUpload: "error" says 200 with an <Error> and does nothing; "space" begins with blanks.
    complete: str = ""
    # 403 in place of 404 for what is missing, as without the right to list.
    hide_missing: bool = False
    # LIST says that it is truncated and gives no token.
    drop_token: bool = False
    # No page of a list is longer.
    page_limit: int = 1000
    # ETags: "random", "md5" (as AWS), or random ones shown "weak", "unquoted" or with a "suffix".
    etags: str = "random"
    refuse: list[Refusal] = field(default_factory=list)

    CHOICES = {
        "range": ("", "ignore", "wrong", "longer", "shorter"),
        "complete": ("", "error", "space"),
        "etags": ("random", "md5", "weak", "unquoted", "suffix"),
    }

    def change(self, wishes: dict[str, Any]) -> None:
        """Sets what is named, and nothing else. Raises Refused."""
        known = {one.name: one.type for one in fields(self)}
        for name, value in wishes.items():
            if name not in known:
                raise Refused(f"no vice {name}; there are: {', '.join(known)}")
            if value not in self.CHOICES.get(name, (value,)):
                raise Refused(f"{name} is one of {self.CHOICES[name]}")
        for name, value in wishes.items():
            setattr(self, name, [Refusal(**rule) for rule in value] if name == "refuse" else value)

    def refusal(self, method: str, key: str, conditional: bool) -> S3Error | None:
        """The error that a rule wants for this request; counts it. The caller holds the lock."""
        for rule in self.refuse:
            if rule.meets(method, key, conditional):
                if rule.count is not None:
                    rule.count -= 1
                return S3Error(rule.status, rule.code, f"refused by rule: {rule.code}")
        return None

    def shown(self) -> dict[str, Any]:
        return asdict(self)
