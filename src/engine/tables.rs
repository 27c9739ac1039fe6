//! The tables of cells: a row for each access set, a column for each operation, and for each pair (D8, D9).
//!
//! There are two kinds of tables, and they answer alike. Small ones are dense: a cell is an index away. Large
//! ones are packed ([`Palettes`]): thousands of people whose rights all differ, over thousands of operations,
//! would fill hundreds of megabytes with cells that are nearly all those of somebody without rights. Loading
//! packed tables works out only the cells that something granted can change ([`Reads`](super::reads::Reads)).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::State;
use super::cells::{self, Cell};
use super::palettes::{Filling, Palettes, TooMany};
use super::rights::Planes;
use crate::chunked::{Filled, Rows};

/// Dense where each takes less than about a megabyte, and packed otherwise.
///
/// A check looks into the dense table of operations first. Where they are packed it is empty, and the bound
/// that is kept anyway leads to the packed one: checks on small tables pay nothing.
#[derive(Clone)]
pub(crate) struct Tables {
    operations: Rows<Cell>,
    pairs: Rows<Cell>,
    packed: Option<Arc<Packed>>,
}

#[derive(Clone)]
struct Packed {
    operations: Palettes,
    pairs: Palettes,
}

/// The most cells of a table that is kept dense. (Checks of smaller ones took up to a nanosecond longer by
/// palettes.)
pub(crate) const DENSE: usize = 1 << 17;

impl Default for Tables {
    fn default() -> Self {
        Tables {
            operations: Rows::new(0),
            pairs: Rows::new(0),
            packed: None,
        }
    }
}

impl Tables {
    /// The tables of that many access sets with these rights; packed where one has more cells than `dense`.
    pub(crate) fn compile<'p>(
        state: &State,
        many: usize,
        sets: impl Iterator<Item = &'p Planes> + Clone,
        dense: usize,
    ) -> Tables {
        if many * columns(state) > dense
            && let Ok(packed) = Packed::compile(state, sets.clone())
        {
            return Tables {
                packed: Some(Arc::new(packed)),
                ..Tables::default()
            };
        }
        let model = state.model();
        let mut operations = Filled::new(model.operations.len());
        let mut pairs = Filled::new(model.pairs.len());
        for rights in sets {
            let (of_operations, of_pairs) = cells::rows(state, rights);
            operations.push(&of_operations);
            pairs.push(&of_pairs);
        }
        Tables {
            operations: operations.finish(),
            pairs: pairs.finish(),
            packed: None,
        }
    }

    /// The tables of all access sets of the account.
    pub(crate) fn of_every_set(state: &State, dense: usize) -> Tables {
        let many = state.sets.numbers() as usize;
        Tables::compile(state, many, state.sets.every_rights(), dense)
    }

    /// The same tables for a state in which every row may be another.
    pub(crate) fn anew(&self, state: &State) -> Tables {
        // Access sets do not become fewer.
        let dense = if self.is_packed() { 0 } else { DENSE };
        Tables::of_every_set(state, dense)
    }

    #[inline]
    pub(crate) fn is_packed(&self) -> bool {
        self.packed.is_some()
    }

    /// The cell of an operation in the packed tables, or in the dense ones. `None` if they are of the other kind.
    #[inline(always)]
    pub(crate) fn operation_in<const PACKED: bool>(
        &self,
        set: usize,
        operation: u16,
    ) -> Option<Cell> {
        if PACKED {
            let packed = self.packed.as_ref()?;
            return packed.operations.get(set, operation as usize);
        }
        self.operations.get(set, operation as usize)
    }

    pub(crate) fn pair(&self, set: usize, pair: u16) -> Option<Cell> {
        match &self.packed {
            None => self.pairs.get(set, pair as usize),
            Some(packed) => packed.pairs.get(set, pair as usize),
        }
    }

    /// Works out the rows of access sets that are new, or whose rights changed.
    pub(crate) fn write(&mut self, state: &State, sets: &BTreeSet<u32>) {
        if sets.is_empty() {
            return;
        }
        let rights = |set: &u32| Some((*set, state.sets.rights(*set as usize)?));
        let changed = sets.iter().filter_map(rights);
        if let Some(packed) = self.packed.take() {
            match Arc::unwrap_or_clone(packed).filled(state, changed) {
                Ok(filled) => self.packed = Some(Arc::new(filled)),
                // Without the cells that were in use once; dense where those of today are too many.
                Err(TooMany) => *self = Tables::of_every_set(state, 0),
            }
            return;
        }
        // Those that are dense although they are large could not be packed.
        let before = self.operations.len() * columns(state);
        if before <= DENSE && state.sets.numbers() as usize * columns(state) > DENSE {
            *self = Tables::of_every_set(state, DENSE);
            return;
        }
        for (set, rights) in changed {
            let (operations, pairs) = cells::rows(state, rights);
            self.operations.set(set as usize, &operations);
            self.pairs.set(set as usize, &pairs);
        }
    }
}

/// The columns of the larger table.
fn columns(state: &State) -> usize {
    let model = state.model();
    model.operations.len().max(model.pairs.len())
}

impl Packed {
    fn compile<'p>(
        state: &State,
        sets: impl Iterator<Item = &'p Planes>,
    ) -> Result<Packed, TooMany> {
        let nobody = &state.model().common.no_rights;
        let (operations, pairs) = cells::rows(state, nobody);
        let empty = Packed {
            operations: Palettes::new(&operations)?,
            pairs: Palettes::new(&pairs)?,
        };
        empty.filled(state, (0..).zip(sets))
    }

    fn filled<'p>(
        self,
        state: &State,
        rows: impl Iterator<Item = (u32, &'p Planes)>,
    ) -> Result<Packed, TooMany> {
        let mut operations = Filling::new(self.operations);
        let mut pairs = Filling::new(self.pairs);
        let mut touched = cells::Touched::default();
        for (set, rights) in rows {
            touched.work_out(state, rights);
            operations.set(set, &touched.operations)?;
            pairs.set(set, &touched.pairs)?;
        }
        Ok(Packed {
            operations: operations.finish()?,
            pairs: pairs.finish()?,
        })
    }
}

#[cfg(all(test, feature = "toml"))]
mod tests {
    use super::*;
    use crate::document::{
        CatalogDocument, DirectoryDocument, PolicyDocument, RoleDocument, UserDocument,
    };
    use crate::{Catalog, Engine, Scope, Timestamp, Warnings};

    /// Everything that a cell reads: prerequisites of permissions, pairs and operations, open operations,
    /// features of all of them, scopes that narrow, operations on the type, several pairs.
    const CATALOG: &str = r#"
        format = 1
        id = "c"
        version = 1
        features = [{ id = "f" }, { id = "g" }]
        types = [{ id = "t", properties = { n = "integer" } }, { id = "u" }]
        permissions = [
            { path = "a", scopes = ["own", "reports", "peers", "all"] },
            { path = "a.b", scopes = ["own", "all"], requires = ["a"] },
            { path = "a.b.c", scopes = ["own", "all"], requires = ["a.b"], features = ["f"] },
            { path = "d", features = ["f"] },
            { path = "d.e", requires = ["a.b.c", "h"] },
            { path = "h" },
            { path = "i", scopes = ["own", "all"] },
        ]
        operations = [
            { type = "t", action = "a", on = "record", allowed_by = ["a"] },
            { type = "t", action = "b", on = "record", allowed_by = ["a.b", "d.e"] },
            { type = "t", action = "c", on = "record", allowed_by = ["a.b.c"], requires = ["d"] },
            { type = "t", action = "d", on = "type", allowed_by = ["d", { permission = "h", requires = ["i"] }] },
            { type = "t", action = "e", on = "type", allowed_by = [{ permission = "d.e", features = ["g"] }] },
            { type = "t", action = "h", on = "record", allowed_by = ["h"], when = [[{ resource = "n", is = 1 }]] },
            { type = "t", action = "o", on = "record", open = true, requires = ["a", "h"] },
            { type = "u", action = "o", on = "record", open = true },
            { type = "u", action = "p", on = "type", open = true, features = ["g"], requires = ["d.e"] },
            { type = "u", action = "i", on = "record", allowed_by = ["i", "a"], features = ["f"] },
        ]
    "#;
    const PATHS: [&str; 7] = ["a", "a.b", "a.b.c", "d", "d.e", "h", "i"];

    /// A number below another, by a splitmix64 generator.
    fn below(state: &mut u64, n: u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn engine(catalog: &Catalog, random: &mut u64) -> Engine {
        let model = &catalog.0;
        let mut policy = PolicyDocument::new(1);
        policy.features = ["f", "g"].map(str::to_owned).into();
        policy.features.retain(|_| below(random, 2) == 0);
        for role in 0..6 {
            let mut role = RoleDocument::new(format!("role-{role}"));
            for (path, permission) in PATHS.iter().zip(&model.permissions) {
                if below(random, 3) > 0 {
                    let scopes: Vec<Scope> = permission.scopes.iter().collect();
                    let scope = scopes[below(random, scopes.len() as u64) as usize];
                    role = role.grant((*path, scope));
                }
                if below(random, 12) == 0 {
                    role = role.deny(*path);
                }
            }
            policy.roles.push(role);
        }
        let users = (0..40).map(|user| {
            let roles = (0..6).filter(|_| below(random, 4) == 0);
            let user = UserDocument::new(format!("user-{user}"));
            roles.fold(user, |user, role| user.role(format!("role-{role}")))
        });
        let directory = DirectoryDocument::new(users);
        let ignored = Warnings::Into(&mut Vec::new());
        Engine::new(catalog, policy, directory, Timestamp(0), ignored).expect("a sound account")
    }

    fn cells(state: &State) -> Vec<Option<Cell>> {
        let model = state.model();
        let sets = 0..=state.sets.numbers() as usize;
        let of_set = |set: usize| {
            let operations = (0..=model.operations.len() as u16).map(move |operation| {
                let dense = state.cells.operation_in::<false>(set, operation);
                dense.or_else(|| state.cells.operation_in::<true>(set, operation))
            });
            let pairs = (0..=model.pairs.len() as u16).map(move |pair| state.cells.pair(set, pair));
            operations.chain(pairs)
        };
        sets.flat_map(of_set).collect()
    }

    #[test]
    fn packed_tables_hold_what_dense_ones_do() {
        let catalog = CatalogDocument::from_toml("c.toml", CATALOG);
        let catalog = Catalog::new(catalog, Warnings::Refuse).expect("a sound catalog");
        let mut random = 3;
        let mut different = BTreeSet::new();
        for _ in 0..200 {
            let dense = engine(&catalog, &mut random);
            let packed = dense.packed();
            assert!(dense.0.cells.packed.is_none() && packed.0.cells.packed.is_some());
            let (expected, found) = (cells(&dense.0), cells(&packed.0));
            assert_eq!(found, expected);
            different.extend(expected);
        }
        assert!(different.len() > 100, "{} different cells", different.len());
    }

    #[test]
    fn palettes_without_a_code_to_spare_are_made_anew() {
        let catalog = CatalogDocument::from_toml("c.toml", CATALOG);
        let catalog = Catalog::new(catalog, Warnings::Refuse).expect("a sound catalog");
        let mut random = 5;
        for _ in 0..20 {
            let packed = engine(&catalog, &mut random).packed();
            let expected = cells(&packed.0);
            let mut tables = packed.0.cells.clone();
            let used_up = tables.packed.as_mut().map(Arc::make_mut);
            let used_up = used_up.expect("it is packed");
            used_up.operations.use_up();
            used_up.pairs.use_up();
            let mut state = State::clone(&packed.0);
            tables.write(&state, &(0..state.sets.numbers()).collect());
            assert!(tables.is_packed());
            state.cells = tables;
            assert_eq!(cells(&state), expected);
        }
    }
}
