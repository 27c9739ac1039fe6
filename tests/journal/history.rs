//! The history of a thing tells every change of it, whichever change made it.

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{DirectoryDocument, PolicyDocument, RoleDocument, UserDocument};
use bailiwick::journal::{
    Between, FORMAT, Head, History, Item, ItemDocument, Journal, JournalError, MemoryJournal,
    Record, Snapshot, TakesFrom, begin, catalog_digest, history, keep_catalog, restore,
};
use bailiwick::{Catalog, Engine, Timestamp, Warnings};

use serde_json::json;

use crate::shop;
use crate::support::administration::{change, world};
use crate::support::run::{Tallied, each_number};

pub(crate) struct Office {
    journal: MemoryJournal,
    catalog: Catalog,
    pub(crate) engine: Engine,
    head: Head,
}

impl Office {
    fn new() -> Office {
        let (journal, catalog) = (MemoryJournal::new(), shop::catalog());
        let mut policy = PolicyDocument::new(1);
        policy
            .roles
            .push(RoleDocument::new("seller").grant("orders"));
        policy.roles.push(RoleDocument::new("head").grant("*"));
        policy
            .packages
            .push(of(json!({ "id": "sales", "roles": ["seller"] })));
        let users = DirectoryDocument::new([UserDocument::new("ann").package("sales")]);
        let loaded = Engine::new(
            &catalog,
            policy,
            users,
            Timestamp(0),
            Warnings::Into(&mut Vec::new()),
        )
        .expect("it loads");
        Office::of(journal, catalog, loaded)
    }

    pub(crate) fn of(journal: MemoryJournal, catalog: Catalog, engine: Engine) -> Office {
        let head = begin(&journal, &engine, Timestamp(0)).expect("it begins");
        Office {
            journal,
            catalog,
            engine,
            head,
        }
    }

    pub(crate) fn change(&mut self, at: i64, note: &str, changes: Vec<Change>) -> bool {
        self.change_by(Actor::System, at, note, changes)
    }

    pub(crate) fn change_by(
        &mut self,
        actor: Actor,
        at: i64,
        note: &str,
        changes: Vec<Change>,
    ) -> bool {
        let at = Timestamp(at);
        let Ok(applied) = self.engine.apply(&actor, at, &changes) else {
            return false;
        };
        let after = applied.into_engine();
        let takes_from = TakesFrom::between(&self.engine, &after);
        self.engine = after;
        let record = Record {
            takes_from,
            format: FORMAT,
            account: self.engine.account().map(Into::into),
            revision: self.engine.revision(),
            catalog: catalog_digest(&self.catalog),
            at,
            actor,
            note: Some(note.to_owned()),
            changes,
        };
        let sealed = record.seal(&self.head).expect("it is sealed");
        self.journal
            .append(self.head, &sealed)
            .expect("it is appended");
        self.head = sealed.head();
        true
    }

    /// The product ships another catalog.
    pub(crate) fn upgrade(&mut self, catalog: Catalog) {
        keep_catalog(&self.journal, &catalog).expect("it is kept");
        let restored = restore(&self.journal, &catalog, self.engine.account(), None);
        self.engine = restored.expect("it restores").engine().clone();
        self.catalog = catalog;
    }

    pub(crate) fn history(&self, item: &Item) -> History {
        let account = self.engine.account();
        let told = history(&self.journal, &self.catalog, account, item, 0, None);
        told.unwrap_or_else(|error| panic!("{error}"))
    }
}

pub(crate) fn of<T: serde::de::DeserializeOwned>(json: serde_json::Value) -> T {
    serde_json::from_value(json).expect("it reads")
}

pub(crate) fn user(id: &str) -> Item {
    Item::User(id.to_owned())
}

#[test]
fn what_happened_to_somebody() {
    let mut office = Office::new();
    let create = Change::CreateUser {
        user: UserDocument::new("bob").role("seller"),
    };
    assert!(office.change(60, "new", vec![create]));
    let until = Change::AssignRole {
        user: "bob".to_owned(),
        role: "head".to_owned(),
        until: Some(Timestamp(200)),
    };
    assert!(office.change(120, "for a week", vec![until]));
    // Of somebody else alone.
    assert!(office.change(130, "ann", vec![Change::assign_role("ann", "seller")]));
    // Nobody names Bob, and his assignment ends.
    assert!(office.change(240, "the clock", Vec::new()));
    let suspend = Change::SuspendUser {
        user: "bob".to_owned(),
    };
    assert!(office.change(300, "left", vec![suspend]));
    let remove = Change::RemoveUser {
        user: "bob".to_owned(),
    };
    assert!(office.change(360, "gone", vec![remove]));
    assert_eq!(
        office.history(&user("bob")).to_string(),
        "\
user `bob`
revision 2, 1970-01-01T00:01:00Z, the host: new
  created
  + roles: `seller`
revision 3, 1970-01-01T00:02:00Z, the host: for a week
  + roles: `head` (until `1970-01-01T00:03:20Z`)
revision 5, 1970-01-01T00:04:00Z, the host: the clock
  an assignment ended
  - roles: `head` (until `1970-01-01T00:03:20Z`)
revision 6, 1970-01-01T00:05:00Z, the host: left
  + suspended: true
revision 7, 1970-01-01T00:06:00Z, the host: gone
  removed
  - roles: `seller`
  - suspended: true
"
    );
    let nobody = office.history(&user("cay"));
    assert_eq!((nobody.first, nobody.entries), (None, Vec::new()));
}

#[test]
fn the_written_form_of_a_history() {
    let mut office = Office::new();
    let create = Change::CreateUser {
        user: UserDocument::new("bob").role("seller"),
    };
    assert!(office.change(60, "new", vec![create]));
    let remove = Change::RemoveUser {
        user: "bob".to_owned(),
    };
    assert!(office.change(120, "gone", vec![remove]));
    assert_eq!(
        serde_json::to_value(office.history(&user("bob"))).unwrap(),
        json!({
            "item": { "user": "bob" },
            "from": 1,
            "first": null,
            "first_used": false,
            "entries": [
                {
                    "revision": 2,
                    "at": "1970-01-01T00:01:00Z",
                    "actor": "system",
                    "note": "new",
                    "is_ending": false, "is_erased": false,
                    "before": null,
                    "after": { "id": "bob", "roles": ["seller"] },
                    "used_before": false,
                    "used_after": false,
                    "between": "nothing",
                    "differences": [{
                        "difference": "list",
                        "field": "roles",
                        "removed": [],
                        "added": ["`seller`"],
                    }],
                },
                {
                    "revision": 3,
                    "at": "1970-01-01T00:02:00Z",
                    "actor": "system",
                    "note": "gone",
                    "is_ending": false, "is_erased": false,
                    "before": { "id": "bob", "roles": ["seller"] },
                    "after": null,
                    "used_before": false,
                    "used_after": true,
                    "between": "nothing",
                    "differences": [{
                        "difference": "list",
                        "field": "roles",
                        "removed": ["`seller`"],
                        "added": [],
                    }],
                },
            ],
        })
    );
    // A field of one value.
    let describe = Change::DescribeRole {
        role: "seller".to_owned(),
        name: Some("Seller".to_owned()),
        description: None,
    };
    assert!(office.change(180, "named", vec![describe]));
    let history = office.history(&Item::Role("seller".to_owned()));
    assert_eq!(
        serde_json::to_value(history.entries[0].differences()).unwrap(),
        json!([{ "difference": "value", "field": "name", "before": null, "after": "`Seller`" }])
    );
}

/// An import, a copy, a replacement: none of them names what it changes.
#[test]
fn what_changes_by_the_way() {
    let mut office = Office::new();
    let copy = Change::CopyRole {
        role: "seller".to_owned(),
        id: "clerk".to_owned(),
        name: Some("Clerk".to_owned()),
        description: None,
        created: None,
    };
    assert!(office.change(60, "copied", vec![copy]));
    let replace = Change::ReplaceInPackages {
        role: "seller".to_owned(),
        with: "clerk".to_owned(),
    };
    assert!(office.change(120, "replaced", vec![replace]));
    let mut policy = office.engine.policy();
    policy
        .roles
        .iter_mut()
        .for_each(|it| it.name = Some("Imported".to_owned()));
    policy.positions.push(of(json!({ "id": "desk" })));
    assert!(office.change(180, "imported", vec![Change::ImportPolicy { policy }]));
    assert_eq!(
        office.history(&Item::Role("clerk".to_owned())).to_string(),
        "\
role `clerk`
revision 2, 1970-01-01T00:01:00Z, the host: copied
  created
  + grants: `orders`
  + name: `Clerk`
revision 4, 1970-01-01T00:03:00Z, the host: imported
  name: `Clerk` → `Imported`
"
    );
    assert_eq!(
        office
            .history(&Item::Package("sales".to_owned()))
            .to_string(),
        "\
package `sales`
revision 3, 1970-01-01T00:02:00Z, the host: replaced
  - roles: `seller`
  + roles: `clerk`
"
    );
    let desk = office.history(&Item::Position("desk".to_owned()));
    let revisions: Vec<u64> = desk.entries.iter().map(|it| it.revision).collect();
    assert_eq!(revisions, [4]);
}

#[test]
fn a_part_of_it() {
    let mut office = Office::new();
    for number in 0..6 {
        let change = match number % 2 {
            0 => Change::assign_role("ann", "head"),
            _ => Change::revoke_role("ann", "head"),
        };
        assert!(office.change(number * 60, "turn", vec![change]));
        if number == 2 {
            let snapshot = Snapshot::of(&office.engine, Timestamp(120));
            let snapshot = snapshot.seal(office.head).expect("it is sealed");
            office.journal.save_snapshot(&snapshot).expect("it is kept");
        }
    }
    let part = |from, until| {
        history(
            &office.journal,
            &office.catalog,
            None,
            &user("ann"),
            from,
            until,
        )
    };
    for from in 1..=7 {
        for until in from..=7 {
            let told = part(from, Some(until)).expect("it is told");
            let revisions: Vec<u64> = told.entries.iter().map(|it| it.revision).collect();
            assert_eq!(revisions, (from + 1..=until).collect::<Vec<_>>());
            let then = restore(&office.journal, &office.catalog, None, Some(from));
            let then = then.expect("it restores");
            let ann = then.engine().users().find(|it| it.id == "ann");
            assert_eq!(told.first, ann.map(ItemDocument::User));
        }
    }
    assert!(matches!(
        part(0, Some(8)),
        Err(JournalError::Ends {
            revision: 7,
            asked: 8
        })
    ));
}

/// Whatever is changed at random, the history of each thing is what comparing whole documents says.
#[test]
fn histories_of_random_accounts() {
    let tallied = Tallied::default();
    each_number(400, |seed, number| {
        let (mut documents, mut rng) = world(seed, number);
        let engine = documents.load();
        let catalog = engine.catalog().clone();
        let mut office = Office::of(MemoryJournal::new(), catalog, engine);
        let mut states = vec![office.engine.clone()];
        for _ in 0..8 {
            let changes = (0..rng.range(1, 2))
                .map(|_| change(&documents, &mut rng))
                .collect();
            if office.change(documents.at.0, "any", changes) {
                states.push(office.engine.clone());
            }
            documents.policy = office.engine.policy();
            documents.directory = office.engine.directory();
        }
        let mut items = Vec::new();
        for engine in &states {
            let policy = engine.policy();
            items.extend(engine.users().map(|it| Item::User(it.id)));
            items.extend(policy.roles.into_iter().map(|it| Item::Role(it.id)));
            items.extend(policy.packages.into_iter().map(|it| Item::Package(it.id)));
            items.extend(policy.positions.into_iter().map(|it| Item::Position(it.id)));
            items.extend(policy.settings.into_keys().map(Item::Setting));
            items.extend(policy.features.into_iter().map(Item::Feature));
        }
        items.sort_by_key(|it| it.to_string());
        items.dedup();
        for item in rng.few(&items, 6) {
            let told = office.history(&item);
            let began = states[0].revision();
            let expected: Vec<_> = states.iter().map(|it| looked_up(&item, it)).collect();
            assert_eq!(told.first, expected[0]);
            let mut now = expected[0].clone();
            let mut entries = told.entries.iter().peekable();
            for (i, is) in expected.iter().enumerate().skip(1) {
                match entries.next_if(|it| it.revision == began + i as u64) {
                    Some(entry) => {
                        assert_eq!((&entry.before, &entry.after), (&now, is));
                        let forgotten = entry.used_before != entry.used_after;
                        let passing = entry.between != Between::Nothing;
                        assert!(entry.before != entry.after || forgotten || passing);
                        tallied.count("changed");
                    }
                    // Otherwise in order at most.
                    None => assert_eq!(sorted(&now), sorted(is)),
                }
                now.clone_from(is);
            }
            assert!(entries.next().is_none());
        }
    });
    tallied.report(&["changed"]);
}

/// The thing in the documents.
pub(crate) fn looked_up(item: &Item, engine: &Engine) -> Option<ItemDocument> {
    let policy = engine.policy();
    match item {
        Item::User(id) => engine
            .users()
            .find(|it| it.id == *id)
            .map(ItemDocument::User),
        Item::Role(id) => {
            let role = policy.roles.into_iter().find(|it| it.id == *id);
            role.map(ItemDocument::Role)
        }
        Item::Package(id) => {
            let package = policy.packages.into_iter().find(|it| it.id == *id);
            package.map(ItemDocument::Package)
        }
        Item::Position(id) => {
            let position = policy.positions.into_iter().find(|it| it.id == *id);
            position.map(ItemDocument::Position)
        }
        Item::Setting(path) => {
            let role = policy.settings.get(path).cloned();
            role.map(|role| ItemDocument::Setting {
                path: path.clone(),
                role,
                beside: Default::default(),
            })
        }
        Item::Feature(id) => policy
            .features
            .contains(id)
            .then_some(ItemDocument::Feature {}),
        Item::Account => Some(ItemDocument::Account {
            catalog_version: policy.catalog_version,
        }),
        other => panic!("an item of a new kind: {other:?}"),
    }
}

/// As JSON, every list in one order.
pub(crate) fn sorted(document: &Option<ItemDocument>) -> serde_json::Value {
    let mut value = serde_json::to_value(document).expect("it is written");
    fn sort(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Array(values) => {
                values.iter_mut().for_each(sort);
                values.sort_by_key(ToString::to_string);
                values.dedup();
            }
            serde_json::Value::Object(fields) => fields.values_mut().for_each(sort),
            _ => {}
        }
    }
    sort(&mut value);
    value
}
