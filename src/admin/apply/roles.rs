//! Changes to roles: what they grant, deny and inherit.

use std::collections::{BTreeSet, HashSet};

use super::super::authority::{Receivers, Target, is_wildcard};
use super::super::change::{Change, UsedIdKind};
use super::super::editor::{Edit, EditorError, LeftAlone, RoleEditor};
use super::super::listing::with_sets;
use super::super::order::{are_same_denies, are_same_grants};
use super::super::refusal::{Named, Refusal};
use super::{Transaction, find, validated, validated_by};
use crate::catalog::{Rights, SYSTEM, check_identifier, resolve_denial, resolve_grant};
use crate::document::naming::{check_display_name, check_readable_id};
use crate::document::problem::{Rules, quoted};
use crate::document::{
    ChangeKind, DenialDocument, GrantDocument, ProblemCode, RoleDocument, Timestamp,
};
use crate::engine::{Planes, own_rights};
use crate::limits;

impl Transaction {
    pub(super) fn create_role(&mut self, role: &RoleDocument) -> Result<(), Refusal> {
        self.make_role(role, ChangeKind::CreateRole)
    }

    pub(super) fn copy_role(
        &mut self,
        role: &str,
        id: &str,
        name: &Option<String>,
        description: &Option<String>,
        created: Option<Timestamp>,
    ) -> Result<(), Refusal> {
        let number = self.find_role(role)?;
        self.refuse_retired(number, role, u32::MAX)?;
        let system = self.now().model().document.roles.get(number as usize);
        let known = self.now().roles().get(number);
        let (grants, denies, inherits) = match (known.and_then(|it| it.document.as_ref()), system) {
            (Some(own), _) => (&own.grants, &own.denies, &own.inherits),
            (None, Some(system)) => (&system.grants, &system.denies, &system.inherits),
            (None, None) => return Err(Refusal::NothingToChange),
        };
        let copy = RoleDocument {
            id: id.to_owned(),
            name: name.clone(),
            description: description.clone(),
            created,
            inherits: inherits.clone(),
            grants: grants.clone(),
            denies: denies.clone(),
        };
        self.make_role(&copy, ChangeKind::CopyRole)
    }

    fn make_role(&mut self, role: &RoleDocument, kind: ChangeKind) -> Result<(), Refusal> {
        self.check_new_id(&role.id, Named::Role)?;
        self.check_new_name(role.name.as_deref())?;
        let now = self.now();
        if now.roles().count() >= limits::ROLES {
            return Err(Refusal::TooMany {
                what: "roles",
                limit: limits::ROLES,
            });
        }
        self.check_edges(role.inherits.len())?;
        let mut juniors = Vec::with_capacity(role.inherits.len());
        let mut seen = HashSet::new();
        for junior in &role.inherits {
            let junior_number = self.find_junior(junior)?;
            if !seen.insert(junior_number) {
                return Err(Refusal::NamedTwice {
                    what: Named::Role,
                    id: junior.clone(),
                });
            }
            juniors.push(junior_number);
        }
        let own = self.resolve(role, None)?;
        let scene = self.scene();
        self.authority.kind(scene, kind, Target::Everything)?;
        // An import is asked for all that it gives at once.
        if !self.importing {
            let given = now.reached_below(juniors.clone());
            self.authority.assign(scene, &given, Target::Everything)?;
        }
        for &junior in &juniors {
            self.confer_roles(kind, &[junior], &self.nobody())?;
        }
        if !self.is_exempt(kind, u32::MAX) {
            let planes = Planes::of(&own);
            self.authority.confer_all(scene, &planes, &self.nobody())?;
            self.check_wildcards(&[], &role.grants)?;
        }
        self.draft.add_role(role.clone(), &own, juniors);
        Ok(())
    }

    /// Nobody in particular yet; whoever brings a role in a token, where they may bring new ones.
    fn nobody(&self) -> Receivers {
        let tokens = self.before.model().tokens_bring_account_roles;
        Receivers::Sets(Default::default(), tokens)
    }

    pub(super) fn check_edges(&self, more: usize) -> Result<(), Refusal> {
        match self.now().roles().edge_count() + more > limits::EDGES {
            true => Err(Refusal::TooMany {
                what: "edges of inheritance",
                limit: limits::EDGES,
            }),
            false => Ok(()),
        }
    }

    pub(super) fn find_junior(&self, junior: &str) -> Result<u32, Refusal> {
        let number = self.find_role(junior)?;
        self.refuse_retired(number, junior, u32::MAX)?;
        Ok(number)
    }

    /// Refuses a role that was retired by that version. One that was retired since the policy was written
    /// may be named where it is, and nowhere new.
    pub(super) fn refuse_retired(&self, role: u32, id: &str, by: u32) -> Result<(), Refusal> {
        let now = self.now();
        let retired = now.model().roles.get(role as usize);
        let retired = retired.and_then(|it| it.retired);
        match retired.filter(|version| *version <= by) {
            Some(version) => validated(|root, report| {
                let message = (
                    ProblemCode::Retired,
                    format!("role {} was retired in version `{version}`", quoted(id)),
                );
                report.error(&root.field("role"), message);
            }),
            None => Ok(()),
        }
    }

    /// A name that nothing has or had (A5, D12).
    pub(super) fn check_new_id(&self, id: &str, what: Named) -> Result<(), Refusal> {
        let (exists, kind) = match what {
            Named::Role => (self.now().roles().find(id), Some(UsedIdKind::Role)),
            Named::Package => (self.now().packages().find(id), None),
            Named::Position => (self.now().positions().find(id), Some(UsedIdKind::Position)),
            _ => (self.now().find_user(id), Some(UsedIdKind::User)),
        };
        let id = id.to_owned();
        if exists.is_some() {
            return Err(Refusal::Exists { what, id });
        }
        if kind.is_some_and(|kind| self.now().is_used(kind, &id)) {
            return Err(Refusal::UsedId { what, id });
        }
        validated_by(self.rules, |root, report| {
            let here = root.field("id");
            // Users' ids are the host's.
            if check_identifier(&id, &here, report) && what != Named::User {
                check_readable_id(&id, &here, report);
            }
            if what == Named::Role && id.starts_with(SYSTEM) {
                let message = (
                    ProblemCode::ReservedId,
                    format!(
                        "{} begins with `system:`, which only the catalog's roles do",
                        quoted(&id)
                    ),
                );
                report.error(&here, message);
            }
        })
    }

    /// A name for people that is new (D12).
    pub(super) fn check_new_name(&self, name: Option<&str>) -> Result<(), Refusal> {
        validated_by(self.rules, |root, report| {
            check_display_name(name, &root.field("name"), report);
        })
    }

    /// What a role grants and denies itself. What is new in it is written today: what an older policy may
    /// still say, with a warning, is refused. An import says all of it by the version that it states.
    fn resolve(
        &self,
        role: &RoleDocument,
        before: Option<&RoleDocument>,
    ) -> Result<Rights, Refusal> {
        let now = self.now();
        validated_by(self.rules, |root, report| {
            crate::engine::check_created(role.created, root, report);
            if !self.importing {
                let model = now.model();
                let before = before.into_iter();
                let grants = before.clone().flat_map(|it| &it.grants);
                let grants: HashSet<_> = grants.map(GrantDocument::parts).collect();
                let denies = before.flat_map(|it| &it.denies);
                let denies: HashSet<_> = denies.map(DenialDocument::parts).collect();
                let mut scratch = Rights::none(model.permissions.len());
                let list = root.field("grants");
                let written = role.grants.iter().enumerate();
                for (i, grant) in written.filter(|(_, it)| !grants.contains(&it.parts())) {
                    let here = list.index(i);
                    resolve_grant(model, grant, model.version, &mut scratch, &here, report);
                }
                let list = root.field("denies");
                let written = role.denies.iter().enumerate();
                for (i, denial) in written.filter(|(_, it)| !denies.contains(&it.parts())) {
                    let here = list.index(i);
                    resolve_denial(model, denial, model.version, &mut scratch, &here, report);
                }
                if report.has_errors() {
                    return Rights::none(0);
                }
            }
            // What is new was judged above, or with the policy that is imported; the rest stood before.
            report.judge_by(Rules::OfFormat1);
            own_rights(now.model(), role, now.written_version(), root, report)
        })
    }

    /// A role of the account: those of the system are not edited or deleted (A5).
    pub(super) fn find_own_role(&self, id: &str) -> Result<(u32, RoleDocument), Refusal> {
        let number = self.find_role(id)?;
        let role = self.now().roles().get(number);
        match role.and_then(|it| it.document.as_deref()) {
            Some(document) => Ok((number, document.clone())),
            None => Err(Refusal::SystemRole {
                role: id.to_owned(),
            }),
        }
    }

    pub(super) fn describe_role(
        &mut self,
        role: &str,
        name: &Option<String>,
        description: &Option<String>,
    ) -> Result<(), Refusal> {
        let (number, mut document) = self.find_own_role(role)?;
        if document.name == *name && document.description == *description {
            return Err(Refusal::NothingToChange);
        }
        if document.name != *name {
            self.check_new_name(name.as_deref())?;
        }
        let kind = ChangeKind::DescribeRole;
        self.authority
            .kind(self.scene(), kind, Target::Everything)?;
        document.name.clone_from(name);
        document.description.clone_from(description);
        self.draft.write_role(number, document);
        Ok(())
    }

    pub(super) fn delete_role(&mut self, role: &str) -> Result<(), Refusal> {
        let (number, _) = self.find_own_role(role)?;
        let now = self.now();
        let packages: Vec<String> = now
            .packages()
            .with_role(number)
            .filter_map(|it| now.package_id(it))
            .map(Into::into)
            .collect();
        let inherited_by: Vec<String> = now
            .roles()
            .seniors(number)
            .filter_map(|it| now.role_id(it))
            .map(Into::into)
            .collect();
        let sets: BTreeSet<u32> = now.sets().with_role(number).collect();
        let holders = sets.iter().map(|it| now.sets().holders(*it).users as usize);
        let users: usize = holders.sum();
        // A token that still names it is denied: there is no such role.
        if !packages.is_empty() || !inherited_by.is_empty() || users > 0 {
            return Err(Refusal::RoleInUse {
                role: role.to_owned(),
                packages,
                users,
                people: self.named(with_sets(now, sets)),
                inherited_by,
            });
        }
        let scene = self.scene();
        self.authority
            .kind(scene, ChangeKind::DeleteRole, Target::Everything)?;
        // Who brings it in a token loses all that it inherits, too.
        let is_brought = now.tokens_bring(number);
        let taken = if is_brought && !self.is_replayed() {
            now.roles_below(number)
        } else {
            vec![number]
        };
        self.authority.revoke(scene, &taken, Target::Everything)?;
        self.draft.remove_role(number);
        self.draft.use_id(UsedIdKind::Role, role);
        Ok(())
    }

    pub(super) fn edit_role(
        &mut self,
        role: &str,
        grants: &[GrantDocument],
        denies: &[DenialDocument],
        since: Option<u64>,
    ) -> Result<(), Refusal> {
        let (number, mut document) = self.find_own_role(role)?;
        // What this transaction did to it before is the same actor's.
        let changed = self.before.roles().get(number).map_or(0, |it| it.changed);
        // A revision that has not been is of another account; the state before is counted as the next.
        if let Some(since) = since
            && (since < changed || since >= self.before.revision())
        {
            return Err(Refusal::Conflict {
                role: role.to_owned(),
                since,
                changed,
            });
        }
        if are_same_grants(&document.grants, grants) && are_same_denies(&document.denies, denies) {
            return Err(Refusal::NothingToChange);
        }
        let before = std::mem::replace(&mut document.grants, grants.to_vec());
        document.denies = denies.to_vec();
        self.rewrite_role(number, document, &before)
    }

    /// Puts a role's text in the place of the one it has, inheritance aside.
    pub(super) fn rewrite_role(
        &mut self,
        number: u32,
        document: RoleDocument,
        grants_before: &[GrantDocument],
    ) -> Result<(), Refusal> {
        let known = self.now().roles().get(number);
        let own = self.resolve(&document, known.and_then(|it| it.document.as_deref()))?;
        let kind = ChangeKind::EditRole;
        self.authority
            .kind(self.scene(), kind, Target::Everything)?;
        if self.authority.is_system() {
            self.draft.set_own(number, document, &own);
            return Ok(());
        }
        let after = Planes::of(&own);
        let now = self.now();
        let Some((before, closure)) = now.roles().get(number).map(|it| (&it.own, &it.closure))
        else {
            return Ok(());
        };
        let (before, closure) = (
            std::sync::Arc::clone(before),
            std::sync::Arc::clone(closure),
        );
        let receivers = Receivers::Holders(number);
        let loses = before.is_granted_beyond(&after)
            || after
                .denied_beyond(&before)
                .any(|it| closure.granted(it) > 0);
        if loses {
            let scene = self.scene();
            self.authority
                .revoke(scene, &[number], Target::Everything)?;
        }
        let is_exempt = self.is_exempt(kind, number);
        if !is_exempt {
            let added = after.grants_beyond(&before);
            self.authority.confer(self.scene(), added, &receivers)?;
            self.check_wildcards(grants_before, &document.grants)?;
        }
        // Everybody who has the role is asked about for denies alone.
        if before.has_same_denies(&after) {
            self.draft.set_own(number, document, &own);
            return Ok(());
        }
        let sets = now.sets_holding(number);
        let rights = self.rights_before(&sets);
        let brought = now.brought_above(number);
        let bearers = self.bearers_of(&brought);
        self.draft.set_own(number, document, &own);
        self.take_from(&bearers)?;
        if !is_exempt {
            let roles: Vec<u32> = brought.into_iter().chain([number]).collect();
            let lifted: Vec<(u16, u8)> = before
                .denied_beyond(&after)
                .map(|it| {
                    let closures = roles.iter().filter_map(|it| self.now().role_closure(*it));
                    let by_role = closures
                        .map(|closure| closure.granted(it))
                        .max()
                        .unwrap_or(0);
                    let by_holder = |set: &u32| {
                        let rights = self.now().set_rights(*set as usize);
                        rights.map_or(0, |rights| rights.granted(it))
                    };
                    let by_holders = sets.iter().map(by_holder).max().unwrap_or(0);
                    (it, by_role.max(by_holders))
                })
                .collect();
            self.lifted(lifted.into_iter(), &receivers)?;
        }
        self.check_sets(kind, &rights, &self.compared(kind, &[]))
    }

    /// Wildcards that were not written so before (A4).
    fn check_wildcards(
        &self,
        before: &[GrantDocument],
        after: &[GrantDocument],
    ) -> Result<(), Refusal> {
        let is_same = |one: &GrantDocument, other: &GrantDocument| {
            let within = |a: &[String], b: &[String]| a.iter().all(|it| b.contains(it));
            one.select == other.select
                && one.scope == other.scope
                && within(&one.except, &other.except)
                && within(&other.except, &one.except)
        };
        let written = after.iter().filter(|grant| {
            is_wildcard(&grant.select) && !before.iter().any(|known| is_same(known, grant))
        });
        for grant in written {
            self.authority.wildcard(self.scene(), grant)?;
        }
        Ok(())
    }

    /// An action of the role editor on the role as it is now.
    pub(super) fn tick(&mut self, change: &Change) -> Result<(), Refusal> {
        let (role, permission) = match change {
            Change::CheckPermission {
                role, permission, ..
            }
            | Change::UncheckPermission { role, permission }
            | Change::SetPermission {
                role, permission, ..
            }
            | Change::ClearPermission { role, permission } => (role, permission),
            _ => return Err(Refusal::NothingToChange),
        };
        self.find_own_role(role)?;
        find(
            &self.now().model().permission_names,
            permission,
            Named::Permission,
        )?;
        let engine = self.draft.so_far();
        let edited = RoleEditor::open(&engine, role).and_then(|mut editor| {
            let edit = match change {
                Change::CheckPermission { scope, .. } => editor.check(permission, *scope)?,
                Change::UncheckPermission { .. } => editor.uncheck(permission)?,
                Change::SetPermission { scope, .. } => editor.set_one(permission, *scope)?,
                _ => editor.clear_one(permission)?,
            };
            Ok((editor, edit))
        });
        let (editor, edit) = edited.map_err(|error: EditorError| {
            let refused: Result<(), Refusal> = validated(|root, report| {
                report.error(&root.field("permission"), (error.code(), error.to_string()));
            });
            refused.err().unwrap_or(Refusal::NothingToChange)
        })?;
        match editor.changes().as_slice() {
            [
                Change::EditRole {
                    role,
                    grants,
                    denies,
                    ..
                },
            ] => self.edit_role(role, grants, denies, None),
            _ => {
                let is_whole = matches!(
                    change,
                    Change::CheckPermission { .. } | Change::UncheckPermission { .. }
                );
                Err(impossible_tick(edit, permission, is_whole))
            }
        }
    }
}

/// Why an action of the role editor changed nothing: a node that it was about cannot be ticked, or it is
/// so already. `is_whole` tells whether the action was about the nodes below, too.
fn impossible_tick(edit: Edit, path: &str, is_whole: bool) -> Refusal {
    let is_below = |it: &str| {
        let rest = it.strip_prefix(path);
        is_whole && rest.is_some_and(|rest| rest.starts_with('.'))
    };
    let mut left_alone = edit.left_alone.into_iter();
    // The tree's preorder: the node itself comes first.
    match left_alone.find(|it| it.path() == path || is_below(it.path())) {
        Some(LeftAlone::Locked { path, feature }) => Refusal::Locked {
            permission: path,
            feature,
        },
        Some(LeftAlone::Adjustable { path }) => Refusal::Adjustable { permission: path },
        None => Refusal::NothingToChange,
    }
}
