-- The manifest database, version 1: the registry's log made queryable, and what this clone knows of its own files.
-- Everything here can be lost: the log, the store and the working tree give it back.
-- Digests and names of packs, projects and registries are raw bytes; times are nanoseconds since 1970.

-- How far the log is folded into the tables below; at most one row.
CREATE TABLE fold (
    registry BLOB NOT NULL,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;

-- The newest record ever seen of each registry: a registry that lacks it was rolled back.
CREATE TABLE seen (
    registry BLOB PRIMARY KEY,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE record (
    number INTEGER PRIMARY KEY,
    id BLOB,
    project BLOB,
    author TEXT NOT NULL,
    time TEXT NOT NULL,
    -- Why the record changes nothing; NULL where it was applied.
    void TEXT
) STRICT;

CREATE TABLE operation (
    record INTEGER NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT,
    version INTEGER,
    digest BLOB,
    commit_id TEXT,
    PRIMARY KEY (record, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX operation_name ON operation (name, record) WHERE name IS NOT NULL;

CREATE TABLE artifact (
    name TEXT PRIMARY KEY,
    -- The project that made the first version; NULL for none.
    maker BLOB,
    newest INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE version (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    digest BLOB NOT NULL,
    type TEXT NOT NULL,
    manifest BLOB NOT NULL,
    bytes INTEGER NOT NULL,
    files INTEGER NOT NULL,
    message TEXT,
    record INTEGER NOT NULL,
    PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;

CREATE INDEX version_digest ON version (name, digest);

CREATE TABLE artifact_set (
    digest BLOB PRIMARY KEY,
    -- The canonical lock.
    lock BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE binding (
    project BLOB NOT NULL,
    commit_id TEXT NOT NULL,
    artifact_set BLOB NOT NULL,
    record INTEGER NOT NULL,
    PRIMARY KEY (project, commit_id)
) STRICT, WITHOUT ROWID;

-- Packs and manifests that a collection removed or is about to remove.
CREATE TABLE deleted (
    object BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE worktree (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL UNIQUE
) STRICT;

-- How each file looked when it was last read, so that it need not be read again, and what reg itself last added or
-- wrote at its path: a file with another hash holds somebody's changes.
CREATE TABLE file (
    worktree INTEGER NOT NULL,
    path BLOB NOT NULL,
    size INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    hash BLOB NOT NULL,
    own BLOB,
    PRIMARY KEY (worktree, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE pack (
    id INTEGER PRIMARY KEY,
    name BLOB NOT NULL UNIQUE,
    bytes INTEGER NOT NULL
) STRICT;

-- Chunks known to lie in a pack of the store or of the registry: what need not be stored again.
CREATE TABLE chunk (
    id BLOB PRIMARY KEY,
    pack INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    raw INTEGER NOT NULL,
    codec INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Manifests whose chunks are in the table above.
CREATE TABLE indexed (
    manifest BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;
