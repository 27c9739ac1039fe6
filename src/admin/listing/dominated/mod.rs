//! Roles that another makes superfluous.

mod rows;
mod stated;

use std::collections::HashMap;
use std::fmt;

use serde::Serialize;

use super::review::Closure;
use crate::document::problem::quoted;
use crate::engine::State;
use rows::{Columns, Frequency, Rows, WORD};
use stated::{Inheritance, Part, Stated};

/// The roles that others make superfluous, by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DominatedRoles<'e> {
    /// The roles.
    pub roles: Vec<DominatedRole<'e>>,
    /// How many roles were compared with each other. Where that would take more steps than
    /// [`ROLE_COMPARISONS`](crate::limits::ROLE_COMPARISONS) for all, the last ones are left out.
    pub compared: usize,
    /// How many there are that grant or deny something.
    pub of: usize,
}

impl DominatedRoles<'_> {
    /// Returns whether all roles were compared.
    pub fn is_whole(&self) -> bool {
        self.compared == self.of
    }
}

/// A role that another makes superfluous, for whoever has both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DominatedRole<'e> {
    /// The role.
    pub role: &'e str,
    /// The role that dominates it: of those that do not inherit it, where there are any, the one that
    /// grants and denies the fewest permissions, then by id.
    pub by: &'e str,
    /// Whether that one inherits it, at any depth: so do all that dominate it, then.
    pub inherited: bool,
    /// How many roles dominate it.
    pub dominators: usize,
}

impl fmt::Display for DominatedRole<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (role, by) = (quoted(self.role), quoted(self.by));
        write!(
            f,
            "role {role} grants and denies nothing that {by} does not"
        )?;
        match self.inherited {
            true => f.write_str(", which inherits it"),
            false => Ok(()),
        }
    }
}

/// Finds the dominated roles. Roles of one group have equal rights; no two groups do; none is empty.
///
/// Every role is a column. What dominates a group are the columns that have all its rights: the rows of these,
/// a bit for each column, are intersected, the one with the fewest bits first, and of the others only those
/// words that are not empty yet. What a role inherits was intersected for its juniors, so that a role costs
/// what it states itself. Columns stand in the order in which they are named, so that the first bit is the role
/// to name.
pub(super) fn dominated<'e>(
    state: &State,
    groups: &[Vec<&Closure<'e>>],
    most: u64,
) -> DominatedRoles<'e> {
    let of = groups.iter().map(Vec::len).sum();
    let inheritance = Inheritance::of(state);
    let frequency = Frequency::of(state, groups);
    let groups = frequency.within(state, groups, inheritance.edges, most);
    let columns = Columns::of(groups);
    let stated = Stated::of(state, groups);
    let mut found = vec![Found::default(); state.role_numbers() as usize];
    let tables = frequency.rows + inheritance.juniors + stated.inherited.len();
    for pass in columns.passes(tables) {
        let rows = Rows::of(&columns, &pass, &frequency);
        let seniors = inheritance.rows(&columns, &pass);
        let mut having: HashMap<usize, Vec<usize>> = HashMap::new();
        for &number in &stated.juniors_first {
            let (mut own, mut inherited) = (Vec::new(), Vec::new());
            for part in stated.parts(state, number) {
                match part {
                    Part::Rights(planes) => own.extend(planes.widest()),
                    Part::Group(group) => inherited.extend(having.get(&group)),
                }
            }
            own.sort_unstable_by_key(|right| frequency.times(*right));
            let all = rows.having(&own, &inherited);
            if stated.inherited.contains(&number) {
                let mut row = vec![0; pass.len()];
                for &(word, bits) in &all {
                    if let Some(place) = row.get_mut(word) {
                        *place = bits;
                    }
                }
                having.insert(number, row);
            }
            let dominators = without(all, columns.of_group(number, &pass));
            for role in groups.get(number).into_iter().flatten() {
                if let Some(found) = found.get_mut(role.role as usize) {
                    found.add(&dominators, seniors.of(role.role), pass.start * WORD);
                }
            }
        }
    }
    let roles = groups.iter().flatten();
    let dominated = roles.filter_map(|role| {
        let found = found.get(role.role as usize)?;
        let by = found.other.or(found.first)?;
        Some(DominatedRole {
            role: role.id,
            by: columns.roles.get(by)?.id,
            inherited: found.other.is_none(),
            dominators: found.dominators,
        })
    });
    let mut dominated: Vec<DominatedRole<'e>> = dominated.collect();
    dominated.sort_unstable_by_key(|it| it.role);
    DominatedRoles {
        roles: dominated,
        compared: groups.iter().map(Vec::len).sum(),
        of,
    }
}

/// Columns by word, but for some.
fn without(
    mut columns: Vec<(usize, usize)>,
    own: impl Iterator<Item = (usize, usize)>,
) -> Vec<(usize, usize)> {
    for (word, bit) in own {
        if let Ok(place) = columns.binary_search_by_key(&word, |it| it.0)
            && let Some((_, bits)) = columns.get_mut(place)
        {
            *bits &= !bit;
        }
    }
    columns.retain(|(_, bits)| *bits != 0);
    columns
}

/// What was found so far to dominate a role.
#[derive(Clone, Default)]
struct Found {
    dominators: usize,
    /// The first column that dominates it, and the first of those that do not inherit it.
    first: Option<usize>,
    other: Option<usize>,
}

impl Found {
    /// The dominators in a pass, by word, and the columns of the pass that inherit the role.
    fn add(&mut self, dominators: &[(usize, usize)], seniors: &[usize], start: usize) {
        for &(word, bits) in dominators {
            let column = |bits: usize| start + word * WORD + bits.trailing_zeros() as usize;
            let others = bits & !seniors.get(word).copied().unwrap_or(0);
            self.dominators += bits.count_ones() as usize;
            self.first = self.first.or(Some(column(bits)));
            if others != 0 {
                self.other = self.other.or(Some(column(others)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::admin::listing::review::{alike, closures};
    use std::collections::HashSet;

    use super::*;
    use crate::document::{DirectoryDocument, PolicyDocument, RoleDocument};
    use crate::engine::Planes;
    use crate::{Catalog, Engine, Scope, Timestamp, Warnings};

    /// Sixty roles, each of a few of eight permissions, and some that inherit others.
    fn roles() -> Vec<RoleDocument> {
        let role = |i: usize| {
            let granted = (0..8).filter(|bit| ((i * 37) >> bit) & 1 != 0);
            let role = granted.fold(RoleDocument::new(format!("r{i:02}")), |role, bit| {
                role.grant((&*format!("p{bit}"), Scope::EVERY[i % 4]))
            });
            match i % 3 {
                0 if i > 0 => role.inherit(format!("r{:02}", i - 2)),
                1 => role.deny("p8"),
                _ => role,
            }
        };
        (0..60).map(role).collect()
    }

    fn engine(roles: Vec<RoleDocument>) -> Engine {
        let paths: String = (0..9)
            .map(|i| {
                format!(
                    "{{ path = \"p{i}\", scopes = [\"own\", \"reports\", \"peers\", \"all\"] }},"
                )
            })
            .collect();
        let catalog = crate::document::CatalogDocument::from_toml(
            "c",
            &format!("format = 2\nid = \"c\"\nversion = 1\npermissions = [{paths}]"),
        );
        let catalog = Catalog::new(catalog, Warnings::Into(&mut Vec::new())).unwrap();
        let policy = PolicyDocument {
            roles,
            ..PolicyDocument::new(1)
        };
        let nobody = DirectoryDocument::new([]);
        let warnings = Warnings::Into(&mut Vec::new());
        Engine::new(&catalog, policy, nobody, Timestamp(0), warnings).unwrap()
    }

    /// By the definition, of some roles alone.
    fn by_definition<'e>(state: &'e State, roles: &[&Closure<'e>]) -> Vec<DominatedRole<'e>> {
        let is_within = |one: &Planes, other: &Planes| {
            !one.is_granted_beyond(other) && one.denied_beyond(other).next().is_none()
        };
        let dominated = roles.iter().filter_map(|role| {
            let wider = |it: &&&Closure<'e>| {
                is_within(role.rights, it.rights) && !is_within(it.rights, role.rights)
            };
            let dominators: Vec<_> = roles.iter().filter(wider).collect();
            let named = dominators.iter().map(|it| {
                let inherits = state.roles_below(it.role).contains(&role.role);
                (inherits, it.rights.breadth(), it.id)
            });
            let (inherited, _, by) = named.min()?;
            Some(DominatedRole {
                role: role.id,
                by,
                inherited,
                dominators: dominators.len(),
            })
        });
        let mut dominated: Vec<DominatedRole<'e>> = dominated.collect();
        dominated.sort_unstable_by_key(|it| it.role);
        dominated
    }

    #[test]
    fn past_the_limit_the_first_roles_are_compared_with_each_other() {
        let engine = engine(roles());
        let closures = closures(engine.state());
        let groups = alike(&closures);
        let (mut most, mut seen, mut inherited) = (0, HashSet::new(), HashSet::new());
        loop {
            let found = dominated(engine.state(), &groups, most);
            let compared: Vec<&Closure<'_>> = groups.iter().flatten().copied().collect();
            assert_eq!(found.of, compared.len());
            let compared = &compared[..found.compared];
            assert_eq!(found.roles, by_definition(engine.state(), compared));
            seen.insert(found.compared);
            inherited.extend(found.roles.iter().map(|it| it.inherited));
            if found.is_whole() {
                break;
            }
            most += 20;
        }
        assert!(seen.len() > 5 && inherited.len() == 2, "{seen:?}");
    }
}
