CREATE TABLE accounts (
    number INTEGER PRIMARY KEY,
    account TEXT NOT NULL UNIQUE, -- '' where the catalog serves one: no identifier is empty
    began INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    digest BLOB NOT NULL
) STRICT;
CREATE TABLE records (
    account INTEGER NOT NULL REFERENCES accounts,
    revision INTEGER NOT NULL,
    digest BLOB NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (account, revision)
) STRICT, WITHOUT ROWID;
CREATE TABLE snapshots (
    account INTEGER NOT NULL REFERENCES accounts,
    revision INTEGER NOT NULL,
    digest BLOB NOT NULL,
    checksum BLOB NOT NULL,
    snapshot BLOB NOT NULL,
    UNIQUE (account, revision)
) STRICT;
CREATE TABLE catalogs (
    digest BLOB PRIMARY KEY,
    document BLOB NOT NULL
) STRICT, WITHOUT ROWID;
