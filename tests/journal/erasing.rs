//! Names, properties and notes are erased, and the chain that proves the rest stays whole (A7).

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{
    CatalogDocument, DirectoryDocument, PolicyDocument, PropertyValue, RoleDocument, UserDocument,
};
use bailiwick::journal::{
    Damage, Digest, FORMAT, Head, Item, Journal, JournalError, MemoryJournal, Record, Sealed,
    Snapshot, TakesFrom, begin, catalog_digest, history, keep_catalog, restore,
};
use bailiwick::{Catalog, Engine, OnType, Timestamp, Warnings};
use sha2::{Digest as _, Sha256};

const ORDERS: OnType<'static> = OnType::named("order");

/// What must not be read any more.
const PERSONAL: [&str; 6] = [
    "Robert Builder",
    "Bob Builder",
    "kitchen",
    "cellar",
    "attic",
    "has a cold",
];

fn catalog() -> Catalog {
    let document = CatalogDocument::from_toml(
        "catalog.toml",
        r#"
        format = 2
        id = "shop"
        version = 1
        permissions = [{ path = "orders" }]
        types = [{ id = "order" }]
        subject_properties = { room = "text" }
        [[operations]]
        type = "order"
        action = "list"
        on = "type"
        allowed_by = [{ permission = "orders", when = [[{ subject = "room", one_of = ["kitchen", "cellar", "attic"] }]] }]
        "#,
    );
    Catalog::new(document, Warnings::Refuse).unwrap_or_else(|problems| panic!("{problems}"))
}

fn room(user: UserDocument, room: &str) -> UserDocument {
    let mut user = user;
    let value = PropertyValue::Text(room.to_owned());
    user.properties.insert("room".to_owned(), value);
    user
}

fn named(user: UserDocument, name: &str) -> UserDocument {
    UserDocument {
        name: Some(name.to_owned()),
        ..user
    }
}

struct Kept {
    journal: MemoryJournal,
    catalog: Catalog,
    engines: Vec<Engine>,
    head: Head,
}

impl Kept {
    fn change(&mut self, note: Option<&str>, changes: Vec<Change>) {
        let before = self.engines.last().expect("it was begun");
        let at = Timestamp(self.head.revision as i64);
        let applied = before.apply(&Actor::System, at, &changes);
        let after = applied.expect("it is applied").into_engine();
        let record = Record {
            format: FORMAT,
            account: None,
            revision: after.revision(),
            takes_from: TakesFrom::between(before, &after),
            catalog: catalog_digest(&self.catalog),
            at,
            actor: Actor::System,
            note: note.map(Into::into),
            changes,
        };
        let sealed = record.seal(&self.head).expect("it is sealed");
        assert_eq!(sealed.open(&self.head, None).expect("it opens"), record);
        self.journal
            .append(self.head, &sealed)
            .expect("it is appended");
        self.head = sealed.head();
        self.engines.push(after);
    }
}

/// A journal in which `bob` and `cid`, there from the beginning, and `dan`, who came later, are changed and
/// removed; one snapshot has all three.
fn kept() -> Kept {
    let catalog = catalog();
    let policy = PolicyDocument {
        roles: vec![RoleDocument::new("seller").grant("orders")],
        ..PolicyDocument::new(1)
    };
    let bob = named(UserDocument::new("bob").role("seller"), "Robert Builder");
    let users = [
        room(bob, "kitchen"),
        named(UserDocument::new("eve"), "Eve Others"),
        UserDocument::new("cid"),
    ];
    let loaded = Engine::new(
        &catalog,
        policy,
        DirectoryDocument::new(users),
        Timestamp(0),
        Warnings::Refuse,
    );
    let engine = loaded.expect("it loads");
    let journal = MemoryJournal::new();
    let head = begin(&journal, &engine, Timestamp(0)).expect("it begins");
    keep_catalog(&journal, &catalog).expect("it is kept");
    let mut kept = Kept {
        journal,
        catalog,
        engines: vec![engine],
        head,
    };
    let user = |id: &str| id.to_owned();
    let set = |id: &str, value: Option<&str>| Change::SetProperty {
        user: user(id),
        property: "room".to_owned(),
        value: value.map(|it| PropertyValue::Text(it.to_owned())),
    };
    let describe = |id: &str, name: Option<&str>| Change::DescribeUser {
        user: user(id),
        name: name.map(Into::into),
    };
    kept.change(Some("the shop opens"), vec![set("eve", Some("hall"))]);
    let dan = room(UserDocument::new("dan").role("seller"), "cellar");
    let created = Change::CreateUser {
        user: named(dan, "Bob Builder"),
    };
    kept.change(
        None,
        vec![created, Change::SuspendUser { user: user("dan") }],
    );
    kept.change(None, vec![describe("bob", Some("Bob Builder"))]);
    kept.change(
        None,
        vec![
            set("bob", Some("attic")),
            set("cid", Some("attic")),
            set("eve", None),
        ],
    );
    // Every one of them is there, and something was changed back to nothing.
    kept.change(None, vec![describe("bob", None), set("bob", None)]);
    kept.change(
        Some("bob has a cold"),
        vec![Change::SuspendUser { user: user("bob") }],
    );
    let engine = kept.engines.last().expect("it was begun");
    let snapshot = Snapshot::of(engine, Timestamp(0)).seal(kept.head);
    kept.journal
        .save_snapshot(&snapshot.expect("it is sealed"))
        .expect("it is kept");
    let remove = |id: &str| Change::RemoveUser { user: user(id) };
    kept.change(None, vec![remove("bob"), remove("cid"), remove("dan")]);
    // Dan comes back, and goes again.
    let back = Change::RestoreUser {
        user: named(room(UserDocument::new("dan"), "cellar"), "Bob Builder"),
    };
    kept.change(Some("dan has a cold"), vec![back]);
    kept.change(None, vec![remove("dan")]);
    kept.change(Some("eve stays"), vec![set("eve", Some("garden"))]);
    kept
}

/// The same journal, after everybody who was removed was erased.
fn erased(kept: &Kept, users: &[&str], with_later_snapshot: bool) -> MemoryJournal {
    let journal = MemoryJournal::new();
    keep_catalog(&journal, &kept.catalog).expect("it is kept");
    let snapshot = |at: u64| {
        let stored = kept.journal.snapshot(at).expect("it reads");
        let mut stored = stored.expect("it is there");
        for user in users {
            if let Some(without) = stored.erase(user).expect("it reads") {
                assert_eq!(without.head, stored.head);
                assert_eq!(without.erase(user).expect("it reads"), None);
                stored = without;
            }
        }
        stored
    };
    let first = snapshot(kept.engines[0].revision());
    journal.begin(&first).expect("it begins");
    let mut ends = first.head;
    for mut record in kept.journal.read_from(0, usize::MAX).expect("it reads") {
        for user in users {
            if let Some(without) = record.erase(user).expect("it reads") {
                assert_eq!(without.head(), record.head());
                assert_eq!(without.erase(user).expect("it reads"), None);
                record = without;
            }
        }
        journal.append(ends, &record).expect("it is appended");
        ends = record.head();
    }
    assert_eq!(ends, kept.head);
    if with_later_snapshot {
        let later = snapshot(u64::MAX);
        assert_ne!(later.head, first.head);
        journal.save_snapshot(&later).expect("it is kept");
    }
    journal
}

fn stored(journal: &MemoryJournal) -> String {
    let mut all = String::new();
    for record in journal.read_from(0, usize::MAX).expect("it reads") {
        all += &String::from_utf8(record.bytes).expect("text");
    }
    for at in [0, 1, u64::MAX] {
        if let Some(snapshot) = journal.snapshot(at).expect("it reads") {
            all += &String::from_utf8(snapshot.bytes).expect("text");
        }
    }
    all
}

#[test]
fn what_is_erased_is_gone_and_the_chain_proves_the_rest() {
    let kept = kept();
    for text in PERSONAL {
        assert!(stored(&kept.journal).contains(text), "{text}");
    }
    for with_later_snapshot in [false, true] {
        let journal = erased(&kept, &["bob", "cid", "dan"], with_later_snapshot);
        for text in PERSONAL {
            let all = stored(&journal);
            assert!(!all.contains(text), "{text}: {all}");
        }
        for text in ["Eve Others", "garden", "hall", "the shop opens"] {
            assert!(stored(&journal).contains(text), "{text}");
        }
        let restored = restore(&journal, &kept.catalog, None, None).expect("it restores");
        let engine = kept.engines.last().expect("it was begun");
        assert_eq!(restored.head(), kept.head);
        assert_eq!(restored.engine().directory(), engine.directory());
        assert_eq!(restored.engine().policy(), engine.policy());
        assert!(restored.erased().is_empty(), "{:?}", restored.erased());
    }
}

/// Whoever is there again then has what is left, and it is told.
#[test]
fn an_account_of_a_time_before_is_told_not_to_be_whole() {
    let kept = kept();
    let everybody = ["bob", "cid", "dan"];
    for with_later_snapshot in [false, true] {
        let journal = erased(&kept, &everybody, with_later_snapshot);
        for whole in &kept.engines {
            let until = Some(whole.revision());
            let restored = restore(&journal, &kept.catalog, None, until).expect("it restores");
            let expected: Vec<UserDocument> = whole.users().collect();
            let users: Vec<UserDocument> = restored.engine().users().collect();
            assert_eq!(users.len(), expected.len());
            for (is, was) in users.iter().zip(&expected) {
                let is_erased = everybody.contains(&&*was.id);
                let left = UserDocument {
                    name: was.name.clone().filter(|_| !is_erased),
                    properties: if is_erased {
                        Default::default()
                    } else {
                        was.properties.clone()
                    },
                    ..was.clone()
                };
                assert_eq!(*is, left);
                // Who never had anything is whole.
                let had_some = was.name.is_some() || !was.properties.is_empty();
                let is_told = restored.erased().contains(&was.id);
                assert!(is_told || !is_erased || !had_some, "{was:?}");
                assert!(!is_told || is_erased, "{was:?}");
            }
        }
    }
    // A condition on what is missing denies.
    let journal = erased(&kept, &everybody, false);
    let then = &kept.engines[0];
    assert!(then.check("bob", "list", &ORDERS).is_allow());
    let until = Some(then.revision());
    let restored = restore(&journal, &kept.catalog, None, until).expect("it restores");
    let denied = restored.engine().check("bob", "list", &ORDERS);
    assert_eq!(denied.code(), "property_missing");
}

#[test]
fn one_person_is_erased_and_the_others_are_not() {
    let kept = kept();
    let journal = erased(&kept, &["cid"], true);
    let all = stored(&journal);
    for text in PERSONAL {
        assert!(all.contains(text), "{text}");
    }
    // Of three changes of one record, the one.
    let count = |journal: &MemoryJournal| stored(journal).matches("attic").count();
    assert_eq!(count(&kept.journal), 3, "bob's, cid's, and the snapshot's");
    assert_eq!(count(&journal), 1);
}

#[test]
fn a_history_tells_what_was_erased() {
    let kept = kept();
    let journal = erased(&kept, &["bob", "cid", "dan"], false);
    let of = |id: &str| {
        let item = Item::User(id.to_owned());
        history(&journal, &kept.catalog, None, &item, 0, None).expect("it is told")
    };
    let bob = of("bob");
    let first = bob.entries.first().expect("he was suspended");
    assert!(first.is_erased && first.note.is_none(), "{first}");
    assert!(first.to_string().contains("erased"), "{first}");
    let eve = of("eve");
    assert!(eve.entries.iter().any(|it| !it.is_erased), "{eve}");
}

/// A digest without its salt does not tell a value, not even to somebody who guesses it.
#[test]
fn the_chained_line_does_not_depend_on_what_a_value_is_alone() {
    let kept = kept();
    let records = kept.journal.read_from(0, usize::MAX).expect("it reads");
    let began = kept.journal.snapshot(kept.engines[0].revision());
    let mut after = began.expect("it reads").expect("it began").head;
    let mut told = 0;
    for sealed in &records {
        let record = sealed.open(&after, None).expect("it opens");
        let again = record.seal(&after).expect("it is sealed");
        let first = |it: &Sealed| {
            let text = String::from_utf8(it.bytes.clone()).expect("text");
            let mut lines = text.split('\n').map(str::to_owned);
            (lines.next().expect("a line"), lines.next())
        };
        let (chained, beside) = first(sealed);
        match beside {
            Some(_) => {
                assert_ne!(again.digest, sealed.digest);
                assert_ne!(first(&again).0, chained);
                told += 1;
            }
            None => assert_eq!(again, *sealed),
        }
        for text in PERSONAL {
            assert!(!chained.contains(text), "{text}: {chained}");
        }
        after = sealed.head();
    }
    assert!(told >= 6, "{told}");
}

#[test]
fn what_stands_in_the_place_of_a_value_is_damage() {
    let kept = kept();
    let records = kept.journal.read_from(0, usize::MAX).expect("it reads");
    let (before, sealed) = (&records[0], &records[1]);
    let opens = |bytes: Vec<u8>| {
        let sealed = Sealed {
            bytes,
            ..sealed.clone()
        };
        sealed.open(&before.head(), None)
    };
    let text = String::from_utf8(sealed.bytes.clone()).expect("text");
    assert!(opens(text.clone().into_bytes()).is_ok());
    let (first, second) = text.split_once('\n').expect("two lines");
    let erased = String::from_utf8(
        sealed
            .erase("dan")
            .expect("it reads")
            .expect("his name")
            .bytes,
    )
    .expect("text");
    assert_eq!(erased, format!("{first}\n[null]"));
    for bad in [
        first.to_owned(),
        format!("{first}\n"),
        format!("{first}\n[]"),
        format!("{first}\n[null,null]"),
        format!("{first}\nnull"),
        format!("{first}\n[ null]"),
        format!("{first}\n{second} "),
        format!("{first}\n{second}\n"),
        format!("{first}\n{}", second.replace("Bob", "Rob")),
        format!("{first}\n{}", second.replacen("[[\"", "[[\"0", 1)),
        format!("{second}\n{first}"),
    ] {
        let error = opens(bad.clone().into_bytes()).expect_err(&bad);
        let is_damage = matches!(
            error,
            JournalError::Damaged {
                revision: 3,
                damage: Damage::Digest
            }
        );
        assert!(is_damage, "{error}: {bad}");
    }
}

/// A version of the crate that knows nothing of a record erases it all the same.
#[test]
fn what_cannot_be_read_can_be_erased() {
    let first = r#"{"format":9,"whatever":{"it":"is"},"revision":4,"withheld":[{"at":{"group":3},"of":["bob","eve"],"digest":"?"},{"of":["eve"]}]}"#;
    let sealed = Sealed {
        revision: 4,
        digest: Digest::ZERO,
        bytes: format!("{first}\n[[\"s\",\"Bob\"],[\"t\",\"Eve\"]]").into_bytes(),
    };
    let erased = sealed.erase("bob").expect("it reads").expect("something");
    let expected = format!("{first}\n[null,[\"t\",\"Eve\"]]");
    assert_eq!(String::from_utf8(erased.bytes).expect("text"), expected);
    assert_eq!(sealed.erase("ann").expect("it reads"), None);
}

/// SHA-256 over parts, each with its length before it.
fn sha(parts: &[&[u8]]) -> Digest {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    Digest(hasher.finalize().into())
}

/// The form of format 2, written by hand: it is read for ever.
#[test]
fn format_2_is_read_as_it_was_first_written() {
    let after = Head {
        revision: 6,
        digest: Digest([7; 32]),
    };
    let withheld = |value: &str| sha(&[b"bailiwick withheld", b"a salt", value.as_bytes()]);
    let values = [
        r#"{"note":"as he asked"}"#,
        r#"{"name":"Bob","properties":{"age":7,"tags":["x"]}}"#,
        r#"{"value":true}"#,
        r#"{"name":"Robert"}"#,
    ];
    let [note, created, property, name] = values.map(withheld);
    let first = format!(
        concat!(
            r#"{{"format":2,"revision":7,"takes_from":{{"users":["ann"]}},"catalog":"{catalog}","at":"1970-01-01T00:00:09Z","#,
            r#""actor":{{"on_behalf_of":{{"actor":{{"user":"ann"}},"of":"system"}}}},"#,
            r#""changes":[{{"create_user":{{"user":{{"id":"bob"}}}}}},{{"set_property":{{"user":"bob","property":"vip"}}}},{{"describe_user":{{"user":"bob"}}}}],"#,
            r#""withheld":[{{"at":"note","of":["bob"],"digest":"{note}"}},{{"at":{{"change":0}},"of":["bob"],"digest":"{created}"}},"#,
            r#"{{"at":{{"change":1}},"of":["bob"],"digest":"{property}"}},{{"at":{{"change":2}},"of":["bob"],"digest":"{name}"}}]}}"#,
        ),
        catalog = Digest([1; 32]),
        note = note,
        created = created,
        property = property,
        name = name,
    );
    let second: Vec<(&str, &str)> = values.map(|it| ("a salt", it)).into();
    let second = serde_json::to_string(&second).expect("JSON");
    let revision = 7_u64.to_le_bytes();
    let digest = sha(&[
        b"bailiwick record",
        &after.digest.0,
        &revision,
        first.as_bytes(),
    ]);
    let sealed = Sealed {
        revision: 7,
        digest,
        bytes: format!("{first}\n{second}").into_bytes(),
    };
    let properties = [
        ("age".to_owned(), PropertyValue::Integer(7)),
        ("tags".to_owned(), PropertyValue::Set(vec!["x".to_owned()])),
    ];
    let record = Record {
        format: 2,
        account: None,
        revision: 7,
        takes_from: TakesFrom::Users(["ann".to_owned()].into()),
        catalog: Digest([1; 32]),
        at: Timestamp(9),
        actor: Actor::user("ann").on_behalf_of(Actor::System),
        note: Some("as he asked".to_owned()),
        changes: vec![
            Change::CreateUser {
                user: UserDocument {
                    name: Some("Bob".to_owned()),
                    properties: properties.into(),
                    ..UserDocument::new("bob")
                },
            },
            Change::SetProperty {
                user: "bob".to_owned(),
                property: "vip".to_owned(),
                value: Some(PropertyValue::Boolean(true)),
            },
            Change::DescribeUser {
                user: "bob".to_owned(),
                name: Some("Robert".to_owned()),
            },
        ],
    };
    let opened = sealed.open(&after, None);
    assert_eq!(opened.unwrap_or_else(|error| panic!("{error}")), record);
    let erased = sealed.erase("bob").expect("it reads").expect("his values");
    let expected = format!("{first}\n[null,null,null,null]");
    assert_eq!(erased.bytes, expected.as_bytes());
    let opened = erased.open(&after, None).expect("it opens");
    assert_eq!((opened.note, opened.changes.len()), (None, 3));
}
