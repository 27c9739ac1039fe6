//! Why a transaction was refused, with the facts that a screen needs (A2 to A5).

use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::document::problem::{holders, quoted, suggestion};
use crate::document::{ChangeKind, Problems};
use crate::{Scope, Timestamp};

/// A transaction that was refused: nothing of it took effect.
///
/// ```
/// # use bailiwick::{Catalog, Engine, Timestamp, Warnings, document::*};
/// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
/// #     format = 2
/// #     id = "shop"
/// #     version = 1
/// #     permissions = [{ path = "orders" }]
/// # "#), Warnings::Refuse)?;
/// # let mut policy = PolicyDocument::new(1);
/// # policy.roles.push(RoleDocument::new("seller").grant("orders"));
/// # let users = DirectoryDocument::new([UserDocument::new("ann").role("seller"), UserDocument::new("bob")]);
/// # let engine = Engine::new(&catalog, policy, users, Timestamp(0), Warnings::Refuse)?;
/// use bailiwick::admin::{Actor, Change, RefusalKind};
/// let changes = ["bob", "ann"].map(|user| Change::assign_role(user, "seller"));
/// let refused = engine.apply(&Actor::System, Timestamp(0), &changes).unwrap_err();
/// assert_eq!(refused.change, 1);
/// assert_eq!(refused.what(), Some("assign role `seller` to `ann`"));
/// assert_eq!(refused.reason.kind(), RefusalKind::State);
/// assert_eq!(
///     refused.to_string(),
///     "change 2 (assign role `seller` to `ann`): it is so already"
/// );
/// # Ok::<(), bailiwick::Problems>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}{}", which(*change, about), that_works(about))]
#[non_exhaustive]
pub struct Refused {
    /// The change that was refused, counted from 0.
    pub change: usize,
    /// Why.
    pub reason: Refusal,
    /// Boxed, so that errors stay small.
    pub(super) about: Box<About>,
}

/// What else is known of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct About {
    /// The change in words; `None` where the transaction was refused as a whole.
    pub(super) what: Option<String>,
    /// The order of the changes that works, by number.
    pub(super) order: Option<Vec<usize>>,
}

impl Refused {
    /// The same, of a longer list of changes, in which these have those places.
    pub(super) fn placed(mut self, places: &[usize]) -> Refused {
        let place = |it: usize| places.get(it).copied().unwrap_or(it);
        self.change = place(self.change);
        for it in self.about.order.iter_mut().flatten() {
            *it = place(*it);
        }
        self
    }

    /// Which change it was, for a person: `` assign role `editor` to `ann` ``. `None` where the transaction was
    /// refused as a whole: because it is empty, say.
    pub fn what(&self) -> Option<&str> {
        self.about.what.as_deref()
    }

    /// The order in which the same actor can make the same changes, if there is one: what a change needs, a
    /// later one makes. Looked for among up to 100 changes, where the refusal is none of authority; among more
    /// than 4, or where one imports a policy or replaces the hierarchy, not in every order.
    pub fn order(&self) -> Option<&[usize]> {
        self.about.order.as_deref()
    }
}

/// As `change`, its number from 0; `what` it was; the `kind` of the refusal; its `reason`, which has the code; and the
/// `order` that works, where there is one.
impl Serialize for Refused {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut written = serializer.serialize_struct("Refused", 5)?;
        written.serialize_field("change", &self.change)?;
        written.serialize_field("what", &self.what())?;
        written.serialize_field("kind", &self.reason.kind())?;
        written.serialize_field("reason", &self.reason)?;
        written.serialize_field("order", &self.order())?;
        written.end()
    }
}

/// A list is no variant of an enum with a tag: it stands in a field.
fn problems<S: Serializer>(problems: &Problems, serializer: S) -> Result<S::Ok, S::Error> {
    let mut written = serializer.serialize_struct("Invalid", 1)?;
    written.serialize_field("problems", problems)?;
    written.end()
}

fn which(change: usize, about: &About) -> String {
    let what = about.what.as_ref();
    what.map_or_else(String::new, |what| {
        format!("change {} ({what}): ", change + 1)
    })
}

fn that_works(about: &About) -> String {
    /// Changes that are named.
    const NAMED: usize = 20;
    let Some(order) = &about.order else {
        return String::new();
    };
    let named = order.iter().take(NAMED).map(|it| (it + 1).to_string());
    let mut named: Vec<String> = named.collect();
    if order.len() > NAMED {
        named.push("…".to_owned());
    }
    let named = named.join(", ");
    format!("; the changes can be made in the order `{named}`")
}

/// Why a change was refused. [`Refusal::code`] is stable (semver covers it), and so is what serde writes: the code, and
/// beside it the facts.
///
/// ```
/// use bailiwick::admin::{Named, Refusal};
/// let refusal = Refusal::Exists { what: Named::Role, id: "editor".to_owned() };
/// # #[cfg(feature = "json")]
/// assert_eq!(
///     serde_json::to_string(&refusal)?,
///     r#"{"code":"exists","what":"role","id":"editor"}"#,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    // ── What it names ──
    /// The account has no such thing.
    Unknown {
        /// What was looked for.
        what: Named,
        /// Its name.
        id: String,
        /// The nearest name that there is.
        nearest: Option<String>,
    },
    /// The account has one of that name already.
    Exists {
        /// What it is.
        what: Named,
        /// Its name.
        id: String,
    },
    /// The change names one thing twice.
    NamedTwice {
        /// What it is.
        what: Named,
        /// Its name.
        id: String,
    },
    /// The id was used before, and was not forgotten (A5).
    UsedId {
        /// What it named.
        what: Named,
        /// The id.
        id: String,
    },
    /// The change would change nothing: what is assigned already, say.
    NothingToChange,
    /// The role was changed since the edit began.
    Conflict {
        /// The role.
        role: String,
        /// The revision in which the edit began.
        since: u64,
        /// The revision that changed the role.
        changed: u64,
    },
    /// The permission comes from a setting of the account (D13), not from a tick.
    Adjustable {
        /// The permission.
        permission: String,
    },
    /// The permission's feature is off in the account, and its tick is left alone until then (T4).
    Locked {
        /// The permission.
        permission: String,
        /// The feature.
        feature: String,
    },
    /// What it writes is not valid; every problem of it, each with a [code](crate::Problem::code).
    #[serde(serialize_with = "problems")]
    Invalid(Problems),
    /// Roles that would inherit each other, or positions that would report to each other: the cycle
    /// whole, its first member repeated at the end.
    Cycle {
        /// Roles, or positions.
        what: Named,
        /// The cycle.
        cycle: Vec<String>,
    },
    /// A limit would be passed.
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },

    // ── Guards that bind everybody (A5) ──
    /// System roles are not edited or deleted.
    SystemRole {
        /// The role.
        role: String,
    },
    /// The role is in use.
    RoleInUse {
        /// The role.
        role: String,
        /// The packages that it is in.
        packages: Vec<String>,
        /// How many users it is assigned to directly.
        users: usize,
        /// The first ten of them by name, of those whom the actor may edit.
        people: Vec<PersonNamed>,
        /// The roles that inherit it directly.
        inherited_by: Vec<String>,
    },
    /// The package is assigned.
    PackageInUse {
        /// The package.
        package: String,
        /// To how many users.
        users: usize,
        /// The first ten of them by name, of those whom the actor may edit.
        people: Vec<PersonNamed>,
    },
    /// The position is held, or reported to.
    PositionInUse {
        /// The position.
        position: String,
        /// How many users hold it.
        users: usize,
        /// The first ten of them by name, of those whom the actor may edit.
        people: Vec<PersonNamed>,
        /// The positions that report to it directly.
        reported_to_by: Vec<String>,
    },
    /// Too few users would keep a role.
    MinHolders {
        /// The role.
        role: String,
        /// How many must keep it.
        needed: u32,
        /// How many would.
        left: u32,
    },
    /// Nobody would be left who may hand administration on: assign, at All and without an end, a role that
    /// brings the permission that assigning it needs.
    LastAdministrator,

    // ── Authority (A2 to A4) ──
    /// The actor is no user of the account.
    UnknownActor {
        /// The actor's id.
        actor: String,
    },
    /// The actor is suspended.
    ActorSuspended {
        /// The actor's id.
        actor: String,
    },
    /// The actor acts for another who acts for another, or through one who does: one step only (D21).
    ActsThroughAnother,
    /// No rule of the catalog lets anybody make this kind of change: only the host itself may.
    NoRule {
        /// The kind; `None` of a setting.
        kind: Option<ChangeKind>,
    },
    /// The actor does not have the permission that this kind of change needs, or it takes no effect.
    Lacks {
        /// The permission.
        permission: String,
    },
    /// The permission that this kind of change needs does not reach that far.
    NotAllowed {
        /// The permission.
        permission: String,
        /// The user concerned; `None` where the change needs it at All.
        user: Option<String>,
    },
    /// The actor may not assign a role.
    MayNotAssign {
        /// The role.
        role: String,
        /// The permission that it needs; `None`: only the host itself may.
        permission: Option<String>,
        /// The user concerned; `None` where the change needs it at All.
        user: Option<String>,
        /// True if the change denies less to somebody who may bring the role in a token (D18).
        by_tokens: bool,
    },
    /// The actor may not revoke a role.
    MayNotRevoke {
        /// The role.
        role: String,
        /// The permission that it needs; `None`: only the host itself may.
        permission: Option<String>,
        /// The user concerned; `None` where the change needs it at All.
        user: Option<String>,
        /// True if the change denies more to somebody who may bring the role in a token (D18).
        by_tokens: bool,
    },
    /// The actor does not hold what the change would hand out, or not that far (A4).
    NotHeld {
        /// The permission.
        permission: String,
        /// The scope to be handed out.
        scope: Scope,
        /// How far the actor holds it; `None`: not at all, or denied.
        held: Option<Scope>,
        /// When the actor's own ends, if they hold it that far until a time that is too soon.
        until: Option<Timestamp>,
        /// The user who would receive it, out of the actor's reach; `None` where nobody in particular.
        user: Option<String>,
    },
    /// The actor does not hold a wildcard that the change writes (A4).
    WildcardNotHeld {
        /// The wildcard.
        selector: String,
    },
    /// The actor may not edit that property of the user (D10).
    MayNotEditProperty {
        /// The property.
        property: String,
        /// The permission that it needs; `None`: only the host itself may, since a condition of an open
        /// operation reads the property and the catalog names no permission.
        permission: Option<String>,
        /// The user concerned; `None` where the change needs it at All.
        user: Option<String>,
    },
    /// The change would widen whose records a permission reaches, which needs it at All (A4).
    WidensReach {
        /// The permission.
        permission: String,
        /// When the actor's own ends, if they hold it at All until a time.
        until: Option<Timestamp>,
    },
}

/// What a refusal tells whoever asked for the change, whatever else its reason says.
///
/// The kind follows from the code alone, and semver covers it as it covers the code. There are these four.
///
/// | kind | codes |
/// |---|---|
/// | `change` | `unknown`, `named_twice`, `invalid`, `cycle`, `too_many` |
/// | `state` | `exists`, `used_id`, `nothing_to_change`, `conflict`, `adjustable`, `locked` |
/// | `guard` | `system_role`, `role_in_use`, `package_in_use`, `position_in_use`, `min_holders`, `last_administrator` |
/// | `authority` | `unknown_actor`, `actor_suspended`, `acts_through_another`, `no_rule`, `lacks`, `not_allowed`, `may_not_assign`, `may_not_revoke`, `not_held`, `wildcard_not_held`, `may_not_edit_property`, `widens_reach` |
///
/// ```
/// # use bailiwick::{Catalog, Engine, Timestamp, Warnings, document::*};
/// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
/// #     format = 2
/// #     id = "shop"
/// #     version = 1
/// #     permissions = [{ path = "orders" }]
/// # "#), Warnings::Refuse)?;
/// # let users = DirectoryDocument::new([UserDocument::new("ann")]);
/// # let engine = Engine::new(&catalog, PolicyDocument::new(1), users, Timestamp(0), Warnings::Refuse)?;
/// use bailiwick::admin::{Actor, Change, RefusalKind};
/// let status = |kind: RefusalKind| match kind {
///     RefusalKind::Authority => 403,
///     RefusalKind::State | RefusalKind::Guard => 409,
///     RefusalKind::Change => 422,
/// };
/// let give = [Change::assign_role("ann", "seller")];
/// let by = |actor| engine.apply(&actor, Timestamp(0), &give).unwrap_err().reason.kind();
/// assert_eq!(status(by(Actor::System)), 422); // there is no such role
/// assert_eq!(status(by(Actor::user("ann"))), 403);
/// # Ok::<(), bailiwick::Problems>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// The change itself is wrong: it names what there is not, or writes what is not valid.
    Change,
    /// The account is not as the change takes it to be: it is so already, or somebody was first.
    State,
    /// A guard that binds everybody keeps something as it is (A5).
    Guard,
    /// Whoever asks may not; somebody else may be allowed (A2 to A4).
    Authority,
}

impl RefusalKind {
    /// The word of the stable form: `change`, `state`, `guard`, `authority`.
    pub const fn as_str(self) -> &'static str {
        match self {
            RefusalKind::Change => "change",
            RefusalKind::State => "state",
            RefusalKind::Guard => "guard",
            RefusalKind::Authority => "authority",
        }
    }
}

/// Somebody whom a refusal names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonNamed {
    /// The user's id.
    pub id: String,
    /// What a person reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What a name is the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Named {
    /// A user.
    User,
    /// A role.
    Role,
    /// A package.
    Package,
    /// A position.
    Position,
    /// A feature.
    Feature,
    /// A permission.
    Permission,
    /// A property of subjects.
    Property,
    /// An assignment of a role or package to a user.
    Assignment,
    /// A used id.
    UsedId,
}

impl Named {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Named::User => "user",
            Named::Role => "role",
            Named::Package => "package",
            Named::Position => "position",
            Named::Feature => "feature",
            Named::Permission => "permission",
            Named::Property => "property",
            Named::Assignment => "assignment of",
            Named::UsedId => "used id",
        }
    }
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Refusal::Unknown { .. } => "unknown",
            Refusal::Exists { .. } => "exists",
            Refusal::NamedTwice { .. } => "named_twice",
            Refusal::UsedId { .. } => "used_id",
            Refusal::NothingToChange => "nothing_to_change",
            Refusal::Conflict { .. } => "conflict",
            Refusal::Adjustable { .. } => "adjustable",
            Refusal::Locked { .. } => "locked",
            Refusal::Invalid(_) => "invalid",
            Refusal::Cycle { .. } => "cycle",
            Refusal::TooMany { .. } => "too_many",
            Refusal::SystemRole { .. } => "system_role",
            Refusal::RoleInUse { .. } => "role_in_use",
            Refusal::PackageInUse { .. } => "package_in_use",
            Refusal::PositionInUse { .. } => "position_in_use",
            Refusal::MinHolders { .. } => "min_holders",
            Refusal::LastAdministrator => "last_administrator",
            Refusal::UnknownActor { .. } => "unknown_actor",
            Refusal::ActorSuspended { .. } => "actor_suspended",
            Refusal::ActsThroughAnother => "acts_through_another",
            Refusal::NoRule { .. } => "no_rule",
            Refusal::Lacks { .. } => "lacks",
            Refusal::NotAllowed { .. } => "not_allowed",
            Refusal::MayNotAssign { .. } => "may_not_assign",
            Refusal::MayNotRevoke { .. } => "may_not_revoke",
            Refusal::NotHeld { .. } => "not_held",
            Refusal::WildcardNotHeld { .. } => "wildcard_not_held",
            Refusal::MayNotEditProperty { .. } => "may_not_edit_property",
            Refusal::WidensReach { .. } => "widens_reach",
        }
    }

    /// The kind, which follows from the code alone.
    pub const fn kind(&self) -> RefusalKind {
        match self {
            Refusal::Unknown { .. }
            | Refusal::NamedTwice { .. }
            | Refusal::Invalid(_)
            | Refusal::Cycle { .. }
            | Refusal::TooMany { .. } => RefusalKind::Change,
            Refusal::Exists { .. }
            | Refusal::UsedId { .. }
            | Refusal::NothingToChange
            | Refusal::Conflict { .. }
            | Refusal::Adjustable { .. }
            | Refusal::Locked { .. } => RefusalKind::State,
            Refusal::SystemRole { .. }
            | Refusal::RoleInUse { .. }
            | Refusal::PackageInUse { .. }
            | Refusal::PositionInUse { .. }
            | Refusal::MinHolders { .. }
            | Refusal::LastAdministrator => RefusalKind::Guard,
            Refusal::UnknownActor { .. }
            | Refusal::ActorSuspended { .. }
            | Refusal::ActsThroughAnother
            | Refusal::NoRule { .. }
            | Refusal::Lacks { .. }
            | Refusal::NotAllowed { .. }
            | Refusal::MayNotAssign { .. }
            | Refusal::MayNotRevoke { .. }
            | Refusal::NotHeld { .. }
            | Refusal::WildcardNotHeld { .. }
            | Refusal::MayNotEditProperty { .. }
            | Refusal::WidensReach { .. } => RefusalKind::Authority,
        }
    }

    /// Whether it was refused for who asks (A2 to A4), and another might be allowed.
    pub const fn is_authority(&self) -> bool {
        matches!(self.kind(), RefusalKind::Authority)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let needs = |f: &mut fmt::Formatter<'_>,
                     what: &str,
                     preposition: &str,
                     permission: &Option<String>,
                     user: &Option<String>| {
            match (permission, user) {
                (None, _) => write!(
                    f,
                    "the catalog has no rule for {what}: only the host itself may do it"
                ),
                (Some(permission), Some(user)) => {
                    let (user, permission) = (quoted(user), quoted(permission));
                    write!(f, "{what} {preposition} {user} needs {permission}")
                }
                (Some(permission), None) => {
                    write!(f, "{what} needs {} at `all`", quoted(permission))
                }
            }
        };
        match self {
            Refusal::Unknown { what, id, nearest } => {
                write!(f, "unknown {} {}", what.as_str(), quoted(id))?;
                match nearest {
                    Some(nearest) => f.write_str(&suggestion(id, nearest)),
                    None => Ok(()),
                }
            }
            Refusal::Exists { what, id } => {
                write!(f, "{} {} exists already", what.as_str(), quoted(id))
            }
            Refusal::NamedTwice { what, id } => {
                write!(f, "{} {} is named twice", what.as_str(), quoted(id))
            }
            Refusal::UsedId {
                what: Named::User,
                id,
            } => write!(
                f,
                "user {} was used before; restore the user, or forget the used id to use it again",
                quoted(id)
            ),
            Refusal::UsedId { what, id } => write!(
                f,
                "{} id {} was used before; forget it to use it again",
                what.as_str(),
                quoted(id)
            ),
            Refusal::NothingToChange => f.write_str("it is so already"),
            Refusal::Conflict {
                role,
                since,
                changed,
            } => write!(
                f,
                "role {} was changed in revision `{changed}`, after the edit began in `{since}`",
                quoted(role)
            ),
            Refusal::Adjustable { permission } => write!(
                f,
                "{} is adjustable: a setting of the account gives it, not a tick",
                quoted(permission)
            ),
            Refusal::Locked {
                permission,
                feature,
            } => write!(
                f,
                "{} is locked: the account lacks feature {}",
                quoted(permission),
                quoted(feature)
            ),
            Refusal::Invalid(problems) => write!(f, "{problems}"),
            Refusal::Cycle { what, cycle } => {
                let relation = match what {
                    Named::Role => "inheritance in a cycle",
                    _ => "positions report to each other in a cycle",
                };
                write!(f, "{relation}: {}", quoted(&cycle.join(" → ")))
            }
            Refusal::TooMany { what, limit } => {
                write!(f, "the limit of `{limit}` {what} is reached")
            }
            Refusal::SystemRole { role } => {
                write!(f, "{} is a system role, which nobody edits or deletes", quoted(role))
            }
            Refusal::RoleInUse {
                role,
                packages,
                users,
                people,
                inherited_by,
            } => {
                let mut uses = Vec::new();
                if !packages.is_empty() {
                    let noun = if packages.len() == 1 { "package" } else { "packages" };
                    uses.push(format!("in {noun} {}", listed(packages)));
                }
                if !inherited_by.is_empty() {
                    uses.push(format!("inherited by {}", listed(inherited_by)));
                }
                if *users > 0 {
                    uses.push(format!("assigned to {}", counted(*users, people)));
                }
                write!(f, "role {} is {}", quoted(role), and(&uses))
            }
            Refusal::PackageInUse {
                package,
                users,
                people,
            } => write!(
                f,
                "package {} is assigned to {}",
                quoted(package),
                counted(*users, people)
            ),
            Refusal::PositionInUse {
                position,
                users,
                people,
                reported_to_by,
            } => {
                let mut uses = Vec::new();
                if *users > 0 {
                    uses.push(format!("held by {}", counted(*users, people)));
                }
                if !reported_to_by.is_empty() {
                    uses.push(format!("reported to by {}", listed(reported_to_by)));
                }
                write!(f, "position {} is {}", quoted(position), and(&uses))
            }
            Refusal::MinHolders { role, needed, left } => write!(
                f,
                "role {} must keep at least {}, and would have `{left}`",
                quoted(role),
                holders(*needed)
            ),
            Refusal::LastAdministrator => f.write_str(
                "nobody would be left who may hand on administration: somebody must be able to assign, at \
                 `all` and without an end, a role that brings the permission needed to assign it",
            ),
            Refusal::UnknownActor { actor } => {
                write!(f, "{} is no user of the account", quoted(actor))
            }
            Refusal::ActorSuspended { actor } => write!(f, "{} is suspended", quoted(actor)),
            Refusal::ActsThroughAnother => f.write_str(
                "an actor may act for one other, and neither of the two for a third",
            ),
            Refusal::NoRule { kind: Some(kind) } => write!(
                f,
                "the catalog has no rule for {}: only the host itself may do it",
                quoted(kind.as_str())
            ),
            Refusal::NoRule { kind: None } => {
                f.write_str("the catalog has no rule for changing this setting: only the host itself may do it")
            }
            Refusal::Lacks { permission } => write!(f, "it needs {}", quoted(permission)),
            Refusal::NotAllowed { permission, user } => match user {
                Some(user) => write!(
                    f,
                    "it needs {} with a scope that reaches {}",
                    quoted(permission),
                    quoted(user)
                ),
                None => write!(f, "it needs {} at `all`", quoted(permission)),
            },
            Refusal::MayNotAssign {
                role,
                permission,
                user,
                by_tokens,
            } => {
                if *by_tokens {
                    write!(
                        f,
                        "it denies less to those who may bring {} in a token: ",
                        quoted(role)
                    )?;
                }
                let what = format!("assigning {}", quoted(role));
                needs(f, &what, "to", permission, user)
            }
            Refusal::MayNotRevoke {
                role,
                permission,
                user,
                by_tokens,
            } => {
                if *by_tokens {
                    write!(f, "it denies more to those who may bring {} in a token: ", quoted(role))?;
                }
                let what = format!("revoking {}", quoted(role));
                needs(f, &what, "from", permission, user)
            }
            Refusal::MayNotEditProperty {
                property,
                permission,
                user,
            } => {
                let what = format!("editing the property {}", quoted(property));
                needs(f, &what, "of", permission, user)
            }
            Refusal::NotHeld {
                permission,
                scope,
                held,
                until,
                user,
            } => {
                write!(f, "it hands out {} at `{scope}`", quoted(permission))?;
                if let Some(user) = user {
                    write!(f, " to {}", quoted(user))?;
                }
                match (held, until) {
                    (_, Some(until)) => write!(
                        f,
                        "; the actor holds it that far until {until}, and may assign it until then at most"
                    ),
                    (Some(held), None) => write!(f, "; the actor holds it at `{held}`"),
                    (None, None) => f.write_str("; the actor does not hold it"),
                }
            }
            Refusal::WildcardNotHeld { selector } => write!(
                f,
                "it writes {}; only somebody who holds it, or a wider wildcard, by one grant and without an end may do that",
                quoted(selector)
            ),
            Refusal::WidensReach { permission, until } => {
                let permission = quoted(permission);
                write!(
                    f,
                    "it widens whose records {permission} reaches; that needs the permission at `all`"
                )?;
                match until {
                    Some(until) => write!(f, " without an end, and the actor holds it until {until}"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// The first of some names, in backticks.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let mut shown: Vec<String> = names.iter().take(SHOWN).map(|it| quoted(it)).collect();
    if names.len() > SHOWN {
        shown.push(format!("{} more", names.len() - SHOWN));
    }
    and(&shown)
}

/// How many users, and who: those named, and how many more.
fn counted(users: usize, people: &[PersonNamed]) -> String {
    let noun = if users == 1 { "user" } else { "users" };
    if people.is_empty() {
        return format!("`{users}` {noun}");
    }
    let mut shown: Vec<String> = people
        .iter()
        .map(|it| match &it.name {
            Some(name) if *name != it.id => format!("{} ({})", quoted(name), quoted(&it.id)),
            Some(_) | None => quoted(&it.id),
        })
        .collect();
    if users > people.len() {
        shown.push(format!("{} more", users - people.len()));
    }
    format!("`{users}` {noun}: {}", and(&shown))
}

fn and(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
