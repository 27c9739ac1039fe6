//! Whom a refusal names (A5).

use std::collections::BTreeSet;

use super::Transaction;
use crate::admin::authority::Target;
use crate::admin::refusal::PersonNamed;
use crate::document::ChangeKind;
use crate::text::folded;

/// How many people a refusal names.
const NAMED: usize = 10;

impl Transaction {
    /// Returns the first of some users by name, upper and lower case alike, among those whom the
    /// actor may edit: whom they could rename.
    pub(super) fn named(&self, users: impl Iterator<Item = u32>) -> Vec<PersonNamed> {
        let scene = self.scene();
        let now = scene.now;
        let mut first: BTreeSet<(String, &str, u32)> = BTreeSet::new();
        for user in users {
            let Some(id) = now.users().name(user) else {
                continue;
            };
            let place = (folded(now.user_label(user).unwrap_or(id)), id, user);
            // Who may be named is the dearer question.
            if first.len() == NAMED && first.last().is_some_and(|last| *last < place) {
                continue;
            }
            let target = Target::Person(scene.person(user), id);
            let kind = ChangeKind::DescribeUser;
            if self.authority.kind(scene, kind, target).is_ok() {
                first.insert(place);
                if first.len() > NAMED {
                    first.pop_last();
                }
            }
        }
        let named = first.into_iter().map(|(_, id, user)| PersonNamed {
            id: id.to_owned(),
            name: now.user_label(user).map(Into::into),
        });
        named.collect()
    }
}
