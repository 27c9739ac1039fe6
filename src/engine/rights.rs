//! What a role, or a set of roles, grants and denies, as planes of bits.

use bitvec::prelude::{BitVec, Lsb0};

use super::State;
use super::cells::is_effective;
use crate::Scope;
use crate::catalog::Rights;

/// Five bits a permission, plane by plane: granted at least at Own, Reports, Peers, All; denied.
/// A union of roles is then one *or* over the words. Every plane begins with a word of its own.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
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
const REPORTS: usize = Scope::Reports as usize - 1;
const PEERS: usize = Scope::Peers as usize - 1;
const ALL: usize = Scope::All as usize - 1;
const DENIED: usize = 4;
const WORD: usize = usize::BITS as usize;

impl Planes {
    pub(crate) fn none(permissions: usize) -> Planes {
        Planes {
            permissions,
            bits: BitVec::repeat(false, PLANES * permissions.next_multiple_of(WORD)),
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
                planes.deny(permission);
            }
        }
        planes
    }

    fn stride(&self) -> usize {
        self.permissions.next_multiple_of(WORD)
    }

    pub(crate) fn grant(&mut self, permission: usize, scope: Scope) {
        let stride = self.stride();
        for plane in 0..scope as usize {
            self.bits.set(plane * stride + permission, true);
        }
    }

    pub(crate) fn deny(&mut self, permission: usize) {
        let stride = self.stride();
        self.bits.set(DENIED * stride + permission, true);
    }

    /// Takes every grant away.
    pub(crate) fn keep_denies(&mut self) {
        let stride = self.stride();
        self.bits[..DENIED * stride].fill(false);
    }

    /// Roles unite, and denies unite (D3, D4).
    pub(crate) fn unite(&mut self, other: &Planes) {
        let words = self.bits.as_raw_mut_slice().iter_mut();
        for (all, more) in words.zip(other.bits.as_raw_slice()) {
            *all |= more;
        }
    }

    fn bit(&self, plane: usize, permission: usize) -> bool {
        permission < self.permissions
            && self
                .bits
                .get(plane * self.stride() + permission)
                .is_some_and(|bit| *bit)
    }

    fn words(&self, plane: usize) -> &[usize] {
        let words = self.stride() / WORD;
        let all = self.bits.as_raw_slice();
        all.get(plane * words..(plane + 1) * words)
            .unwrap_or_default()
    }

    /// The permissions of which `select` leaves a bit, word by word.
    fn selected<'s>(
        &'s self,
        select: impl Fn(usize) -> usize + 's,
    ) -> impl Iterator<Item = u16> + 's {
        (0..self.stride() / WORD).flat_map(move |word| {
            let mut left = select(word);
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                left &= left.checked_sub(1)?;
                Some((word * WORD + bit) as u16)
            })
        })
    }

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

    /// What is granted and how far, denied or not.
    pub(crate) fn grants(&self) -> impl Iterator<Item = (u16, u8)> + '_ {
        let own = self.words(0);
        self.selected(|word| own.get(word).copied().unwrap_or(0))
            .map(|permission| (permission, self.granted(permission)))
    }

    /// What is granted further than in another.
    pub(crate) fn grants_beyond<'p>(
        &'p self,
        other: &'p Planes,
    ) -> impl Iterator<Item = (u16, u8)> + 'p {
        let further = self.grants();
        further.filter(|(permission, scope)| *scope > other.granted(*permission))
    }

    /// Whether everything granted, denied or not, is granted at All by another that does not deny it.
    pub(crate) fn is_within_all_of(&self, other: &Planes) -> bool {
        let held = other.words(ALL).iter().zip(other.words(DENIED));
        let both = self.words(0).iter().zip(held);
        both.into_iter()
            .all(|(granted, (all, denied))| granted & !(all & !denied) == 0)
    }

    /// What is granted at Reports or Peers: whose reach depends on positions.
    pub(crate) fn granted_between(&self) -> impl Iterator<Item = u16> + '_ {
        self.selected(|word| self.word(REPORTS, word) & !self.word(ALL, word))
    }

    /// What is granted at Peers.
    pub(crate) fn granted_at_peers(&self) -> impl Iterator<Item = u16> + '_ {
        self.selected(|word| self.word(PEERS, word) & !self.word(ALL, word))
    }

    fn word(&self, plane: usize, word: usize) -> usize {
        self.words(plane).get(word).copied().unwrap_or(0)
    }

    /// What is granted at any scope and not denied, of as many permissions as a word has bits.
    pub(crate) fn usable(&self, word: usize) -> usize {
        self.word(0, word) & !self.word(DENIED, word)
    }

    /// What is granted at any scope, and what is denied, of as many permissions as a word has bits.
    pub(crate) fn held(&self, word: usize) -> (usize, usize) {
        (self.word(0, word), self.word(DENIED, word))
    }

    /// Every bit: plane by plane, so that what has all bits of another contains it.
    pub(crate) fn raw(&self) -> &[usize] {
        self.bits.as_raw_slice()
    }

    /// How many bits are set.
    pub(crate) fn weight(&self) -> usize {
        let words = self.raw().iter();
        words.map(|word| word.count_ones() as usize).sum()
    }

    /// How many permissions are granted, and how many denied, together.
    pub(crate) fn breadth(&self) -> usize {
        let words = self.words(0).iter().chain(self.words(DENIED));
        words.map(|word| word.count_ones() as usize).sum()
    }

    /// The bits, in [`raw`](Planes::raw), of each permission's widest grant, and of what is denied.
    pub(crate) fn widest(&self) -> impl Iterator<Item = usize> + '_ {
        (0..PLANES).flat_map(move |plane| {
            let wider = move |word| match plane {
                ALL.. => 0,
                _ => self.word(plane + 1, word),
            };
            let widest = self.selected(move |word| self.word(plane, word) & !wider(word));
            widest.map(move |permission| plane * self.stride() + usize::from(permission))
        })
    }

    /// What is denied here and not in another.
    pub(crate) fn denied_beyond<'p>(&'p self, other: &'p Planes) -> impl Iterator<Item = u16> + 'p {
        self.selected(|word| self.word(DENIED, word) & !other.word(DENIED, word))
    }

    /// Returns whether another denies the same.
    pub(crate) fn has_same_denies(&self, other: &Planes) -> bool {
        self.words(DENIED) == other.words(DENIED)
    }

    /// Yields the permissions that are denied.
    pub(crate) fn denials(&self) -> impl Iterator<Item = u16> + '_ {
        self.selected(|word| self.word(DENIED, word))
    }

    /// Denies what is denied in one and not in another.
    pub(crate) fn deny_beyond(&mut self, one: &Planes, other: &Planes) {
        for permission in one.denied_beyond(other) {
            self.deny(usize::from(permission));
        }
    }

    /// Returns whether anything is granted, denied or not.
    pub(crate) fn grants_something(&self) -> bool {
        self.words(0).iter().any(|word| *word != 0)
    }

    pub(crate) fn denies_something(&self) -> bool {
        self.words(DENIED).iter().any(|word| *word != 0)
    }

    /// Returns whether another denies something that is granted here, denied here or not.
    pub(crate) fn grants_something_denied_by(&self, other: &Planes) -> bool {
        let words = self.words(0).iter().zip(other.words(DENIED));
        words
            .into_iter()
            .any(|(granted, denied)| granted & denied != 0)
    }

    /// Whether something is granted and not denied here that another denies.
    pub(crate) fn is_denied_something_by(&self, other: &Planes) -> bool {
        (0..self.stride() / WORD).any(|word| self.usable(word) & other.word(DENIED, word) != 0)
    }

    /// Whether something is granted here further than in another.
    pub(crate) fn is_granted_beyond(&self, other: &Planes) -> bool {
        (0..DENIED).any(|plane| {
            let words = self.words(plane).iter().zip(other.words(plane));
            words.into_iter().any(|(own, other)| own & !other != 0)
        })
    }
}

/// A user's, looked up as they are needed.
impl Holder for Planes {
    fn granted(&self, permission: u16) -> u8 {
        Planes::granted(self, permission)
    }

    fn denied(&self, permission: u16) -> bool {
        Planes::denied(self, permission)
    }

    fn usable(&self, word: usize) -> usize {
        Planes::usable(self, word)
    }

    fn is_everybody(&self) -> bool {
        true
    }

    fn is_effective(&self, state: &State, permission: u16) -> bool {
        is_effective(state, self, permission)
    }
}

/// Whoever is granted and denied permissions.
pub(crate) trait Holder {
    /// The widest scope granted, 0 for none (D3).
    fn granted(&self, permission: u16) -> u8;
    /// Whether a role denies it (D4).
    fn denied(&self, permission: u16) -> bool;
    /// What is granted at any scope and not denied, of as many permissions as a word has bits.
    fn usable(&self, word: usize) -> usize;
    /// Whether open operations are open to them (D9).
    fn is_everybody(&self) -> bool;
    /// Whether the permission is effective (D8).
    fn is_effective(&self, state: &State, permission: u16) -> bool;
}
