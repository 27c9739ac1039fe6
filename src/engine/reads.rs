//! Which cells can be other than those of somebody without rights, by what is granted (I8).

use crate::catalog::{EVERYBODY, Model};

/// An index of a catalog's permissions, as long as the catalog.
#[derive(Default)]
pub(crate) struct Reads {
    /// The place of each permission that requires others, in the order that puts prerequisites first. The
    /// first in that order requires nothing: 0 stands for all that require nothing.
    ranks: Box<[u16]>,
    /// Where the operations of each permission begin, and after all where the last end.
    starts: Box<[u32]>,
    operations: Box<[u16]>,
}

impl Reads {
    pub(super) fn of(model: &Model) -> Reads {
        let mut ranks = vec![0; model.permissions.len()];
        for (permission, rank) in model.prerequisites_first.iter().zip(0..) {
            let known = model.permissions.get(*permission as usize);
            if known.is_some_and(|it| !it.requires.is_empty())
                && let Some(slot) = ranks.get_mut(*permission as usize)
            {
                *slot = rank;
            }
        }
        let mut reads: Vec<(u16, u16)> = Vec::with_capacity(model.pairs.len());
        for (operation, index) in model.operations.iter().zip(0..) {
            let pairs = operation.pairs.start as usize..operation.pairs.end as usize;
            for pair in model.pairs.get(pairs).into_iter().flatten() {
                if pair.permission == EVERYBODY {
                    let required = pair.requires.iter().chain(&operation.requires);
                    reads.extend(required.map(|permission| (*permission, index)));
                } else {
                    reads.push((pair.permission, index));
                }
            }
        }
        reads.sort_unstable();
        let starts = (0..=ranks.len()).map(|permission| {
            reads.partition_point(|(reading, _)| usize::from(*reading) < permission) as u32
        });
        Reads {
            starts: starts.collect(),
            operations: reads.iter().map(|(_, operation)| *operation).collect(),
            ranks: ranks.into(),
        }
    }

    /// The place of a permission among those that require others; `None` if it requires nothing.
    pub(super) fn rank(&self, permission: u16) -> Option<u16> {
        let rank = self.ranks.get(permission as usize).copied();
        rank.filter(|rank| *rank != 0)
    }

    /// The operations whose cells can change with a grant of that permission, some of them twice.
    ///
    /// A pair whose own permission is not granted denies for that reason, whatever else is granted, denied,
    /// required or enabled. That of an open operation stands for a permission that everybody has: it reads
    /// what it requires, and of these the first that is not granted is the reason. Denies, what permissions
    /// themselves require, and what narrows them are read only once something is granted.
    pub(super) fn operations(&self, permission: u16) -> &[u16] {
        let bound = |at: usize| self.starts.get(at).map(|it| *it as usize);
        let permission = usize::from(permission);
        let bounds = bound(permission).zip(bound(permission + 1));
        bounds
            .and_then(|(start, end)| self.operations.get(start..end))
            .unwrap_or_default()
    }
}
