//! The contestants: each says at its top how the worlds are modelled in it and why so.

mod bailiwick;
mod by_hand;
mod casbin;
mod cedar;
mod gatehouse;
mod regorus;

use std::collections::{BTreeSet, HashMap};

use ::bailiwick::document::PositionDocument;

use crate::contest::{Peer, Seat, Seated};
use crate::facts::Facts;

pub(crate) struct Contestant {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    seat: fn(String) -> Box<dyn Seated>,
    load: fn(&Facts) -> Box<dyn std::any::Any>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    ByHandle,
    ByString,
    /// What a team writes by hand: shown, not held against the gate.
    HandRolled,
    Library,
}

impl Contestant {
    fn of<P: Peer + 'static>(name: String, kind: Kind) -> Contestant {
        Contestant {
            name,
            kind,
            seat: |name| Box::new(Seat::<P>::new(name)),
            load: |facts| Box::new(P::load(facts)),
        }
    }

    pub(crate) fn seat(&self) -> Box<dyn Seated> {
        (self.seat)(self.name.clone())
    }

    /// Loads and keeps, for whoever weighs it.
    pub(crate) fn load(&self, facts: &Facts) -> Box<dyn std::any::Any> {
        (self.load)(facts)
    }
}

pub(crate) fn all() -> Vec<Contestant> {
    let of = |name| format!("{name} {}", version(name));
    vec![
        Contestant::of::<bailiwick::ByHandle>("bailiwick by handle".into(), Kind::ByHandle),
        Contestant::of::<bailiwick::ByString>("bailiwick by string".into(), Kind::ByString),
        Contestant::of::<by_hand::ByHand>("hand-rolled maps".into(), Kind::HandRolled),
        Contestant::of::<gatehouse::Gatehouse>(of("gatehouse"), Kind::Library),
        Contestant::of::<cedar::Cedar>(of("cedar-policy"), Kind::Library),
        Contestant::of::<regorus::Regorus>(of("regorus"), Kind::Library),
        Contestant::of::<casbin::Cached>(format!("{}, cached", of("casbin")), Kind::Library),
        Contestant::of::<casbin::Uncached>(of("casbin"), Kind::Library),
    ]
}

/// The version that is locked, and so measured.
fn version(package: &str) -> &'static str {
    let lock = include_str!("../../Cargo.lock");
    let entry = format!("name = \"{package}\"\nversion = \"");
    lock.split_once(&entry)
        .and_then(|(_, rest)| rest.split('"').next())
        .expect("a locked package")
}

/// All positions above each, in the order in which positions are written: what the peers' docs would
/// have a host work out beforehand.
fn above(positions: &[PositionDocument]) -> Vec<BTreeSet<u32>> {
    let numbers: HashMap<&str, u32> = positions.iter().map(|it| &*it.id).zip(0..).collect();
    let parents: Vec<Vec<u32>> = positions
        .iter()
        .map(|it| it.reports_to.iter().map(|it| numbers[&**it]).collect())
        .collect();
    parents
        .iter()
        .map(|direct| {
            let mut all: BTreeSet<u32> = direct.iter().copied().collect();
            let mut left = direct.clone();
            while let Some(position) = left.pop() {
                let further = parents[position as usize].iter();
                left.extend(further.filter(|it| all.insert(**it)));
            }
            all
        })
        .collect()
}
