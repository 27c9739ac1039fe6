//! What is so already is passed over, and stays out of the journal.

use bailiwick::Timestamp;
use bailiwick::admin::{Actor, Change};
use bailiwick::journal::{Journal, MemoryJournal, audit, begin, restore};
use bailiwick::live::{ApplyError, Live};

use crate::shop;

#[test]
fn a_record_has_only_what_was_not_so_already() {
    let (journal, catalog) = (MemoryJournal::new(), shop::catalog());
    begin(&journal, &shop::engine(&catalog), Timestamp(0)).expect("it begins");
    let restored = restore(&journal, &catalog, None, None).expect("it restores");
    let live = Live::of(restored);
    let (host, at) = (Actor::System, Timestamp(60));
    let has = Change::assign_role("ann", "head");
    let new = Change::assign_role("bob", "seller");
    let both = vec![has.clone(), new.clone()];

    let refused = live.apply(&journal, &host, at, both.clone(), None);
    let Err(ApplyError::Refused(refused)) = refused else {
        panic!("ann is head already: {refused:?}");
    };
    assert_eq!(refused.reason.code(), "nothing_to_change");

    let applied = live.apply_passing_over(&journal, 1, &host, at, both.clone(), Some("a sync"));
    let committed = applied.expect("it is applied").expect("bob is new");
    let page = audit(&journal, None, None, 10).expect("it reads");
    assert_eq!(page.entries.len(), 1);
    assert_eq!(page.entries[0].revision, committed.revision());
    assert_eq!(page.entries[0].changes, [new]);

    // Once more, nothing is left, and nothing is written.
    let ends = journal.head().expect("it reads");
    let again = live.apply_passing_over(&journal, 1, &host, at, both.clone(), None);
    assert!(again.expect("nothing is wrong").is_none());
    let prepared = live.prepare_passing_over(&host, at, both, None);
    assert!(prepared.expect("nothing is wrong").is_none());
    assert_eq!(journal.head().expect("it reads"), ends);

    let restored = restore(&journal, &catalog, None, None).expect("it restores");
    let engine = live.engine().expect("it is loaded");
    assert_eq!(restored.engine().directory(), engine.directory());
}
