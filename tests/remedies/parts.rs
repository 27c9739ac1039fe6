//! The parts of a transaction: everything that could be left out of it by itself.

use bailiwick::Engine;
use bailiwick::admin::Change;
use bailiwick::document::{DenialDocument, GrantDocument};

/// The transaction without each of its parts in turn.
pub(crate) fn without_each(engine: &Engine, changes: &[Change]) -> Vec<Vec<Change>> {
    let mut all = Vec::new();
    for (place, change) in changes.iter().enumerate() {
        let put = |instead: Option<Change>| {
            let mut fewer = changes.to_vec();
            match instead {
                Some(change) => fewer[place] = change,
                None => drop(fewer.remove(place)),
            }
            fewer
        };
        all.push(put(None));
        let Change::EditRole {
            role,
            grants,
            denies,
            since,
        } = change
        else {
            continue;
        };
        let edit = |grants: Vec<GrantDocument>, denies: Vec<DenialDocument>| {
            put(Some(Change::EditRole {
                role: role.clone(),
                grants,
                denies,
                since: *since,
            }))
        };
        let before = engine.role_document(role).expect("a role of the account");
        // An edit of several parts, without each of them.
        let new: Vec<usize> = (0..grants.len())
            .filter(|it| !before.grants.contains(&grants[*it]))
            .collect();
        let lifted: Vec<&DenialDocument> = missing(&before.denies, denies);
        if new.len() + lifted.len() < 2 {
            continue;
        }
        for place in new {
            let mut fewer = grants.clone();
            let left_out = fewer.remove(place);
            let widened = |it: &&GrantDocument| {
                it.select == left_out.select && it.except.is_empty() && !grants.contains(it)
            };
            fewer.extend(before.grants.iter().find(widened).cloned());
            all.push(edit(fewer, denies.clone()));
        }
        for denial in lifted {
            let mut more = denies.clone();
            more.push(denial.clone());
            all.push(edit(grants.clone(), more));
        }
    }
    all
}

/// What a list lacks of another, each as often as it lacks it.
fn missing<'a>(of: &'a [DenialDocument], list: &[DenialDocument]) -> Vec<&'a DenialDocument> {
    let mut left = list.to_vec();
    let lacks = |it: &&DenialDocument| match left.iter().position(|kept| kept == *it) {
        Some(place) => {
            left.swap_remove(place);
            false
        }
        None => true,
    };
    of.iter().filter(lacks).collect()
}

/// Every selection of these changes that is smaller, but for none of them.
pub(crate) fn selections(changes: &[Change]) -> impl Iterator<Item = Vec<Change>> {
    let all = (1_u32 << changes.len()) - 1;
    (1..all).map(move |selected| {
        let numbered = changes.iter().enumerate();
        let numbered = numbered.filter(|(n, _)| selected & 1 << n != 0);
        numbered.map(|(_, change)| change.clone()).collect()
    })
}
