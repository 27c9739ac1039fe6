//! The least that could answer the worlds' requests: numbers, flat tables, a `bool`. No names, no
//! reasons, no rules that the worlds do not need, nothing that can change. What a check costs is held
//! against it.

use std::collections::HashMap;

use bailiwick::Scope;

use crate::worlds::World;

pub(crate) struct Prototype {
    operations: usize,
    /// For each role, the scope of each operation, 0 for none; a user of these worlds has one.
    scopes: Vec<u8>,
    /// For each user, the role and the position.
    users: Vec<(u32, u32)>,
    /// For each position, a bit for each that stands below it.
    below: Vec<u64>,
    words: usize,
}

impl Prototype {
    pub(crate) fn new(world: &World) -> Prototype {
        let operations = world.catalog.operations.len();
        let permissions = numbers(world.catalog.permissions.iter().map(|it| &it.path));
        let roles = numbers(world.policy.roles.iter().map(|it| &it.id));
        let mut scopes = vec![0; roles.len() * operations];
        for (role, row) in world.policy.roles.iter().zip(scopes.chunks_mut(operations)) {
            for grant in &role.grants {
                row[permissions[grant.select.as_str()]] = grant.scope.unwrap_or(Scope::All) as u8;
            }
        }
        let positions = numbers(world.policy.positions.iter().map(|it| &it.id));
        let words = positions.len().div_ceil(64);
        let mut below = vec![0_u64; words * positions.len()];
        // The worlds write juniors after their seniors.
        for position in world.policy.positions.iter().rev() {
            let number = positions[position.id.as_str()];
            for senior in &position.reports_to {
                let senior = positions[senior.as_str()];
                for word in 0..words {
                    below[senior * words + word] |= below[number * words + word];
                }
                below[senior * words + number / 64] |= 1 << (number % 64);
            }
        }
        let users = world.users.iter().map(|user| {
            let role = roles[user.roles[0].id.as_str()] as u32;
            let position = user.position.as_deref();
            (role, position.map_or(0, |it| positions[it] as u32))
        });
        Prototype {
            operations,
            scopes,
            users: users.collect(),
            below,
            words,
        }
    }

    #[inline]
    pub(crate) fn check(&self, user: usize, operation: usize, owner: usize) -> bool {
        let (role, position) = self.users[user];
        let scope = self.scopes[role as usize * self.operations + operation];
        if scope == 0 || scope == Scope::All as u8 {
            return scope != 0;
        }
        if user == owner {
            return true;
        }
        let (_, owners) = self.users[owner];
        let word = self.below[position as usize * self.words + owners as usize / 64];
        let is_below = word >> (owners % 64) & 1 != 0;
        let needed = Scope::All as u8 - 2 * u8::from(is_below) - u8::from(position == owners);
        scope >= needed
    }
}

fn numbers<'n>(names: impl Iterator<Item = &'n String>) -> HashMap<&'n str, usize> {
    names
        .zip(0..)
        .map(|(name, number)| (name.as_str(), number))
        .collect()
}
