//! The least that could answer the worlds' requests: numbers, flat tables, a `bool`. No reasons, no
//! rules that the worlds do not need, nothing that can change. What a check costs is held against it.

use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash, Hasher};

use bailiwick::Scope;
use bailiwick::document::PositionDocument;
use foldhash::fast::RandomState;

use crate::worlds::World;

pub(crate) struct Prototype {
    operations: usize,
    /// For each role or package, the scope of each operation, 0 for none; a user of these worlds has one.
    scopes: Vec<u8>,
    /// For each user, the role or package above [`POSITION_BITS`], and the position.
    users: Vec<u32>,
    below: Below,
    user_names: HashMap<Key, u32, RandomState>,
    actions: HashMap<Key, u32, RandomState>,
}

const POSITION_BITS: u32 = 20;

/// Who stands below whom.
enum Below {
    /// For each position, a bit for each that stands below it.
    Matrix { bits: Vec<u64>, words: usize },
    /// Where that would not lie in the caches: a number for each position, one past the last below it in a tree,
    /// and whether it reaches others besides.
    Ranges {
        labels: Vec<(u32, u32, bool)>,
        further: HashMap<u32, Vec<(u32, u32)>>,
    },
}

/// A name of 8 to 16 bytes, as those of the worlds are, in the table itself.
#[derive(PartialEq, Eq)]
struct Key([u8; 16]);

impl Key {
    #[inline]
    fn of(name: &str) -> Key {
        let word = |bytes: Option<&[u8; 8]>| u64::from_le_bytes(*bytes.expect("8 bytes at least"));
        let bytes = name.as_bytes();
        let further = (16 - name.len() as u32) * 8;
        let last = word(bytes.last_chunk()).checked_shr(further).unwrap_or(0);
        let words = u128::from(word(bytes.first_chunk())) | u128::from(last) << 64;
        Key(words.to_le_bytes())
    }
}

impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u128(u128::from_le_bytes(self.0));
    }
}

impl Prototype {
    pub(crate) fn new(world: &World) -> Prototype {
        let operations = world.catalog.operations.len();
        let permissions = numbers(world.catalog.permissions.iter().map(|it| &it.path));
        let roles = numbers(world.policy.roles.iter().map(|it| &it.id));
        let rows = world.policy.roles.iter().map(|role| {
            let mut row = vec![0; operations];
            for grant in &role.grants {
                row[permissions[grant.select.as_str()]] = grant.scope.unwrap_or(Scope::All) as u8;
            }
            row
        });
        let rows: Vec<Vec<u8>> = rows.collect();
        let packages = numbers(world.policy.packages.iter().map(|it| &it.id));
        let united = world.policy.packages.iter().map(|package| {
            let of = |operation| package.roles.iter().map(move |it| (it, operation));
            let widest = |operation| {
                of(operation)
                    .map(|(role, at)| rows[roles[role.as_str()]][at])
                    .max()
            };
            (0..operations).map(|it| widest(it).unwrap_or(0)).collect()
        });
        let scopes: Vec<Vec<u8>> = rows.iter().cloned().chain(united).collect();
        let positions = numbers(world.policy.positions.iter().map(|it| &it.id));
        let users = world.users.iter().map(|user| {
            let set = match (user.roles.first(), user.packages.first()) {
                (Some(role), _) => roles[role.id.as_str()],
                (None, Some(package)) => roles.len() + packages[package.id.as_str()],
                (None, None) => panic!("a user of these worlds has a role or a package"),
            };
            let position = user.position.as_deref();
            let position = position.map_or(0, |it| positions[it] as u32);
            (set as u32) << POSITION_BITS | position
        });
        let names = |names: &mut dyn Iterator<Item = &String>| {
            names
                .zip(0..)
                .map(|(name, number)| (Key::of(name), number))
                .collect()
        };
        Prototype {
            operations,
            scopes: scopes.concat(),
            users: users.collect(),
            below: Below::new(&world.policy.positions, &positions),
            user_names: names(&mut world.users.iter().map(|it| &it.id)),
            actions: names(&mut world.catalog.operations.iter().map(|it| &it.action)),
        }
    }

    #[inline(always)]
    pub(crate) fn check(&self, user: usize, operation: usize, owner: usize) -> bool {
        let parts = |user: u32| (user >> POSITION_BITS, user & ((1 << POSITION_BITS) - 1));
        let (set, position) = parts(self.users[user]);
        let scope = self.scopes[set as usize * self.operations + operation];
        if scope == 0 || scope == Scope::All as u8 {
            return scope != 0;
        }
        if user == owner {
            return true;
        }
        let (_, owners) = parts(self.users[owner]);
        let is_below = self.below.is_below(owners, position);
        let needed = Scope::All as u8 - 2 * u8::from(is_below) - u8::from(position == owners);
        scope >= needed
    }

    /// The same by names.
    #[inline]
    pub(crate) fn check_names(&self, user: &str, action: &str, owner: &str) -> bool {
        let user = self.user_names.get(&Key::of(user));
        let action = self.actions.get(&Key::of(action));
        let owner = self.user_names.get(&Key::of(owner));
        match (user, action, owner) {
            (Some(user), Some(action), Some(owner)) => {
                self.check(*user as usize, *action as usize, *owner as usize)
            }
            _ => false,
        }
    }
}

impl Below {
    fn new(positions: &[PositionDocument], numbers: &HashMap<&str, usize>) -> Below {
        let seniors: Vec<Vec<usize>> = positions
            .iter()
            .map(|it| {
                it.reports_to
                    .iter()
                    .map(|it| numbers[it.as_str()])
                    .collect()
            })
            .collect();
        match positions.len() <= 1_000 {
            true => Below::matrix(&seniors),
            false => Below::ranges(&seniors),
        }
    }

    /// The worlds write juniors after their seniors.
    fn matrix(seniors: &[Vec<usize>]) -> Below {
        let words = seniors.len().div_ceil(64);
        let mut bits = vec![0_u64; words * seniors.len()];
        for (number, seniors) in seniors.iter().enumerate().rev() {
            for &senior in seniors {
                for word in 0..words {
                    bits[senior * words + word] |= bits[number * words + word];
                }
                bits[senior * words + number / 64] |= 1 << (number % 64);
            }
        }
        Below::Matrix { bits, words }
    }

    fn ranges(seniors: &[Vec<usize>]) -> Below {
        let mut juniors = vec![Vec::new(); seniors.len()];
        for (number, seniors) in seniors.iter().enumerate() {
            if let Some(&first) = seniors.first() {
                juniors[first].push(number);
            }
        }
        let mut labels = vec![(0, 0, false); seniors.len()];
        let mut next = 0;
        let tops = (0..seniors.len()).filter(|it| seniors[*it].is_empty());
        // Each node twice: to be numbered, and when all below it are.
        let mut waiting: Vec<(usize, bool)> = tops.map(|it| (it, false)).collect();
        while let Some((node, is_done)) = waiting.pop() {
            if is_done {
                labels[node].1 = next;
                continue;
            }
            labels[node].0 = next;
            next += 1;
            waiting.push((node, true));
            waiting.extend(juniors[node].iter().map(|it| (*it, false)));
        }
        let mut further: BTreeMap<u32, Vec<(u32, u32)>> = BTreeMap::new();
        for (number, reports_to) in seniors.iter().enumerate() {
            let (start, end, _) = labels[number];
            for &senior in reports_to.iter().skip(1) {
                let mut above = vec![senior];
                while let Some(senior) = above.pop() {
                    let label = &mut labels[senior];
                    if start < label.0 || end > label.1 {
                        label.2 = true;
                        further.entry(senior as u32).or_default().push((start, end));
                    }
                    above.extend(&seniors[senior]);
                }
            }
        }
        let further = further.into_iter().collect();
        Below::Ranges { labels, further }
    }

    #[inline(always)]
    fn is_below(&self, low: u32, high: u32) -> bool {
        match self {
            Below::Matrix { bits, words } => {
                let word = bits[high as usize * words + low as usize / 64];
                word >> (low % 64) & 1 != 0
            }
            Below::Ranges { labels, further } => {
                let (number, _, _) = labels[low as usize];
                let (start, end, has_further) = labels[high as usize];
                start < number && number < end
                    || has_further && is_in_further(further, high, number)
            }
        }
    }
}

#[inline(never)]
fn is_in_further(further: &HashMap<u32, Vec<(u32, u32)>>, high: u32, number: u32) -> bool {
    let mut ranges = further[&high].iter();
    ranges.any(|(start, end)| *start <= number && number < *end)
}

fn numbers<'n>(names: impl Iterator<Item = &'n String>) -> HashMap<&'n str, usize> {
    names
        .zip(0..)
        .map(|(name, number)| (name.as_str(), number))
        .collect()
}
