//! What a role, or a set of roles, grants and denies, as planes of bits.

use bitvec::prelude::{BitVec, Lsb0};

use super::State;
use crate::Scope;
use crate::catalog::Rights;

/// Five bits a permission, plane by plane: granted at least at Own, Reports, Peers, All; denied.
/// A union of roles is then one *or* over the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planes {
    permissions: usize,
    bits: BitVec<usize, Lsb0>,
}

/// By words: bit by bit, hashing took longer than all the rest of loading.
impl std::hash::Hash for Planes {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.bits.as_raw_slice().hash(state);
    }
}

const PLANES: usize = 5;
const DENIED: usize = 4;

impl Planes {
    pub(crate) fn none(permissions: usize) -> Planes {
        Planes {
            permissions,
            bits: BitVec::repeat(false, PLANES * permissions),
        }
    }

    pub(crate) fn of(rights: &Rights) -> Planes {
        let mut planes = Planes::none(rights.granted.len());
        for (permission, (&granted, &denied)) in
            rights.granted.iter().zip(&rights.denied).enumerate()
        {
            if let Some(scope) = Scope::from_u8(granted) {
                planes.grant(permission, scope);
            }
            if denied {
                planes
                    .bits
                    .set(DENIED * planes.permissions + permission, true);
            }
        }
        planes
    }

    pub(crate) fn grant(&mut self, permission: usize, scope: Scope) {
        for plane in 0..scope as usize {
            self.bits.set(plane * self.permissions + permission, true);
        }
    }

    /// Takes every grant away.
    pub(crate) fn keep_denies(&mut self) {
        self.bits[..DENIED * self.permissions].fill(false);
    }

    /// Roles unite, and denies unite (D3, D4).
    pub(crate) fn unite(&mut self, other: &Planes) {
        self.bits |= &other.bits;
    }

    fn bit(&self, plane: usize, permission: usize) -> bool {
        permission < self.permissions
            && self
                .bits
                .get(plane * self.permissions + permission)
                .is_some_and(|bit| *bit)
    }
}

/// Whoever is granted and denied permissions.
pub(crate) trait Holder {
    /// The widest scope granted, 0 for none (D3).
    fn granted(&self, permission: u16) -> u8;
    /// Whether a role denies it (D4).
    fn denied(&self, permission: u16) -> bool;
    /// Whether open operations are open to them (D9).
    fn is_everybody(&self) -> bool;
    /// Whether the permission is effective (D8).
    fn is_effective(&self, state: &State, permission: u16) -> bool;
}

impl Planes {
    pub(crate) fn granted(&self, permission: u16) -> u8 {
        let permission = permission as usize;
        (0..4_u8)
            .rev()
            .find(|plane| self.bit(*plane as usize, permission))
            .map_or(0, |plane| plane + 1)
    }

    pub(crate) fn denied(&self, permission: u16) -> bool {
        self.bit(DENIED, permission as usize)
    }
}
