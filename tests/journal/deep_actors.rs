//! Format 1 is read for ever: actors that act for others to any depth it holds (D21), and what is deeper is told,
//! not an overflow.

use bailiwick::Timestamp;
use bailiwick::admin::Actor;
use bailiwick::journal::{
    Digest, Journal, JournalError, MemoryJournal, Restored, Sealed, begin, catalog_digest, restore,
};
use sha2::{Digest as _, Sha256};

use crate::shop::{catalog, engine};

/// Restores a journal with a record of format 1 by such an actor.
fn replayed(actor: &str) -> (MemoryJournal, Result<Restored, JournalError>) {
    let journal = MemoryJournal::new();
    begin(&journal, &engine(&catalog()), Timestamp(0)).unwrap();
    let after = journal.head().unwrap().unwrap();
    let revision = after.revision + 1;
    let catalog = catalog();
    let bytes = format!(
        r#"{{"format":1,"revision":{revision},"catalog":"{}","at":"1970-01-01T00:00:05Z","actor":{actor},"note":"\"actor\": {{","changes":[{{"describe_user":{{"user":"ann","name":"Ann"}}}}]}}"#,
        catalog_digest(&catalog),
    );
    let bytes = bytes.into_bytes();
    let mut hasher = Sha256::new();
    for part in [
        b"bailiwick record",
        &after.digest.0[..],
        &revision.to_le_bytes(),
        &bytes,
    ] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let sealed = Sealed {
        revision,
        digest: Digest(hasher.finalize().into()),
        bytes,
    };
    journal.append(after, &sealed).unwrap();
    let restored = restore(&journal, &catalog, None, None);
    (journal, restored)
}

fn nested(depth: usize, is_of: bool, leaf: &str) -> String {
    let (before, after) = match is_of {
        true => (r#"{"on_behalf_of":{"actor":"system","of":"#, "}}"),
        false => (r#"{"on_behalf_of":{"actor":"#, r#","of":"system"}}"#),
    };
    format!("{}{leaf}{}", before.repeat(depth), after.repeat(depth))
}

#[test]
fn actors_of_format_1_are_read_however_deep() {
    for is_of in [true, false] {
        for depth in [1, 2, 60, 100, 126, 127, 200, 1_000] {
            let (journal, restored) = replayed(&nested(depth, is_of, r#""system""#));
            let restored = restored.unwrap_or_else(|error| panic!("{depth} deep: {error}"));
            assert_eq!(restored.at(), Timestamp(5));
            let [record] = &journal.read_from(0, 9).unwrap()[..] else {
                panic!("one record");
            };
            let began = journal.snapshot(record.revision - 1).unwrap().unwrap().head;
            let mut actor = &record.open(&began, None).unwrap().actor;
            let mut deep = 0;
            while let Actor::OnBehalfOf { actor: acts, of } = actor {
                actor = if is_of { of } else { acts };
                deep += 1;
            }
            assert_eq!(deep, depth);
            assert_eq!(*actor, Actor::System);
        }
    }
}

#[test]
fn what_is_deeper_or_has_no_form_is_told() {
    let nested = |depth, is_of| {
        let leaf = r#"{"external":{"id":"sup\"p}ort","grants":["*"]}}"#;
        nested(depth, is_of, leaf)
    };
    // It is read, and refused: nobody but the host may describe users there.
    let (_, restored) = replayed(&nested(200, true));
    let error = restored.unwrap_err();
    assert!(matches!(error, JournalError::Refused { .. }), "{error}");
    for (actor, what) in [
        (nested(1_001, true), "more than 1000 deep"),
        (nested(100_000, false), "more than 1000 deep"),
        (
            nested(200, true).replacen("\"actor\"", "\"robot\"", 1),
            "does not have its form",
        ),
        (
            nested(200, true).replacen("\"system\"", "\"sytem\"", 1),
            "sytem",
        ),
        (nested(200, true).replace("\"id\"", "\"name\""), "name"),
    ] {
        let (_, restored) = replayed(&actor);
        let error = restored.unwrap_err();
        assert!(matches!(error, JournalError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(what), "{what}: {error}");
    }
}
