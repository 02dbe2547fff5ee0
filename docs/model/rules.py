# SPDX-License-Identifier: Apache-2.0
"""The rules that keep a registry whole, each of which can be dropped to see what it is for."""
from typing import NamedTuple


class Rules(NamedTuple):
    """Which rules hold. README.md says which code keeps each of them."""

    check_again: bool = True  # a writer that lost its number checks its preconditions again
    check_manifest: bool = True  # among them: the manifest, not only the packs, is not deleted
    mark_again: bool = True  # gc marks against the very tail that its record follows
    record_first: bool = True  # gc removes bytes only once its record is in the log
    ask_before_removing: bool = True  # that includes a record that gc had no answer for
    fresh_names: bool = True  # what a gc-delete named is uploaded again under a new name only
    settle_same_number: bool = True  # a record without an answer is settled where it was sent, as it was sent
    no_blind_number: bool = True  # nobody writes a number before the one below was read
    journal_first: bool = True  # a record is in the journal before it is sent
    create_only: bool = True  # a record never replaces another
    fresh_manifests: bool = True  # a manifest object has an id of its own and is never written over

    def without(self, *rules: str) -> "Rules":
        return self._replace(**dict.fromkeys(rules, False))


ALL = Rules()
