//! bailiwick, the README's two ways: by handles that a host resolves once, and by strings.
//!
//! A list asks `records` for the filter, then the filter about each row (README, "Lists"). Whole columns
//! (`owner_set`) would be faster still, but pay for a look at every user before the first row, which a
//! page does not earn.

use bailiwick::admin::{Actor, Change};
use bailiwick::{Catalog, Engine, OperationId, Record, Timestamp, UserId, Warnings};

use crate::contest::Peer;
use crate::facts::{Facts, Listing};
use crate::worlds::{self, ByName, Owned};

fn load(facts: &Facts) -> Engine {
    let catalog = Catalog::new(facts.world.catalog.clone(), Warnings::Into(&mut Vec::new()))
        .expect("a sound catalog");
    facts.world.load(&catalog)
}

fn assigned(engine: &Engine, user: &str, role: &str) -> Engine {
    engine
        .apply(
            &Actor::System,
            Timestamp(1),
            &[Change::assign_role(user, role)],
        )
        .expect("a sound assignment")
        .into_engine()
}

fn user(engine: &Engine, name: &str) -> UserId {
    engine.user(name).expect("a known user")
}

fn operation(engine: &Engine, action: &str) -> OperationId {
    let found = engine.catalog().operation("thing", action);
    found.expect("a known operation")
}

pub(crate) struct ByHandle(Engine);

impl Peer for ByHandle {
    type Request = worlds::ByHandle;
    type Page = (UserId, OperationId, Vec<Owned>);
    type Asker<'p> = &'p Engine;

    fn load(facts: &Facts) -> ByHandle {
        ByHandle(load(facts))
    }

    fn request(&self, asked: &ByName) -> worlds::ByHandle {
        worlds::ByHandle {
            user: user(&self.0, asked.user),
            operation: operation(&self.0, asked.action),
            record: Owned(user(&self.0, asked.owner)),
        }
    }

    fn page(&self, listing: &Listing) -> Self::Page {
        let owners = listing.owners.iter();
        (
            user(&self.0, &listing.user),
            operation(&self.0, &listing.action),
            owners.map(|it| Owned(user(&self.0, it))).collect(),
        )
    }

    fn asker(&self) -> &Engine {
        &self.0
    }

    fn check(engine: &mut &Engine, request: &worlds::ByHandle) -> bool {
        engine
            .check(request.user, request.operation, &request.record)
            .is_allow()
    }

    fn list(engine: &mut &Engine, (user, operation, rows): &Self::Page) -> Vec<u32> {
        let filter = engine.records(*user, *operation).expect("of records");
        let rows = (0..).zip(rows);
        rows.filter(|(_, row)| filter.matches(*row))
            .map(|(i, _)| i)
            .collect()
    }

    fn assign(&mut self, user: &str, role: &str) {
        self.0 = assigned(&self.0, user, role);
    }
}

pub(crate) struct ByString(Engine);

impl Peer for ByString {
    type Request = ByName;
    type Page = Listing;
    type Asker<'p> = &'p Engine;

    fn load(facts: &Facts) -> ByString {
        ByString(load(facts))
    }

    fn request(&self, asked: &ByName) -> ByName {
        *asked
    }

    fn page(&self, listing: &Listing) -> Listing {
        listing.clone()
    }

    fn asker(&self) -> &Engine {
        &self.0
    }

    fn check(engine: &mut &Engine, request: &ByName) -> bool {
        engine
            .check(request.user, request.action, &request.record())
            .is_allow()
    }

    fn check_names(&self, asker: &mut Self::Asker<'_>, asked: &ByName) -> bool {
        Self::check(asker, asked)
    }

    fn list(engine: &mut &Engine, page: &Listing) -> Vec<u32> {
        let operation = operation(engine, &page.action);
        let filter = engine.records(&*page.user, operation).expect("of records");
        let rows = (0..).zip(&page.owners);
        rows.filter(|(_, owner)| filter.matches(&Record::of("thing").owner(owner)))
            .map(|(i, _)| i)
            .collect()
    }

    fn assign(&mut self, user: &str, role: &str) {
        self.0 = assigned(&self.0, user, role);
    }
}
