//! The reference of administration: a naive `apply` on documents, written from A1 to A7 alone. It
//! shares no code with the crate's administration; permissions come from the reference model, and
//! whether a document is valid from loading it.
//!
//! Documents are written against the version of the catalog that there is.
//!
//! ## Readings
//!
//! Where the rules leave a choice, this is the one taken.
//!
//! - D2: what has ended at the time of the transaction is dropped first; the state before is what
//!   is left. An actor has no authority from an assignment that has ended, and an expiry that leaves
//!   too few holders is no fault of the transaction (A5).
//! - A1: a change that would leave every document as it is, order aside, is refused: nothing to change.
//! - A1: a change that only a guard speaks against (in use, a cycle, a name taken, a limit) waits until the
//!   others are made, and is looked at again; what comes after it about the same thing waits with it, but for
//!   what gives the name free. The rest cannot be made midway, and is refused.
//! - A2: a package created with roles, like a user created with roles, needs the one kind that
//!   creates it, and for each role what putting it there needs otherwise.
//! - A3: "loses anything" looks at what the role's closure granted before the edit.
//! - A3, A4: a deny is given, or lifted, if at some moment from now on it binds, or does not bind any
//!   more: that of an assignment that gets another end, or ends sooner than another that had it, too.
//!   Compared is then what is stored, whenever it ends.
//! - D18: giving and lifting is looked at as stored: of a suspended user, too, and removing somebody
//!   covers everything, whatever they were denied before. A role that tokens bring brings its juniors,
//!   each with its own right and its own exemption (A2).
//! - D18: an id that was used, or that an import lists, is nobody's in the directory: it needs All.
//! - D18: an import is one change of its kind: the exemptions of the kinds that it is made of do not
//!   count for the rights. It forgets no id: only the change that says so does (A5).
//! - A5, D18: who was removed comes back by what creating and, unless suspended, reinstating them needs, each
//!   with its own exemptions. What they held when they were removed is not looked at: all of it counts as
//!   lifted. Who comes back suspended is denied everything before and after.
//! - A4: a hierarchy that is replaced is judged as an import's: each position against the state before and
//!   the one after.
//! - A3: a role exchanged for another is a revoke and an assign, judged by what comes of both.
//! - A4: an exemption lifts what A4 asks for what that role says, contents, denies and wildcards; not
//!   what it asks for changes of positions and properties, by whichever role they widen reach.
//! - A4: a deny lifted from a package or role that nobody holds is compared with what that package
//!   or role itself grants then ("held by somebody or not"); of one that tokens may bring, with what
//!   each role that inherits it grants.
//! - A4: where one role takes another's place in packages, nothing is handed out by those that have
//!   it already; the rights to assign and revoke are needed all the same.
//! - A5, `min_holders`: an assignment that ends keeps nobody, since time would undo it with nobody asked.
//! - A5, `min_holders`: "what it grants" is what its closure grants and settings give it.
//! - A5, the last guard: "may assign" is by A2, to anybody, and by A4, which compares all that the role
//!   and its juniors say. Denies of assignments that end bind like others.
//! - Import is judged as a whole: each part of the way against the state before and the one after.

mod authority;
pub(crate) mod compare;
mod import;
mod last;
pub(crate) mod order;
mod perform;
pub(crate) mod reach;
pub(crate) mod records;
mod tokens;
mod wildcard;

pub(super) use authority::opens;

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{
    CatalogDocument, DirectoryDocument, GrantDocument, PolicyDocument, UserDocument,
};
use bailiwick::{Catalog, Engine, Scope, Timestamp, Warnings};

use super::names::Names;
use super::{Model, Viewer, formats};

/// Why a change is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Class {
    Unknown,
    Exists,
    UsedId,
    NothingToChange,
    Adjustable,
    Locked,
    Conflict,
    Invalid,
    Cycle,
    Limit,
    SystemRole,
    InUse,
    MinHolders,
    LastAdministrator,
    Authority,
}

impl Class {
    /// What whoever asked is told, whatever else the reason says: the change is wrong in itself, the account is not
    /// as the change takes it to be, a guard binds everybody (A5), or whoever asks may not (A2 to A4).
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Class::Unknown | Class::Invalid | Class::Cycle | Class::Limit => "change",
            Class::Exists
            | Class::UsedId
            | Class::NothingToChange
            | Class::Adjustable
            | Class::Locked
            | Class::Conflict => "state",
            Class::SystemRole | Class::InUse | Class::MinHolders | Class::LastAdministrator => {
                "guard"
            }
            Class::Authority => "authority",
        }
    }
}

/// The first change that is refused, and everything that speaks against it: whoever answers with one
/// reason may choose among these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub change: usize,
    pub classes: BTreeSet<Class>,
    /// An earlier change that only guards spoke against, unless authority was asked first: whoever asks that
    /// first names this one.
    pub or: Vec<(usize, BTreeSet<Class>)>,
}

type Classes = BTreeSet<Class>;

fn only(class: Class) -> Classes {
    BTreeSet::from([class])
}

/// Who acts, with what they had before the transaction (A1, A7). One who acts for another makes two.
enum Party {
    System,
    /// Unknown or suspended: refused everything.
    Nobody,
    User {
        id: String,
        viewer: Viewer,
        /// What is assigned, and until when.
        assigned: Box<UserDocument>,
    },
    External {
        grants: BTreeMap<String, Scope>,
        written: Vec<GrantDocument>,
    },
}

/// The documents after the transaction, or what speaks against it.
pub(crate) fn apply(
    catalog: &CatalogDocument,
    policy: &PolicyDocument,
    directory: &DirectoryDocument,
    actor: &Actor,
    at: Timestamp,
    changes: &[Change],
) -> Result<(PolicyDocument, DirectoryDocument), Refused> {
    let refused = |change, classes, or| {
        Err(Refused {
            change,
            classes,
            or,
        })
    };
    let mut or = Vec::new();
    let Ok(compiled) = Catalog::new(catalog.clone(), Warnings::Into(&mut Vec::new())) else {
        panic!("the catalog does not load");
    };
    let before = Model::new(catalog, policy, &lasting(directory, at), at);
    let mut parties = Vec::new();
    if let Err(classes) = resolve(&before, actor, &mut parties) {
        return refused(0, classes, or);
    }
    let mut now = before.clone();
    let mut left: Vec<usize> = (0..changes.len()).collect();
    while !left.is_empty() {
        let mut waiting: Vec<(usize, Option<Classes>)> = Vec::new();
        for &index in &left {
            let change = &changes[index];
            let earlier = waiting.iter();
            let earlier: Vec<_> = earlier
                .map(|(it, classes)| (&changes[*it], classes.as_ref()))
                .collect();
            if order::is_held_up(&earlier, change) {
                waiting.push((index, None));
                continue;
            }
            match make(&compiled, &before, &now, &parties, change) {
                Ok(after) => now = after,
                Err(classes) if order::waits(&classes) => {
                    if classes.contains(&Class::Authority) {
                        or.push((index, classes.clone()));
                    }
                    waiting.push((index, Some(classes)));
                }
                Err(classes) => return refused(index, classes, or),
            }
        }
        if waiting.len() == left.len()
            && let Some((index, Some(classes))) = waiting.first()
        {
            return refused(*index, classes.clone(), or);
        }
        left = waiting.into_iter().map(|(index, _)| index).collect();
    }
    // A5: guards hold in the state after.
    let mut classes = Classes::new();
    if too_few_holders(&before, &now) {
        classes.insert(Class::MinHolders);
    }
    let is_system = parties.iter().all(|it| matches!(it, Party::System));
    if !is_system && last::is_administered(&before) && !last::is_administered(&now) {
        classes.insert(Class::LastAdministrator);
    }
    if let Some(last) = changes.len().checked_sub(1)
        && !classes.is_empty()
    {
        return refused(last, classes, or);
    }
    let mut policy = now.policy;
    policy.revision = Some(before.policy.revision.unwrap_or(1) + 1);
    Ok((policy, now.directory))
}

/// The same, where each change that says what is so already is passed over: the places of those that are
/// left, and what they make of the documents. `None` where none is left.
pub(crate) fn apply_passing_over(
    catalog: &CatalogDocument,
    policy: &PolicyDocument,
    directory: &DirectoryDocument,
    actor: &Actor,
    at: Timestamp,
    changes: &[Change],
) -> Result<Option<(Vec<usize>, PolicyDocument, DirectoryDocument)>, Refused> {
    let mut places: Vec<usize> = (0..changes.len()).collect();
    while !places.is_empty() {
        let left: Vec<Change> = places.iter().map(|it| changes[*it].clone()).collect();
        match apply(catalog, policy, directory, actor, at, &left) {
            Ok((policy, directory)) => return Ok(Some((places, policy, directory))),
            Err(refused) if refused.classes == only(Class::NothingToChange) => {
                places.remove(refused.change);
            }
            Err(refused) => {
                let or = refused.or.into_iter();
                return Err(Refused {
                    change: places[refused.change],
                    classes: refused.classes,
                    or: or.map(|(it, classes)| (places[it], classes)).collect(),
                });
            }
        }
    }
    Ok(None)
}

/// D16: whether the change writes what is refused from now on. What stood there before may stay; in another
/// version of the catalog the same grant is new.
fn writes_what_is_refused(now: &Model, after: &Model, change: &Change) -> bool {
    let written = match change {
        Change::ImportPolicy { policy } => policy.catalog_version,
        _ => now.catalog.version,
    };
    let names = Names {
        catalog: &now.catalog,
        written,
    };
    let is_import = matches!(change, Change::ImportPolicy { .. });
    let is_upgraded = is_import && written > now.policy.catalog_version;
    let stood = if is_upgraded {
        &[][..]
    } else {
        &now.policy.roles
    };
    (is_import && formats::are_narrowed(&names, &now.policy.roles, &after.policy.roles))
        || formats::are_ambiguous(&names, stood, &after.policy.roles)
        || formats::are_misnamed(
            (&now.policy, &now.directory),
            (&after.policy, &after.directory),
        )
}

/// The state after one change, or everything that speaks against it.
fn make(
    compiled: &Catalog,
    before: &Model,
    now: &Model,
    parties: &[Party],
    change: &Change,
) -> Result<Model, Classes> {
    let written_out = perform::written_out(compiled, now, change);
    let performed = written_out.and_then(|change| {
        let after = perform::perform(now, &change)?;
        Ok((change, after))
    });
    let (change, after) = match performed {
        Ok(performed) => performed,
        Err(mut classes) => {
            // Whoever may not even make changes of this kind may be told that instead.
            if !parties
                .iter()
                .all(|party| party.may_sometimes(before, change))
            {
                classes.insert(Class::Authority);
            }
            return Err(classes);
        }
    };
    let mut classes = Classes::new();
    if compare::same(now, &after) {
        classes.insert(Class::NothingToChange);
    }
    if !loads(compiled, &after) || writes_what_is_refused(now, &after, &change) {
        classes.insert(Class::Invalid);
    }
    for party in parties {
        if !authority::allows(before, now, &after, party, &change) {
            classes.insert(Class::Authority);
        }
    }
    if classes.is_empty() {
        Ok(after)
    } else {
        Err(classes)
    }
}

/// D2: what has ended is dropped.
fn lasting(directory: &DirectoryDocument, at: Timestamp) -> DirectoryDocument {
    let mut directory = directory.clone();
    for user in &mut directory.users {
        for assignments in [&mut user.roles, &mut user.packages] {
            assignments.retain(|assignment| assignment.until.is_none_or(|until| until > at));
        }
    }
    directory
}

fn loads(catalog: &Catalog, state: &Model) -> bool {
    engine(catalog, state).is_some()
}

fn engine(catalog: &Catalog, state: &Model) -> Option<Engine> {
    let (policy, directory) = (state.policy.clone(), state.directory.clone());
    Engine::new(
        catalog,
        policy,
        directory,
        state.at,
        Warnings::Into(&mut Vec::new()),
    )
    .ok()
}

/// A7: the parties that must each be allowed; an invalid grant of an external one is refused.
fn resolve(before: &Model, actor: &Actor, parties: &mut Vec<Party>) -> Result<(), Classes> {
    match actor {
        Actor::System => parties.push(Party::System),
        Actor::User(id) => parties.push(match before.user(id) {
            Some(user) if !user.suspended => Party::User {
                id: id.clone(),
                viewer: before.of_directory(user),
                assigned: Box::new(user.clone()),
            },
            _ => Party::Nobody,
        }),
        Actor::External { grants, .. } => parties.push(external(before, grants)?),
        // D21: one step only.
        Actor::OnBehalfOf { actor, of }
            if [actor, of].map(|it| matches!(**it, Actor::OnBehalfOf { .. })) != [false; 2] =>
        {
            return Err(only(Class::Authority));
        }
        Actor::OnBehalfOf { actor, of } => {
            let results = [
                resolve(before, actor, parties),
                resolve(before, of, parties),
            ];
            let mut classes = Classes::new();
            for result in results {
                classes.extend(result.err().into_iter().flatten());
            }
            if !classes.is_empty() {
                if parties.iter().any(|party| matches!(party, Party::Nobody)) {
                    classes.insert(Class::Authority);
                }
                return Err(classes);
            }
        }
        _ => panic!("an actor of a new kind"),
    }
    Ok(())
}

/// A7, D5, S5: an external actor's grants, as a role's are read; adjustable permissions may be named,
/// at All (D13).
fn external(before: &Model, written: &[GrantDocument]) -> Result<Party, Classes> {
    let names = Names {
        catalog: &before.catalog,
        written: before.catalog.version,
    };
    let mut grants: BTreeMap<String, Scope> = BTreeMap::new();
    for grant in written {
        if !grant
            .except
            .iter()
            .chain([&grant.select])
            .all(|selector| names_a_node(before, selector))
        {
            return Err(only(Class::Invalid));
        }
        if names.is_ambiguous(grant) {
            return Err(only(Class::Invalid));
        }
        let mut given = names.grant(grant);
        if let Some(named) = before.permission(&grant.select) {
            let offered = match named.scopes.as_slice() {
                [] => vec![Scope::All],
                some => some.to_vec(),
            };
            let scope = match grant.scope {
                Some(scope) if offered.contains(&scope) => scope,
                None if offered.len() == 1 => offered[0],
                _ => return Err(only(Class::Invalid)),
            };
            if named.adjustable.is_some() {
                if scope != Scope::All {
                    return Err(only(Class::Invalid));
                }
                given.insert(named.path.clone(), scope);
            }
        }
        for (path, scope) in given {
            let best = grants.entry(path).or_insert(scope);
            *best = (*best).max(scope);
        }
    }
    Ok(Party::External {
        grants,
        written: written.to_vec(),
    })
}

/// D5: every selector names a node of the catalog.
fn names_a_node(state: &Model, selector: &str) -> bool {
    let node = selector.strip_suffix(".*").unwrap_or(selector);
    selector == "*" || state.permission(node).is_some()
}

/// A5: whether a role keeps fewer users than it needs, and fewer than it had; D16: a retired one is
/// inert, and needs none.
fn too_few_holders(before: &Model, after: &Model) -> bool {
    let roles = before.catalog.roles.iter();
    let mut needed = roles.filter(|role| role.retired.is_none());
    needed.any(|role| {
        let needed = role.min_holders.unwrap_or(0) as usize;
        let left = keepers(after, &role.id);
        left < needed && left < keepers(before, &role.id)
    })
}

/// A5: the users who have it directly or by package and without end, not suspended and not denied any
/// of what it grants.
fn keepers(state: &Model, role: &str) -> usize {
    let granted = stored(state, &state.granting(&[role.to_owned()]));
    let keeps = |user: &&UserDocument| {
        let roles = state.assigned_roles(user);
        let denied = denied(state, &state.closure(&roles));
        let mut lasting = (*user).clone();
        lasting.roles.retain(|it| it.until.is_none());
        lasting.packages.retain(|it| it.until.is_none());
        let lasting = state.assigned_roles(&lasting);
        !user.suspended
            && lasting.iter().any(|it| it == role)
            && !granted.keys().any(|path| denied.contains(path))
    };
    state.directory.users.iter().filter(keeps).count()
}

// ── What roles hold ───────────────────────────────────────────────────────────────────────────

/// A4: what is stored in these roles: grants and settings, whatever is denied, enabled or required.
fn stored(state: &Model, roles: &BTreeSet<String>) -> BTreeMap<String, Scope> {
    let mut stored = BTreeMap::new();
    for permission in &state.catalog.permissions {
        let path = &permission.path;
        let scope = match &permission.adjustable {
            // D13: from its setting alone, at All.
            Some(_) => state
                .settings
                .get(path)
                .filter(|role| roles.contains(*role))
                .map(|_| Scope::All),
            None => roles
                .iter()
                .filter_map(|role| state.roles.get(role)?.grants.get(path).copied())
                .max(),
        };
        if let Some(scope) = scope {
            stored.insert(path.clone(), scope);
        }
    }
    stored
}

/// D4: what these roles deny.
fn denied(state: &Model, roles: &BTreeSet<String>) -> BTreeSet<String> {
    roles
        .iter()
        .filter_map(|role| state.roles.get(role))
        .flat_map(|role| role.denies.iter().cloned())
        .collect()
}
