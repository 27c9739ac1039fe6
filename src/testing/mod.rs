//! The test kit: a host tests its policy with what the crate tests its own fixtures with.
//!
//! Three things, each to be run in an ordinary `#[test]`:
//!
//! - **Decision tables.** A [`Decisions`] document says, operation by operation and subject by
//!   subject, what the answer is to be; [`DecisionTests`] asks. Every question is put by names, by
//!   handles and through `check_many`, and all must agree. See below for the format.
//! - **A golden matrix.** [`matrix`] shows role × operation as text, to be kept in a file and
//!   compared; a change to the policy is then reviewed as a diff. [`difference`] shows it when the
//!   comparison fails.
//! - **Coverage.** [`Outcome::require_coverage`] refuses operations that no table asks about, save
//!   those exempted by name, exemptions that have become stale, and accounts that nothing is asked of.
//!
//! ```
//! use bailiwick::{Catalog, Warnings, document::*, testing::{DecisionTests, Decisions}};
//! # let catalog = Catalog::new(CatalogDocument::from_toml("catalog.toml", r#"
//! #     format = 2
//! #     id = "shop"
//! #     version = 1
//! #     permissions = [{ path = "orders", scopes = ["own", "all"] }]
//! #     types = [{ id = "order" }]
//! #     operations = [
//! #         { type = "order", action = "list", on = "type", allowed_by = ["orders"] },
//! #         { type = "order", action = "cancel", on = "record", allowed_by = ["orders"] },
//! #     ]
//! # "#), Warnings::Refuse)?;
//! # let policy = PolicyDocument::from_toml("policy.toml", r#"
//! #     format = 2
//! #     catalog_version = 1
//! #     roles = [
//! #         { id = "seller", grants = [{ select = "orders", scope = "own" }] },
//! #         { id = "manager", grants = [{ select = "orders", scope = "all" }] },
//! #     ]
//! # "#);
//! # let directory = DirectoryDocument::from_toml("directory.toml", r#"
//! #     format = 2
//! #     users = [{ id = "ann", roles = ["seller"] }, { id = "max", roles = ["manager"] }]
//! # "#);
//! let decisions = Decisions::from_toml("decisions.toml", r#"
//!     format = 2
//!
//!     [[tables]]
//!     name = "orders"
//!     subjects = ["user:ann", "user:max", "role:seller"]
//!     record = { id = "1", owner = "max" }
//!     rows = [
//!       { ask = "order:list", answers = ["allow", "allow", "allow"] },
//!       { ask = "order:cancel", answers = ["out_of_scope", "allow", "out_of_scope"] },
//!       { ask = "order:cancel", record = { owner = "ann" }, answers = ["allow", "allow", "out_of_scope"] },
//!     ]
//!
//!     [[cases]]
//!     name = "a seller lists what is hers"
//!     subject = "user:ann"
//!     ask = "order:list"
//!     answer = "allow"
//!     permission = "orders"
//!     scope = "own"
//! "#);
//! let outcome = DecisionTests::new(&catalog).account(policy, directory).run(decisions)?;
//! assert_eq!(outcome.questions(), 10);
//! outcome.require()?;
//! outcome.require_coverage::<&str>([])?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The format
//!
//! A **table** has subjects as columns; each of its rows asks one question of all of them, with one
//! answer for each: `allow`, or the code of the denial.
//!
//! | field of a table | meaning |
//! |---|---|
//! | `name` | what it is called in a report; no two are called the same |
//! | `account` | the account whose engine is asked; may be left out where there is one |
//! | `features`, `settings` | replace those of the account's policy in this table |
//! | `subjects` | `"user:ann"`, `"role:editor"`; as tables `{ user, account }`, `{ role, id, position, properties, account }`, `{ token = { id, roles, position, properties }, account }` |
//! | `record` | the record asked about, `{ id, owner, owner_position, account, properties }`; an `owner_position` of `""` states that there is none; nothing of a record left out is stated |
//! | `context` | properties of the context |
//! | `rows` | the questions |
//!
//! A row asks in one of four ways, each with an operation as `type:action`:
//!
//! | field of a row | meaning |
//! |---|---|
//! | `ask` | `check`, of the record or, where the operation is declared so, of the type |
//! | `can_any` | `can_any`, of no record |
//! | `create` | `check_create`, with `record` as it will be |
//! | `change` | `check_change`, from `record` to `after` |
//! | `on` | `"record"` or `"type"`: asks the other way than the operation is declared; not beside `can_any` |
//! | `record`, `context` | replace the table's |
//! | `answers` | one for each subject |
//!
//! A **case** is one question of one `subject`, with the same fields, and `answer`. It may say more
//! of the decision: its `permission` (`""` for none), its `scope`, its `fact` (the feature, the
//! prerequisite or the property, as `resource.status`, that a denial is about) and its
//! `filtered_by`.
//!
//! Where the catalog serves many accounts, a subject, a record or a type that states no account has
//! the one asked: the table's or, without one, the record's, else the subject's; an account of `""`
//! states none. Where it serves one, none is stated unless written.
//!
//! Every name is checked: one that the account asked does not have is a problem of the document, with
//! its place and the nearest name. So is a property that the catalog does not declare, or that is not
//! of the declared type where no answer is `property_wrong_type` by the conditions that read it; one such
//! answer is about one property, and a case that has several states which as its `fact`. A property that
//! conditions read has a text that they compare it with, or that a property of one of the account's users has;
//! one that they compare with ids of users or records has one of the account's users, or of the records of
//! the same table or case. A record that rows take for two types has texts that both know. The id of a
//! record alone may be any: the host gives it.
//!
//! What is unknown on purpose is listed, once for the document:
//!
//! | field of `unknown` | meaning |
//! |---|---|
//! | `accounts` | accounts that are not tested |
//! | `users` | ids that the directory does not have: subjects, owners, and the ids of tokens |
//! | `roles`, `positions` | those that the account asked does not have |
//! | `operations` | as `type:action` |
//! | `values` | by property, as `resource.status`: texts that no condition compares it with |
//!
//! A name that is listed and known wherever it stands is a problem, too. So is whatever cannot count
//! for an answer: the owner of a record where the operation is asked on the type, an owner's position
//! without an owner, a record of a table that no row asks of, `on` beside `can_any`, and a second account of the same id.

mod ask;
mod check;
mod codes;
mod document;
mod matrix;
mod names;
mod outcome;
mod plan;
mod question;
mod read;
mod resolve;
mod run;
#[cfg(all(test, feature = "toml"))]
mod tests;
mod values;

pub use document::{
    Case, Decisions, RecordDocument, RoleSubject, Row, SubjectDocument, Table, TokenDocument,
    TokenSubject, UnknownDocument, UserSubject,
};
pub use matrix::{difference, matrix};
pub use outcome::{Failed, Mismatch, Outcome};
pub use question::{Asks, Question};
pub use run::DecisionTests;
