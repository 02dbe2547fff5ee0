-- SPDX-License-Identifier: Apache-2.0
-- Version 5: pins, runs, what was measured, and aliases.

CREATE TABLE pin (
    id BLOB PRIMARY KEY,
    record INTEGER NOT NULL,
    commit_id TEXT NOT NULL,
    -- The canonical JSON.
    content TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX pin_commit ON pin (commit_id);

-- The manifests of trees that pins and runs bring with them, beside those of versions.
CREATE TABLE kept_tree (
    record INTEGER NOT NULL,
    digest BLOB NOT NULL,
    manifest BLOB NOT NULL,
    PRIMARY KEY (record, digest)
) STRICT, WITHOUT ROWID;

-- The newest attempt of each run.
CREATE TABLE run (
    id BLOB PRIMARY KEY,
    attempt INTEGER NOT NULL,
    pin BLOB NOT NULL,
    status TEXT NOT NULL,
    -- NULL where nobody knows how the command ended.
    exit INTEGER,
    started TEXT NOT NULL,
    ended TEXT NOT NULL,
    archive BLOB NOT NULL,
    metrics TEXT NOT NULL,
    -- The run that it repeats.
    original BLOB,
    -- What the engine that started it calls it.
    job TEXT,
    record INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX run_record ON run (record);

CREATE INDEX run_pin ON run (pin);

CREATE INDEX run_job ON run (job) WHERE job IS NOT NULL;

-- What the newest attempt of each run has written.
CREATE TABLE run_output (
    run BLOB NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX run_output_version ON run_output (name, version);

-- What runs of each pin read.
CREATE TABLE pin_artifact (
    pin BLOB NOT NULL,
    name TEXT NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (pin, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX pin_artifact_digest ON pin_artifact (name, digest);

-- The newest statement on each version.
CREATE TABLE measure (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    metrics TEXT NOT NULL,
    record INTEGER NOT NULL,
    PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE promotion (
    name TEXT NOT NULL,
    alias TEXT NOT NULL,
    record INTEGER NOT NULL,
    position INTEGER NOT NULL,
    former INTEGER,
    version INTEGER NOT NULL,
    -- JSON; NULL for none.
    gate TEXT,
    reason TEXT,
    rollback INTEGER NOT NULL,
    PRIMARY KEY (name, alias, record, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX promotion_record ON promotion (record, position);

-- The log is folded anew: it may hold records that an earlier version could not read.
DELETE FROM fold;
