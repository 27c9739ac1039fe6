//! Nothing: the tests are those of `tests/sql`. `tests/sqlite/run` runs them.
