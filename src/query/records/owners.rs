//! Whose records a filter reaches: users, positions, and whole columns of owners.

use super::RecordFilter;
use crate::Scope;
use crate::id::{Brand, PositionId, UserId};

impl RecordFilter<'_> {
    /// The widest scope of the union, conditions aside.
    fn widest(&self) -> Option<Scope> {
        self.branches.iter().map(|it| it.scope).max()
    }

    /// Whether a record without an owner can be accepted: only `All` reaches one (S3).
    pub fn reaches_unowned(&self) -> bool {
        self.widest() == Some(Scope::All)
    }

    /// The users of the directory whose records can be accepted, conditions on properties aside and
    /// as long as a record does not state its owner's position itself. A bearer of a token who is no
    /// user of the directory is not among them, although their own records are reached.
    ///
    /// Costs a comparison of positions for each user of the account.
    pub fn owners(&self) -> impl Iterator<Item = UserId> + '_ {
        let state = self.engine.state();
        self.owner_numbers().map(|user| state.user_handle(user))
    }

    /// How many [`owners`](RecordFilter::owners) there are, at the same cost.
    pub fn owner_count(&self) -> usize {
        self.owner_numbers().count()
    }

    /// The positions whose holders' records can be accepted: those below the viewer's for `Reports`,
    /// the viewer's own too for `Peers`, every one for `All`; conditions aside.
    ///
    /// Costs a comparison for each position of the account.
    pub fn positions(&self) -> impl Iterator<Item = PositionId> + '_ {
        let state = self.engine.state();
        self.position_numbers()
            .map(|position| state.position_handle(position))
    }

    /// How many [`positions`](RecordFilter::positions) there are, at the same cost.
    pub fn position_count(&self) -> usize {
        self.position_numbers().count()
    }

    pub(super) fn owner_numbers(&self) -> impl Iterator<Item = u32> + '_ {
        let state = self.engine.state();
        let scope = self.widest();
        (0..state.user_numbers()).filter(move |&user| {
            state.user_record(user).is_some()
                && scope.is_some_and(|scope| self.reaches_user(user, scope))
        })
    }

    pub(super) fn position_numbers(&self) -> impl Iterator<Item = u32> + '_ {
        let state = self.engine.state();
        let scope = self.widest();
        (0..state.position_numbers()).filter(move |&position| {
            state.position_id(position).is_some()
                && scope.is_some_and(|scope| self.reaches_position(position, scope))
        })
    }

    /// Whether the records of a user are reached, by the position that the directory has (S1).
    pub(super) fn reaches_user(&self, user: u32, scope: Scope) -> bool {
        let position = self.engine.state().user_position(user);
        scope == Scope::All
            || self.viewer.user == Some(user)
            || position.is_some_and(|it| self.reaches_position(it, scope))
    }

    pub(super) fn reaches_position(&self, position: u32, scope: Scope) -> bool {
        let from = |own| match scope {
            Scope::Own => false,
            Scope::Reports => self.engine.state().stands_below(position, own),
            Scope::Peers => position == own || self.engine.state().stands_below(position, own),
            Scope::All => true,
        };
        scope == Scope::All || self.viewer.position.is_some_and(from)
    }

    /// The owners whose records are accepted, ready to filter whole columns of them, for records that
    /// do not state their owner's position themselves.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Engine, Timestamp, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [{ path = "orders", scopes = ["own", "peers", "all"] }]
    /// #     types = [{ id = "order" }]
    /// #     operations = [{ type = "order", action = "view", on = "record", allowed_by = ["orders"] }]
    /// # "#), Warnings::Refuse)?;
    /// # let policy = PolicyDocument::from_toml("p", r#"
    /// #     format = 2
    /// #     catalog_version = 1
    /// #     positions = [{ id = "lead" }, { id = "sales", reports_to = ["lead"] }]
    /// #     roles = [{ id = "seller", grants = [{ select = "orders", scope = "peers" }] }]
    /// # "#);
    /// # let directory = DirectoryDocument::from_toml("d", r#"
    /// #     format = 2
    /// #     users = [
    /// #       { id = "ann", position = "lead", roles = ["seller"] },
    /// #       { id = "bob", position = "sales" },
    /// #       { id = "cay" },
    /// #     ]
    /// # "#);
    /// # let engine = Engine::new(&catalog, policy, directory, Timestamp(0), Warnings::Refuse)?;
    /// let column = [engine.user("cay"), engine.user("bob"), None, engine.user("ann")];
    /// let hers = engine.records("ann", "order:view").expect("an operation on a record");
    /// let mut rows = Vec::new();
    /// hers.owner_set().expect("no conditions").select(&column, &mut rows);
    /// assert_eq!(rows, [1, 3]);
    /// # Ok::<(), bailiwick::Problems>(())
    /// ```
    ///
    /// Costs what [`owners`](RecordFilter::owners) costs, and a bit for each user.
    ///
    /// # Errors
    /// Where conditions read more of the record than its owner, so that the owner alone does not decide. (A
    /// set of all whose records *might* be accepted would let more through than `check`.)
    pub fn owner_set(&self) -> Result<OwnerSet, DependsOnProperties> {
        if !self.is_nothing() && self.depends_on_properties() {
            return Err(DependsOnProperties);
        }
        let state = self.engine.state();
        let reads_owner = self.tests().next().is_some();
        // A test of the owner fails of a record without one, and of an owner unknown to this account.
        let everybody = self.is_everything();
        let everybody = everybody || (!reads_owner && self.widest() == Some(Scope::All));
        let users = state.user_numbers() as usize;
        let empty = if everybody { u64::MAX } else { 0 };
        // One word more: what no user has the number of looks there.
        let mut words = vec![empty; users.div_ceil(WORD) + 1];
        let mut include = |user: u32| {
            if let Some(word) = words.get_mut(user as usize / WORD) {
                *word |= 1 << (user as usize % WORD);
            }
        };
        if reads_owner {
            let owned_by = |user: &u32| self.accepts_owner(*user);
            (0..state.user_numbers()).filter(owned_by).for_each(include);
            return Ok(OwnerSet {
                words,
                brand: state.user_brand(),
            });
        }
        let scope = self.widest().filter(|_| !everybody);
        match scope {
            None => {}
            Some(Scope::Own) => self.viewer.user.into_iter().for_each(&mut include),
            Some(_) => self.owner_numbers().for_each(&mut include),
        }
        Ok(OwnerSet {
            words,
            brand: state.user_brand(),
        })
    }
}

const WORD: usize = u64::BITS as usize;

/// Conditions of the filter read properties of the record: its owner alone does not decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("conditions read properties of the record, so that its owner alone does not decide")]
pub struct DependsOnProperties;

/// The owners whose records a filter accepts, as a bit for each user: made by
/// [`RecordFilter::owner_set`].
///
/// It filters columns of owners without a branch that depends on the data. An owner is a [`UserId`],
/// or an `Option` of one where records may be unowned; a handle of another account is an owner
/// unknown to this one, as in a check.
#[derive(Debug, Clone)]
pub struct OwnerSet {
    words: Vec<u64>,
    brand: Brand,
}

impl OwnerSet {
    /// Whether records of that owner are accepted.
    #[inline]
    pub fn contains(&self, owner: impl Into<Option<UserId>>) -> bool {
        self.bit(owner.into()) != 0
    }

    #[inline]
    fn bit(&self, owner: Option<UserId>) -> u64 {
        let number = owner
            .and_then(|it| it.index(self.brand))
            .unwrap_or(usize::MAX);
        let word = (number / WORD).min(self.words.len() - 1);
        let word = self.words.get(word).copied().unwrap_or(0);
        (word >> (number % WORD)) & 1
    }

    /// Appends the numbers of the rows whose owner is in the set, in ascending order. Rows past the
    /// first 2³² are not looked at.
    pub fn select<O: Copy + Into<Option<UserId>>>(&self, owners: &[O], rows: &mut Vec<u32>) {
        let mut found = [0_u32; WORD];
        let mut first = 0_u32;
        for chunk in owners.chunks(WORD) {
            let mut count = 0;
            for (owner, i) in chunk.iter().zip(0..) {
                // Every row is written; the next overwrites it unless it is to stay.
                if let Some(slot) = found.get_mut(count % WORD) {
                    *slot = first + i;
                }
                count += self.bit((*owner).into()) as usize;
            }
            rows.extend_from_slice(found.get(..count).unwrap_or(&found));
            match first.checked_add(WORD as u32) {
                Some(next) => first = next,
                None => break,
            }
        }
    }

    /// Appends a bit for each row, 64 to a word from the lowest up: set where its owner is in the set.
    pub fn mark<O: Copy + Into<Option<UserId>>>(&self, owners: &[O], bits: &mut Vec<u64>) {
        bits.extend(owners.chunks(WORD).map(|chunk| {
            let marked = chunk.iter().zip(0_u32..);
            marked.fold(0, |word, (owner, row)| {
                word | self.bit((*owner).into()) << row
            })
        }));
    }
}
