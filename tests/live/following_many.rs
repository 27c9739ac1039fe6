//! One thread that keeps many Lives at the ends of their journals; here, one of one journal.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bailiwick::journal::{Feed, Journal, JournalError, Reached, Written};
use bailiwick::live::{FollowOptions, Live, follow_many};

use super::faulty::{Fault, Faulty};
use super::following::{LONG, often, until};
use super::{assert_whole, begun, catalog, hand_on_by};

/// What a store tells of its only journal, which may be at fault alone.
struct Only(Arc<Faulty>);

impl Feed for Only {
    fn hints(&mut self, at_most: Duration) -> Result<Vec<Reached>, JournalError> {
        // Hints are lost.
        std::thread::sleep(at_most);
        Ok(Vec::new())
    }

    fn written(&mut self) -> Result<Written, JournalError> {
        let head = self.0.inner.head()?;
        let reached = head.map(|head| Reached {
            account: None,
            revision: head.revision,
        });
        Ok(Written {
            all: true,
            reached: reached.into_iter().collect(),
        })
    }

    fn journal(&self, _: Option<&str>) -> Box<dyn Journal> {
        Box::new(Faulty::clone(&self.0))
    }
}

fn asked(faulty: &Faulty) -> usize {
    faulty.asked.load(Ordering::Relaxed)
}

#[test]
fn what_is_still_being_loaded_is_not_current() {
    let (journal, _) = begun();
    let faulty = Faulty::new(&journal);
    let rarely = FollowOptions::default().poll(LONG * 10);
    let follower = follow_many(Only(faulty.clone()), rarely).unwrap();
    // Asked and answered, before there is anything to follow.
    until(|| follower.status().current.is_some());
    faulty.set(Fault::Hangs);
    let replica = Live::not_ready(&catalog(), None);
    follower.add(&replica);
    until(|| asked(&faulty) > 0);
    let status = follower.status_of(None).unwrap();
    assert_eq!((status.revision, status.current), (None, None));
    assert_eq!(follower.status().behind, 1);

    faulty.set(Fault::None);
    follower.wait_for(None, 0, LONG).unwrap();
    until(|| follower.status_of(None).unwrap().current.is_some());
    assert_eq!(follower.status().behind, 0);
    assert_whole(&replica);
}

#[test]
fn a_snapshot_that_could_not_be_kept_is_tried_again() {
    let (journal, live) = begun();
    let faulty = Faulty::new(&journal);
    faulty.set(Fault::KeepsNothing);
    let options = often().snapshot_every(10);
    let follower = follow_many(Only(faulty.clone()), options).unwrap();
    follower.add(&live);
    let newest = || journal.snapshot(u64::MAX).unwrap().unwrap().head.revision;
    let of_it = || follower.status_of(None).unwrap();
    hand_on_by(&live, &journal, 10);
    until(|| of_it().trouble.is_some());
    let first = of_it().trouble.unwrap().at;
    until(|| of_it().trouble.unwrap().at > first);
    assert_eq!(newest(), 0);
    // That holds up nothing else.
    until(|| follower.status().current > Some(first));
    assert!(of_it().behind.is_none());
    faulty.set(Fault::None);
    until(|| newest() == 10);
    // It is kept once.
    hand_on_by(&live, &journal, 9);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(newest(), 10);
}
