-- SPDX-License-Identifier: Apache-2.0
-- Version 6: where this clone has seen registries.

-- A place that had a registry and has none now is more likely not mounted than meant for a new one.
CREATE TABLE place (
    location TEXT PRIMARY KEY,
    registry BLOB NOT NULL
) STRICT, WITHOUT ROWID;
