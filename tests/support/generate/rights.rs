//! What random roles grant and deny (D5, S5), in documents of this version and of earlier ones (D16).

use std::collections::BTreeMap;

use bailiwick::Scope;
use bailiwick::document::{DenialDocument, GrantDocument, PermissionDocument};

use super::super::history::Node;
use super::super::rng::Rng;
use super::Taste;

/// The tree that a document is written against, and what its nodes are today.
pub(super) struct Written<'a> {
    pub(super) tree: &'a [Node],
    /// By the node's number; what was retired since is missing.
    pub(super) today: BTreeMap<usize, &'a PermissionDocument>,
    /// Written against an earlier version: what is invalid by now is narrowed, not refused (D16).
    pub(super) older: bool,
}

impl Written<'_> {
    pub(super) fn rights(
        &self,
        rng: &mut Rng,
        taste: &Taste,
    ) -> (Vec<GrantDocument>, Vec<DenialDocument>) {
        let grants = (0..rng.range(0, 4))
            .filter_map(|_| self.grant(rng))
            .collect();
        let denies = match rng.chance(taste.denies) {
            true => (0..rng.range(1, 2)).map(|_| self.denial(rng)).collect(),
            false => Vec::new(),
        };
        (grants, denies)
    }

    fn grant(&self, rng: &mut Rng) -> Option<GrantDocument> {
        let node = rng.pick(self.tree);
        let wildcard = rng.chance(45);
        let except = match rng.chance(if wildcard { 30 } else { 4 }) {
            true => (0..rng.range(1, 2)).map(|_| self.taken(rng)).collect(),
            false => Vec::new(),
        };
        if wildcard {
            let scopes = [
                Scope::All,
                Scope::All,
                Scope::Peers,
                Scope::Reports,
                Scope::Reports,
                Scope::Own,
            ];
            return Some(GrantDocument {
                select: if rng.chance(40) {
                    "*".to_owned()
                } else {
                    format!("{}.*", node.path)
                },
                scope: rng.chance(80).then(|| *rng.pick(&scopes)),
                except,
            });
        }
        let scope = match self.today.get(&node.number) {
            // Retired: whatever it said, it is inert.
            None => rng.chance(50).then(|| *rng.pick(&Scope::EVERY)),
            Some(_) if self.older && rng.chance(25) => {
                rng.chance(70).then(|| *rng.pick(&Scope::EVERY))
            }
            Some(permission) if permission.adjustable.is_some() => match self.older {
                true => Some(*rng.pick(&Scope::EVERY)),
                false => return None,
            },
            Some(permission) => match permission.scopes.as_slice() {
                [] => rng.chance(50).then_some(Scope::All),
                [only] => rng.chance(50).then_some(*only),
                several => Some(*rng.pick(several)),
            },
        };
        Some(GrantDocument {
            select: node.path.clone(),
            scope,
            except,
        })
    }

    fn denial(&self, rng: &mut Rng) -> DenialDocument {
        DenialDocument {
            select: self.taken(rng),
            except: match rng.chance(35) {
                true => (0..rng.range(1, 2)).map(|_| self.taken(rng)).collect(),
                false => Vec::new(),
            },
        }
    }

    /// What a deny or an exception names.
    fn taken(&self, rng: &mut Rng) -> String {
        let path = &rng.pick(self.tree).path;
        match rng.below(20) {
            0 => "*".to_owned(),
            1..=5 => format!("{path}.*"),
            _ => path.clone(),
        }
    }
}

/// What each node of the history is today, by its number.
pub(super) fn today<'a>(
    tree: &[Node],
    permissions: &'a [PermissionDocument],
) -> BTreeMap<usize, &'a PermissionDocument> {
    tree.iter()
        .filter_map(|node| {
            Some((
                node.number,
                permissions.iter().find(|it| it.path == node.path)?,
            ))
        })
        .collect()
}
