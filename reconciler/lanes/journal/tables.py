"""The journal's tables, written once, for SQLite; PostgreSQL has the same."""

VERSION = 4
"""Of the tables. What was written with another version is refused."""

# A request names its targets in one row, `named`: that is all that is written before it leaves.
# Once it is over, whatever came of it, each of them has its number at the end of `requests`; twice,
# if somebody gave it up and its answer came late.
TABLES = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE traces(scope TEXT PRIMARY KEY, since REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE scopes(definition TEXT PRIMARY KEY, scope TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE plans(digest TEXT PRIMARY KEY, first_applied REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE runs(
  number INTEGER PRIMARY KEY, plan TEXT, kind TEXT NOT NULL, started REAL NOT NULL, ended REAL,
  exit_code INTEGER, holder TEXT NOT NULL, waived TEXT NOT NULL, reviewed TEXT);
CREATE TABLE stops(
  run INTEGER NOT NULL, scope TEXT NOT NULL, said TEXT NOT NULL, PRIMARY KEY(run, scope)
) WITHOUT ROWID;
CREATE TABLE lanes(
  lane TEXT PRIMARY KEY, epoch INTEGER NOT NULL, run INTEGER NOT NULL, paused_at REAL,
  paused_until REAL
) WITHOUT ROWID;
CREATE TABLE requests(
  number INTEGER PRIMARY KEY, run INTEGER NOT NULL, lane TEXT NOT NULL, account TEXT NOT NULL,
  scope TEXT NOT NULL, kind TEXT NOT NULL, method TEXT NOT NULL, url TEXT NOT NULL,
  at REAL NOT NULL, answered REAL, status INTEGER, verdict TEXT, detail TEXT, vendor_id TEXT,
  sent INTEGER NOT NULL DEFAULT 1, named TEXT);
CREATE INDEX requests_open ON requests(lane) WHERE answered IS NULL;
CREATE INDEX requests_recent ON requests(lane, at);
CREATE TABLE targets(
  scope TEXT NOT NULL, id TEXT NOT NULL, part TEXT NOT NULL, account TEXT NOT NULL,
  outcome TEXT, detail TEXT, evidence TEXT, at REAL, plan TEXT, asked TEXT, inventory TEXT,
  sends INTEGER NOT NULL DEFAULT 0, doubts INTEGER NOT NULL DEFAULT 0, last_byte_at REAL,
  seen_at REAL, cleared INTEGER NOT NULL DEFAULT 0, copy TEXT,
  requests TEXT NOT NULL DEFAULT '', PRIMARY KEY(scope, id, part));
CREATE INDEX targets_doubt ON targets(scope) WHERE outcome = 'in-doubt';
CREATE INDEX targets_account ON targets(account, scope);
CREATE INDEX targets_deleted ON targets(scope, at) WHERE outcome = 'deleted';
CREATE TABLE audit(entry INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL);
"""


def in_postgres() -> str:
    """The same tables as PostgreSQL has them."""
    text = TABLES
    for ours, theirs in (
        ("INTEGER PRIMARY KEY AUTOINCREMENT", "INTEGER PRIMARY KEY"),
        ("INTEGER PRIMARY KEY", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
        (" INTEGER", " BIGINT"),
        (" REAL", " DOUBLE PRECISION"),
        (" TEXT", ' TEXT COLLATE "C"'),  # in the same order as there
        (" WITHOUT ROWID", ""),
    ):
        text = text.replace(ours, theirs)
    return text
