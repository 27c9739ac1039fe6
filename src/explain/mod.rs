//! Why somebody may do a thing, or may not (Q1, Q2).
//!
//! [`Engine::explain`](crate::Engine::explain) answers with an [`Explanation`]: the decision that a
//! check gives, and behind it
//!
//! - of an allow, a [`Graph`] of everything that led to each permission, from the subject over
//!   packages, roles and inheritance to the grant or setting as written; how the scope reaches the
//!   owner of the record, position by position; who lends it (S6);
//! - of a denial, every [`Cause`], down to the root: what none of the subject's roles grants, which
//!   roles and packages would bring it, what denies it, which features are off, how the positions lie
//!   to each other, which conditions fail and on what.
//!
//! [`Engine::remedies`](crate::Engine::remedies) tells what would turn a denial into an allow.
//!
//! A `Display` of all this is made to be read aloud; the serialized form is for screens. Codes and
//! fields are stable, sentences are not.

mod cause;
mod conditions;
mod derivations;
mod diagnosis;
mod graph;
mod reach;
mod remedies;
mod sources;
mod text;

pub use cause::{Cause, FailedCondition, HeldRole, RequestPart, Seen, Wanted};
pub use derivations::{Derivation, Derivations};
pub use graph::{Edge, Graph, Node};
pub use reach::{Reach, Relation};
pub use remedies::{
    Makers, Mend, NoRemedy, Opened, Remedies, Remedy, RemedyEffect, RemedyOptions, TokenEffect,
};

pub(crate) use diagnosis::explanation;

use foldhash::HashSet;
use serde::{Serialize, Serializer};
use std::fmt;

use crate::Scope;
use crate::decision::Decision;
use crate::document::problem::{named, shortened};

/// Why a request is allowed or denied; made by [`Engine::explain`](crate::Engine::explain).
///
/// Owned: it may be kept and sent elsewhere. It speaks of the engine that made it, whose revision its
/// decision carries.
#[derive(Debug, Clone, Serialize)]
#[must_use]
pub struct Explanation {
    #[serde(serialize_with = "decided")]
    decision: Decision,
    subject: Subject,
    operation: Asked,
    #[serde(skip_serializing_if = "Option::is_none")]
    reach: Option<Reach>,
    obstacles: Vec<Cause>,
    operation_causes: Vec<Cause>,
    pairs: Vec<PairFinding>,
    permissions: Vec<PermissionFinding>,
    grants: Graph,
    denies: Graph,
}

/// Who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Subject {
    /// What kind of subject.
    pub kind: Asker,
    /// Their id, where they have one.
    pub id: Option<String>,
    /// The roles that a token brings, or the role that stands for itself.
    pub brings: Vec<Named>,
}

/// What kind of subject asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Asker {
    /// A user of the directory.
    User,
    /// A bearer of a token.
    Token,
    /// A role standing for itself.
    Role,
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Asked {
    /// `type:action`; as far as the request names them, where there is no such operation.
    pub id: String,
    /// What a person reads.
    pub label: Option<String>,
    /// The id of the record.
    pub record: Option<String>,
}

/// How one pair of a permission and the operation came out (D9).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PairFinding {
    /// The permission; `None` where the operation is open to everybody.
    pub permission: Option<Named>,
    /// `allowed`, or the code of the pair's denial (D17).
    pub code: &'static str,
    /// How far it reaches, after prerequisites and lending; `None` where it is not effective.
    pub scope: Option<Scope>,
    /// Who lends it (S6); none of a pair that nobody needs to lend.
    pub lent: Option<Lent>,
    /// Of a denial, what the pair itself lacks; its permission's causes are told with that.
    pub causes: Vec<Cause>,
}

/// Who lends a pair: people below who have it at `all` (S6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Lent {
    /// The first of them, in the order of the directory; at most [`Lent::NAMED`].
    pub by: Vec<Lender>,
    /// How many there are.
    pub count: usize,
}

impl Lent {
    /// How many lenders are named.
    pub const NAMED: usize = 10;
}

/// Somebody below who lends (S6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Lender {
    /// The user.
    pub user: String,
    /// Their position.
    pub position: Named,
}

/// What is known of a permission: of a pair, or a prerequisite.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PermissionFinding {
    /// The permission.
    pub permission: Named,
    /// The widest scope that the subject's roles grant (D3).
    pub granted: Option<Scope>,
    /// Its own prerequisites (D7), as the catalog writes them.
    pub requires: Vec<String>,
    /// Why it is not effective, or not wide enough; empty where it is.
    pub causes: Vec<Cause>,
}

/// Something with an id, and the name that a person reads where it has one.
///
/// Its `Display` is both: `` `editor` (Editor) ``.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Named {
    /// The id; of a permission, its path.
    pub id: String,
    /// The name; of a permission, its label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Named {
    pub(crate) fn new(id: &str, name: Option<&str>) -> Named {
        Named {
            id: id.to_owned(),
            name: name.map(str::to_owned),
        }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&named(&self.id))?;
        match &self.name {
            Some(name) => write!(f, " ({})", shortened(name)),
            None => Ok(()),
        }
    }
}

impl Explanation {
    /// The decision: what a check gives for the same request.
    pub const fn decision(&self) -> Decision {
        self.decision
    }

    /// Who asked.
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// What was asked.
    pub const fn operation(&self) -> &Asked {
        &self.operation
    }

    /// How the subject lies to the owner of the record; `None` of an operation on the type, and where
    /// the request got no further than its names.
    pub const fn reach(&self) -> Option<&Reach> {
        self.reach.as_ref()
    }

    /// Each pair of the operation, in catalog order; none where the request got no further than its
    /// names.
    pub fn pairs(&self) -> &[PairFinding] {
        &self.pairs
    }

    /// The permissions that matter. Of an allow, those of the pairs that allow and all their
    /// prerequisites; of a denial, those of every pair, and every prerequisite that is not effective.
    pub fn permissions(&self) -> &[PermissionFinding] {
        &self.permissions
    }

    /// What is known of one of the [permissions](Explanation::permissions).
    pub fn permission(&self, path: &str) -> Option<&PermissionFinding> {
        self.permissions.iter().find(|it| it.permission.id == path)
    }

    /// Everything that is missing: what denies before any pair, what the operation lacks whatever the
    /// permission, and what each pair and each permission lacks. Of an allow, nothing.
    ///
    /// A missing prerequisite is a cause of what needs it, and its own causes come with it.
    /// [`direct_causes`](Explanation::direct_causes) leaves these out; [`Cause::is_root`] tells what to mend.
    pub fn causes(&self) -> impl Iterator<Item = &Cause> {
        self.outright_causes()
            .chain(self.permissions.iter().flat_map(|it| &it.causes))
    }

    /// The causes at first hand: what denies before any pair, what the operation lacks, and what each pair and its
    /// own permission lack; not what is missing behind a prerequisite or a permission that narrows. The
    /// [reason](crate::Decision::reason) of a check is always one of them.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Engine, OnType, Timestamp, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [{ path = "orders" }, { path = "refunds", requires = ["orders"] }]
    /// #     types = [{ id = "order" }]
    /// #     operations = [{ type = "order", action = "refund", on = "type", allowed_by = ["refunds"] }]
    /// # "#), Warnings::Refuse)?;
    /// # let policy = PolicyDocument {
    /// #     roles: vec![RoleDocument::new("cashier").grant("refunds")],
    /// #     ..PolicyDocument::new(1)
    /// # };
    /// # let users = DirectoryDocument::new([UserDocument::new("ann").role("cashier")]);
    /// # let engine = Engine::new(&catalog, policy, users, Timestamp(0), Warnings::Into(&mut Vec::new()))?;
    /// // Refunds need orders, which no role of Ann's grants.
    /// let why = engine.explain("ann", "refund", &OnType::named("order"));
    /// let direct: Vec<&str> = why.direct_causes().map(|cause| cause.code()).collect();
    /// let roots: Vec<&str> = why.causes().filter(|it| it.is_root()).map(|it| it.code()).collect();
    /// assert_eq!((direct, roots), (vec!["prerequisite_missing"], vec!["not_granted"]));
    /// # Ok::<(), bailiwick::Problems>(())
    /// ```
    pub fn direct_causes(&self) -> impl Iterator<Item = &Cause> {
        let of_pairs: HashSet<&str> = self
            .pairs
            .iter()
            .filter_map(|pair| Some(pair.permission.as_ref()?.id.as_str()))
            .collect();
        let own = self.permissions.iter();
        let own = own.filter(move |it| of_pairs.contains(it.permission.id.as_str()));
        self.outright_causes().chain(own.flat_map(|it| &it.causes))
    }

    /// What denies before any pair, and what the operation and each pair lack themselves.
    fn outright_causes(&self) -> impl Iterator<Item = &Cause> {
        let of_pairs = self.pairs.iter().flat_map(|pair| &pair.causes);
        let obstacles = self.obstacles.iter();
        obstacles.chain(&self.operation_causes).chain(of_pairs)
    }

    /// Everything by which the subject is granted the [permissions](Explanation::permissions).
    pub const fn grants(&self) -> &Graph {
        &self.grants
    }

    /// Everything by which the subject is denied any of them.
    pub const fn denies(&self) -> &Graph {
        &self.denies
    }

    /// Every way in which a permission came to the subject, shortest first; one after the other, as
    /// they are asked for, however many there are.
    pub fn derivations(&self, permission: &str) -> Derivations<'_> {
        self.grants.derivations(permission)
    }

    /// Every way in which a deny of a permission came to the subject, as
    /// [`derivations`](Explanation::derivations).
    pub fn denials(&self, permission: &str) -> Derivations<'_> {
        self.denies.derivations(permission)
    }
}

/// The decision in stable words.
fn decided<S: Serializer>(decision: &Decision, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Words {
        allowed: bool,
        code: &'static str,
        scope: Option<Scope>,
        revision: u64,
    }
    Words {
        allowed: decision.is_allow(),
        code: decision.code(),
        scope: decision.scope(),
        revision: decision.revision(),
    }
    .serialize(serializer)
}
