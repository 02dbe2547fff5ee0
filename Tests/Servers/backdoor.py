# SPDX-License-Identifier: Apache-2.0
"""The control port of the emulator: see s3emulator.py for what it takes."""

import base64
import hashlib
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

from control import Refused
from exchange import Emulator
from objects import Body, Bucket, Object
from sigv4 import Account
from vices import Vices


class BackDoor:
    """What the control port does."""

    def __init__(self, server: Emulator):
        self.server, self.store = server, server.store
        self.ports: dict[str, Any] = {}

    def routes(self) -> dict:
        server = self.server
        return {
            ("GET", "/"): self.overview,
            ("GET", "/clock"): self.clock,
            ("POST", "/clock"): self.clock,
            ("GET", "/history"): server.journal.since,
            ("DELETE", "/history"): server.journal.clear,
            ("GET", "/counts"): self.counts,
            ("GET", "/vices"): lambda *_: server.vices.shown(),
            ("POST", "/vices"): self.vices,
            ("DELETE", "/vices"): self.no_vices,
            ("GET", "/accounts"): lambda *_: sorted(server.accounts),
            ("POST", "/accounts"): self.add_account,
            ("DELETE", "/accounts"): self.remove_account,
            ("POST", "/objects"): self.objects,
        }

    def overview(self, *_: Any) -> dict[str, Any]:
        with self.store.lock:
            objects = [one for bucket in self.store.buckets.values() for one in bucket.objects.values()]
            return {
                **self.ports,
                "buckets": sorted(self.store.buckets),
                "objects": len(objects),
                "bytes": sum(one.size for one in objects),
            }

    def counts(self, *_: Any) -> dict[str, Any]:
        self.server.journal.settle()
        with self.store.lock:
            return dict(self.server.counts)

    def clock(self, _: dict[str, str], wish: Any) -> dict[str, float]:
        if wish:
            self.server.clock.change(wish)
        return {"now": self.server.clock.now(), "offset": self.server.clock.offset}

    def vices(self, _: dict[str, str], wishes: Any) -> dict[str, Any]:
        with self.store.lock:
            self.server.vices.change(wishes)
            return self.server.vices.shown()

    def no_vices(self, *_: Any) -> dict[str, Any]:
        return self.vices({}, Vices().shown())

    def add_account(self, _: dict[str, str], wish: Any) -> dict[str, Any]:
        account = Account(**wish)
        self.server.accounts[account.access_key] = account
        return {}

    def remove_account(self, _: dict[str, str], wish: Any) -> dict[str, Any]:
        del self.server.accounts[wish["access_key"]]
        return {}

    def objects(self, _: dict[str, str], wish: Any) -> Any:
        if wish.get("do") not in ("list", "get", "put", "delete", "corrupt", "age", "uploads"):
            raise Refused('"do" is one of list, get, put, delete, corrupt, age, uploads')
        with self.store.lock:
            return getattr(self, f"do_{wish['do']}")(self.store.buckets[wish["bucket"]], wish)

    def do_list(self, bucket: Bucket, wish: dict[str, Any]) -> list[dict[str, Any]]:
        found = [bucket.objects[key] for key in bucket.keys if key.startswith(wish.get("prefix", ""))]
        return [
            {
                "key": one.key,
                "size": one.size,
                "etag": one.etag,
                "modified": one.modified,
                "storage_class": one.storage_class,
                "sha256": digest_of(one.body),
            }
            for one in found
        ]

    def do_uploads(self, bucket: Bucket, _: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {
                "key": one.key,
                "upload": one.id,
                "started": one.started,
                "parts": sorted(one.parts),
                "bytes": sum(part.size for part in one.parts.values()),
            }
            for one in bucket.uploads.values()
        ]

    def do_get(self, bucket: Bucket, wish: dict[str, Any]) -> Any:
        body = bucket.objects[wish["key"]].body
        if "path" not in wish:
            return body.read()
        with open(wish["path"], "wb") as file:
            for blob, start, end in body.slices:
                for at in range(start, end, 1 << 20):
                    file.write(blob.read(at, min(end, at + (1 << 20))))
        return {}

    def do_put(self, bucket: Bucket, wish: dict[str, Any]) -> dict[str, Any]:
        data = (
            Path(wish["path"]).read_bytes()
            if "path" in wish
            else base64.b64decode(wish["data"], validate=True)
        )
        now = self.server.clock.now()
        etag = wish.get("etag", f'"{secrets.token_hex(16)}"')
        fields = (("content-type", "binary/octet-stream"),)
        made = Object(
            wish["key"],
            len(data),
            etag,
            wish.get("modified", now),
            fields,
            body=self.store.blobs.holding(data),
        )
        bucket.put(wish["key"], made, now, keep_bodies=False)
        return {"etag": etag}

    def do_delete(self, bucket: Bucket, wish: dict[str, Any]) -> dict[str, Any]:
        bucket.objects[wish["key"]]
        bucket.put(wish["key"], None, self.server.clock.now(), keep_bodies=False)
        return {}

    def do_age(self, bucket: Bucket, wish: dict[str, Any]) -> dict[str, Any]:
        found = bucket.objects[wish["key"]]
        bucket.objects[wish["key"]] = replace(found, modified=found.modified - wish["seconds"])
        return {}

    def do_corrupt(self, bucket: Bucket, wish: dict[str, Any]) -> dict[str, Any]:
        body = bucket.objects[wish["key"]].body
        if "swap" in wish:
            self.set_body(bucket, wish["key"], bucket.objects[wish["swap"]].body)
            self.set_body(bucket, wish["swap"], body)
            return {}
        if "flip" in wish:
            if not 0 <= wish["flip"] < len(body):
                raise Refused(f"there is no byte {wish['flip']}: the object has {len(body)}")
            body.flip(wish["flip"], wish.get("mask", 1))
        if "truncate" in wish:
            body = body.between(0, wish["truncate"])
        if "append" in wish:
            body = body + self.store.blobs.holding(base64.b64decode(wish["append"], validate=True))
        self.set_body(bucket, wish["key"], body)
        return {}

    def set_body(self, bucket: Bucket, key: str, body: Body) -> None:
        bucket.objects[key] = replace(bucket.objects[key], body=body, size=len(body))


def digest_of(body: Body) -> str:
    digest = hashlib.sha256()
    for blob, start, end in body.slices:
        for at in range(start, end, 1 << 20):
            digest.update(blob.read(at, min(end, at + (1 << 20))))
    return digest.hexdigest()
