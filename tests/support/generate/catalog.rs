//! A random catalog: features, the tree, system roles and ladders, types.

use std::collections::BTreeMap;

use bailiwick::Scope;
use bailiwick::document::{
    AccountRolesDocument, AccountsServed, AdjustableDocument, AdministrationDocument,
    CatalogDocument, ChangeKind, ExemptionDocument, FORMAT, FeatureDocument, FieldDocument, Level,
    MaskDocument, MaskKind, PermissionDocument, PropertyDocument, PropertyType, Reach,
    SystemRoleDocument, TokensDocument, TypeDocument,
};

use super::super::history::History;
use super::super::rng::Rng;
use super::operations::operations;
use super::rights::{Written, today};
use super::{FEATURES, PROPERTIES, SYSTEM_ROLES, TYPES, Taste, names, owned};

pub(super) fn catalog(
    rng: &mut Rng,
    taste: &Taste,
    version: u32,
    history: &History,
) -> CatalogDocument {
    let tree = history.tree(version);
    let paths: Vec<String> = tree.iter().map(|node| node.path.clone()).collect();
    let features: Vec<FeatureDocument> = names(rng, FEATURES, 0, 3)
        .into_iter()
        .map(|id| FeatureDocument {
            id,
            label: rng.chance(10).then(|| {
                let label = if rng.chance(90) {
                    "a \"feature\""
                } else {
                    "a\n"
                };
                label.to_owned()
            }),
            requested_by: None,
            retired: (version > 1 && rng.chance(25)).then(|| rng.range(2, version as usize) as u32),
        })
        .collect();
    let living: Vec<String> = features
        .iter()
        .filter(|it| it.retired.is_none())
        .map(|it| it.id.clone())
        .collect();
    let mut permissions = permissions(rng, taste, &paths, &living);
    let mut roles = system_roles(rng, version);
    adjust(rng, &mut permissions, &mut roles, &paths);
    let here = Written {
        tree,
        today: today(tree, &permissions),
        older: false,
    };
    for role in &mut roles {
        (role.grants, role.denies) = here.rights(rng, taste);
    }
    let types = types(rng, &paths);
    let subject_properties = subject_properties(rng, &paths);
    let context_properties = properties(rng, 2);
    let mut catalog = CatalogDocument {
        format: FORMAT,
        id: "product".to_owned(),
        version,
        accounts: if rng.chance(35) {
            AccountsServed::Many
        } else {
            AccountsServed::One
        },
        reach: if rng.chance(taste.accessible) {
            Reach::Accessible
        } else {
            Reach::Owned
        },
        features,
        permissions,
        types,
        subject_properties,
        context_properties,
        operations: Vec::new(),
        tokens: TokensDocument {
            system_roles: rng.some(
                &roles.iter().map(|role| role.id.clone()).collect::<Vec<_>>(),
                60,
            ),
            account_roles: rng.chance(60),
        },
        administration: administration(rng, &paths, &roles),
        roles,
        renamed: history.renamed.clone(),
        retired: history.retired.clone(),
    };
    operations(rng, taste, &mut catalog, &living);
    catalog
}

fn permissions(
    rng: &mut Rng,
    taste: &Taste,
    paths: &[String],
    features: &[String],
) -> Vec<PermissionDocument> {
    // Prerequisites point to what comes earlier in some order, which is not the tree's.
    let mut order = paths.to_vec();
    rng.shuffle(&mut order);
    let mut permissions: Vec<PermissionDocument> = order
        .iter()
        .enumerate()
        .map(|(i, path)| {
            let scopes = if rng.chance(taste.one_scope) {
                Vec::new()
            } else {
                rng.some(&Scope::EVERY, 60)
            };
            PermissionDocument {
                path: path.clone(),
                label: rng.chance(10).then(|| "A label".to_owned()),
                description: rng.chance(5).then(|| "[it]\n'''\"\"\" # \\".to_owned()),
                level: rng.chance(10).then(|| *rng.pick(Level::EVERY)),
                default_scope: rng.any(&scopes).copied().filter(|_| rng.chance(20)),
                scopes,
                features: if rng.chance(taste.features) {
                    rng.few(features, 2)
                } else {
                    Vec::new()
                },
                requires: if rng.chance(taste.requires) {
                    rng.few(&order[..i], 2)
                } else {
                    Vec::new()
                },
                suggests: if rng.chance(10) {
                    rng.few(paths, 2)
                } else {
                    Vec::new()
                },
                adjustable: None,
            }
        })
        .collect();
    // Children may be written before their parents, and between those of others.
    rng.shuffle(&mut permissions);
    permissions
}

/// System roles and what they inherit, without rights yet.
fn system_roles(rng: &mut Rng, version: u32) -> Vec<SystemRoleDocument> {
    let ids = names(rng, SYSTEM_ROLES, 0, 5);
    let mut roles: Vec<SystemRoleDocument> = Vec::new();
    for id in &ids {
        let juniors: Vec<String> = roles.iter().map(|role| role.id.clone()).collect();
        // Chains make the ladders of adjustable permissions.
        let inherits = match juniors.last() {
            Some(last) if rng.chance(60) => vec![last.clone()],
            _ => rng.few(&juniors, 2),
        };
        roles.push(SystemRoleDocument {
            id: id.clone(),
            name: rng.chance(10).then(|| "A name".to_owned()),
            description: None,
            inherits,
            grants: Vec::new(),
            denies: Vec::new(),
            assign: None,
            revoke: None,
            min_holders: None,
            unlisted: false,
            retired: (version > 1 && rng.chance(20)).then(|| rng.range(2, version as usize) as u32),
        });
    }
    rng.shuffle(&mut roles);
    roles
}

/// Makes some permissions adjustable, where the system roles have a ladder (D13).
fn adjust(
    rng: &mut Rng,
    permissions: &mut [PermissionDocument],
    roles: &mut [SystemRoleDocument],
    paths: &[String],
) {
    let ladder = ladder(rng, roles);
    for permission in permissions {
        let offers_all = permission.scopes.is_empty() || permission.scopes.contains(&Scope::All);
        if ladder.is_empty() || !offers_all || !rng.chance(25) {
            continue;
        }
        let mut rungs: Vec<usize> = (0..3).map(|_| rng.below(ladder.len())).collect();
        rungs.sort_unstable();
        // Without a floor the ladder's first role is it, without a ceiling the last.
        permission.adjustable = Some(AdjustableDocument {
            default: ladder[rungs[1]].clone(),
            floor: rng.chance(50).then(|| ladder[rungs[0]].clone()),
            ceiling: rng.chance(50).then(|| ladder[rungs[2]].clone()),
            changed_by: rng.any(paths).cloned().filter(|_| rng.chance(50)),
            ladder: ladder.clone(),
        });
    }
}

/// A chain of system roles, most junior first, each inheriting the one before directly.
fn ladder(rng: &mut Rng, roles: &[SystemRoleDocument]) -> Vec<String> {
    let living: Vec<&SystemRoleDocument> =
        roles.iter().filter(|role| role.retired.is_none()).collect();
    let Some(first) = rng.any(&living) else {
        return Vec::new();
    };
    let mut ladder = vec![first.id.clone()];
    loop {
        let last = &ladder[ladder.len() - 1];
        let seniors: Vec<&&SystemRoleDocument> = living
            .iter()
            .filter(|role| role.inherits.contains(last))
            .collect();
        match rng.any(&seniors) {
            Some(senior) => ladder.push(senior.id.clone()),
            None => return ladder,
        }
    }
}

fn properties(rng: &mut Rng, most: usize) -> BTreeMap<String, PropertyType> {
    names(rng, PROPERTIES, 0, most)
        .into_iter()
        .map(|name| (name, *rng.pick(PropertyType::EVERY)))
        .collect()
}

/// Who may edit them, no decision reads.
fn subject_properties(rng: &mut Rng, paths: &[String]) -> BTreeMap<String, PropertyDocument> {
    let all = properties(rng, 3).into_iter();
    all.map(|(name, r#type)| {
        let edited_by = rng.any(paths).cloned().filter(|_| rng.chance(25));
        (name, PropertyDocument { r#type, edited_by })
    })
    .collect()
}

fn types(rng: &mut Rng, paths: &[String]) -> Vec<TypeDocument> {
    names(rng, TYPES, 1, 3)
        .into_iter()
        .map(|id| TypeDocument {
            id,
            label: None,
            properties: properties(rng, 3),
            reassign: None,
            read: None,
            fields: if rng.chance(10) {
                vec![field(rng, paths)]
            } else {
                Vec::new()
            },
        })
        .collect()
}

fn field(rng: &mut Rng, paths: &[String]) -> FieldDocument {
    let kind = *rng.pick(MaskKind::EVERY);
    let shows = matches!(kind, MaskKind::Email | MaskKind::Phone | MaskKind::Name);
    FieldDocument {
        path: "home.street".to_owned(),
        mask: MaskDocument {
            kind,
            first: (shows && rng.chance(50)).then_some(2),
            last: (shows && rng.chance(50)).then_some(4),
            filler: (kind != MaskKind::Hidden && rng.chance(50)).then(|| "…".to_owned()),
            keep_domain: kind == MaskKind::Email && rng.chance(50),
        },
        revealed_by: rng.pick(paths).clone(),
        contributor_sees: rng.chance(50),
        contributor: None,
        search: match kind {
            MaskKind::Hidden => Vec::new(),
            MaskKind::Address => vec![owned(&["street", "building_number"])],
            _ => vec![owned(&["value"])],
        },
    }
}

/// What no decision reads, but documents carry.
fn administration(
    rng: &mut Rng,
    paths: &[String],
    roles: &[SystemRoleDocument],
) -> AdministrationDocument {
    let mut changes = BTreeMap::new();
    let mut exempt = Vec::new();
    for kind in rng.few(ChangeKind::EVERY, 2) {
        changes.insert(kind, rng.pick(paths).clone());
        let role = rng.any(roles).map(|role| role.id.clone());
        exempt.push(ExemptionDocument { change: kind, role });
    }
    AdministrationDocument {
        changes,
        account_roles: AccountRolesDocument {
            assign: rng.any(paths).cloned().filter(|_| rng.chance(50)),
            revoke: rng.any(paths).cloned().filter(|_| rng.chance(50)),
        },
        exempt,
        removal_revokes_nothing: rng.chance(20),
    }
}
