//! What a role, or a set of roles, grants and denies, as planes of bits.

use std::hash::{Hash, Hasher};

use super::State;
use super::cells::is_effective;
use crate::Scope;
use crate::catalog::Rights;

/// Five bits a permission, plane by plane: granted at least at Own, Reports, Peers, All; denied.
/// A union of roles is then one *or* over the words. Every plane begins with a word of its own.
///
/// A plane without a bit takes no room, and planes that are alike are stored once: of somebody who is
/// granted everything at `All` and denied nothing, one is left of the five.
#[derive(Debug, Default, Clone)]
pub(crate) struct Planes {
    permissions: usize,
    /// Which of the stored planes each plane is, counted from 1; 0 if the plane has no bit. Every
    /// stored plane is in use.
    stored: [u8; PLANES],
    words: Vec<usize>,
}

const PLANES: usize = 5;
const REPORTS: usize = Scope::Reports as usize - 1;
const PEERS: usize = Scope::Peers as usize - 1;
const ALL: usize = Scope::All as usize - 1;
const DENIED: usize = 4;
const WORD: usize = usize::BITS as usize;

/// By what they say, however it is stored.
impl PartialEq for Planes {
    fn eq(&self, other: &Planes) -> bool {
        if self.permissions != other.permissions {
            return false;
        }
        if self.stored == other.stored {
            return self.words == other.words;
        }
        (0..PLANES).all(|plane| {
            let mut words = 0..self.stride();
            words.all(|word| self.word(plane, word) == other.word(plane, word))
        })
    }
}

impl Eq for Planes {}

/// By words: bit by bit, hashing took longer than all the rest of loading.
impl Hash for Planes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for plane in 0..PLANES {
            let words = self.words(plane).iter().enumerate();
            for (place, word) in words.filter(|(_, word)| **word != 0) {
                state.write_usize(plane << 16 | place);
                state.write_usize(*word);
            }
        }
    }
}

impl Planes {
    pub(crate) fn none(permissions: usize) -> Planes {
        Planes {
            permissions,
            ..Planes::default()
        }
    }

    pub(crate) fn of(rights: &Rights) -> Planes {
        let mut planes = Planes::none(rights.granted.len());
        let stride = planes.stride();
        // All of them, until what is alike and what is empty is known.
        planes.stored = [1, 2, 3, 4, 5];
        planes.words = vec![0; PLANES * stride];
        let bits = rights.granted.iter().zip(&rights.denied);
        for (permission, (&granted, &denied)) in bits.enumerate() {
            let (word, bit) = (permission / WORD, 1 << (permission % WORD));
            let granted = 0..usize::from(granted).min(DENIED);
            for plane in granted.chain(denied.then_some(DENIED)) {
                if let Some(word) = planes.words.get_mut(plane * stride + word) {
                    *word |= bit;
                }
            }
        }
        planes.share();
        planes
    }

    /// The words of a plane.
    fn stride(&self) -> usize {
        self.permissions.div_ceil(WORD)
    }

    pub(crate) fn grant(&mut self, permission: usize, scope: Scope) {
        for plane in 0..scope as usize {
            self.set(plane, permission);
        }
    }

    pub(crate) fn deny(&mut self, permission: usize) {
        self.set(DENIED, permission);
    }

    fn set(&mut self, plane: usize, permission: usize) {
        if let Some(word) = self.own(plane).get_mut(permission / WORD) {
            *word |= 1 << (permission % WORD);
        }
    }

    /// A plane to write to: no other is stored in its place.
    fn own(&mut self, plane: usize) -> &mut [usize] {
        let stride = self.stride();
        let stored = self.stored[plane];
        let others = self.stored.iter().filter(|it| **it == stored).count() - 1;
        if stored == 0 || others > 0 {
            self.stored[plane] = 1 + (self.words.len() / stride.max(1)) as u8;
            match stored.checked_sub(1).map(usize::from) {
                None => self.words.resize(self.words.len() + stride, 0),
                Some(at) => self
                    .words
                    .extend_from_within(at * stride..(at + 1) * stride),
            }
        }
        let at = usize::from(self.stored[plane]) - 1;
        self.words
            .get_mut(at * stride..(at + 1) * stride)
            .unwrap_or_default()
    }

    /// Stores planes that are alike once.
    pub(crate) fn share(&mut self) {
        let mut shared = Planes::none(self.permissions);
        let mut before: &[usize] = &[];
        for plane in 0..PLANES {
            let words = self.words(plane);
            if words.iter().all(|word| *word == 0) {
                continue;
            }
            if words != before {
                shared.words.extend_from_slice(words);
                before = words;
            }
            shared.stored[plane] = (shared.words.len() / self.stride()) as u8;
        }
        if shared.words.len() < self.words.len() {
            shared.words.shrink_to_fit();
            *self = shared;
        }
    }

    /// Takes every grant away.
    pub(crate) fn keep_denies(&mut self) {
        let mut denies = Planes::none(self.permissions);
        if self.denies_something() {
            denies.own(DENIED).copy_from_slice(self.words(DENIED));
        }
        *self = denies;
    }

    /// Roles unite, and denies unite (D3, D4).
    pub(crate) fn unite(&mut self, other: &Planes) {
        if self.stored == other.stored {
            // Where two planes of each are alike, those of the union are.
            for (all, more) in self.words.iter_mut().zip(&other.words) {
                *all |= more;
            }
            return;
        }
        for plane in 0..PLANES {
            let more = other.words(plane);
            if more.is_empty() {
                continue;
            }
            for (all, more) in self.own(plane).iter_mut().zip(more) {
                *all |= more;
            }
        }
        self.share();
    }

    fn bit(&self, plane: usize, permission: usize) -> bool {
        self.word(plane, permission / WORD) >> (permission % WORD) & 1 != 0
    }

    /// A word of a plane; 0 of one that is not stored, and past the end.
    fn word(&self, plane: usize, word: usize) -> usize {
        let stride = self.stride();
        let stored = self.stored.get(plane).copied().unwrap_or(0);
        if stored == 0 || word >= stride {
            return 0;
        }
        let place = (usize::from(stored) - 1) * stride + word;
        self.words.get(place).copied().unwrap_or(0)
    }

    /// The words of a plane; none where it has no bit.
    fn words(&self, plane: usize) -> &[usize] {
        let stride = self.stride();
        let stored = self.stored.get(plane).copied().unwrap_or(0);
        let stored = stored.checked_sub(1).map(usize::from);
        stored
            .and_then(|at| self.words.get(at * stride..(at + 1) * stride))
            .unwrap_or_default()
    }

    /// The permissions of which `select` leaves a bit, word by word.
    fn selected<'s>(
        &'s self,
        select: impl Fn(usize) -> usize + 's,
    ) -> impl Iterator<Item = u16> + 's {
        (0..self.stride()).flat_map(move |word| {
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
        // Most permissions are not granted at all.
        if !self.bit(0, permission) {
            return 0;
        }
        let further = (1..4_u8).rev();
        let mut further = further.filter(|plane| self.bit(*plane as usize, permission));
        further.next().map_or(1, |plane| plane + 1)
    }

    pub(crate) fn denied(&self, permission: u16) -> bool {
        self.bit(DENIED, permission as usize)
    }

    /// What is granted at any scope, denied or not.
    pub(crate) fn granted_permissions(&self) -> impl Iterator<Item = u16> + '_ {
        let own = self.words(0);
        self.selected(|word| own.get(word).copied().unwrap_or(0))
    }

    /// What is granted and how far, denied or not.
    pub(crate) fn grants(&self) -> impl Iterator<Item = (u16, u8)> + '_ {
        self.granted_permissions()
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
        let mut granted = self.words(0).iter().enumerate();
        granted.all(|(word, granted)| {
            let held = other.word(ALL, word) & !other.word(DENIED, word);
            granted & !held == 0
        })
    }

    /// What is granted at Reports or Peers: whose reach depends on positions.
    pub(crate) fn granted_between(&self) -> impl Iterator<Item = u16> + '_ {
        self.selected(|word| self.word(REPORTS, word) & !self.word(ALL, word))
    }

    /// What is granted at Peers.
    pub(crate) fn granted_at_peers(&self) -> impl Iterator<Item = u16> + '_ {
        self.selected(|word| self.word(PEERS, word) & !self.word(ALL, word))
    }

    /// What is granted at any scope and not denied, of as many permissions as a word has bits.
    pub(crate) fn usable(&self, word: usize) -> usize {
        self.word(0, word) & !self.word(DENIED, word)
    }

    /// What is granted at any scope, and what is denied, of as many permissions as a word has bits.
    pub(crate) fn held(&self, word: usize) -> (usize, usize) {
        (self.word(0, word), self.word(DENIED, word))
    }

    /// How many words all planes have together, one plane behind the other, stored or not.
    pub(crate) fn word_count(&self) -> usize {
        PLANES * self.stride()
    }

    /// One of the words of all planes: what has all bits of another in each contains it.
    pub(crate) fn nth_word(&self, place: usize) -> usize {
        let stride = self.stride().max(1);
        self.word(place / stride, place % stride)
    }

    /// How many bits are set.
    pub(crate) fn weight(&self) -> usize {
        let words = (0..PLANES).flat_map(|plane| self.words(plane));
        words.map(|word| word.count_ones() as usize).sum()
    }

    /// How many permissions are granted, and how many denied, together.
    pub(crate) fn breadth(&self) -> usize {
        let words = self.words(0).iter().chain(self.words(DENIED));
        words.map(|word| word.count_ones() as usize).sum()
    }

    /// The bits, in the words of all planes, of each permission's widest grant, and of what is denied.
    pub(crate) fn widest(&self) -> impl Iterator<Item = usize> + '_ {
        (0..PLANES).flat_map(move |plane| {
            let wider = move |word| match plane {
                ALL.. => 0,
                _ => self.word(plane + 1, word),
            };
            let widest = self.selected(move |word| self.word(plane, word) & !wider(word));
            widest.map(move |permission| plane * self.stride() * WORD + usize::from(permission))
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
        (0..self.stride()).any(|word| self.usable(word) & other.word(DENIED, word) != 0)
    }

    /// Whether something is granted here further than in another.
    pub(crate) fn is_granted_beyond(&self, other: &Planes) -> bool {
        (0..DENIED).any(|plane| {
            let mut own = self.words(plane).iter().enumerate();
            own.any(|(word, own)| own & !other.word(plane, word) != 0)
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
