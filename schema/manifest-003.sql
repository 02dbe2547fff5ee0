-- SPDX-License-Identifier: Apache-2.0
-- Version 3: which packs a registry is known to hold, so that a server need not be asked for each.

-- A pack that a version of the registry's log needs, or that this clone has sent. The log says where a collection has
-- removed one.
CREATE TABLE present (
    registry BLOB NOT NULL,
    pack BLOB NOT NULL,
    PRIMARY KEY (registry, pack)
) STRICT, WITHOUT ROWID;

CREATE INDEX version_manifest ON version (manifest);
