//! The compact form: what it says is what the screen says, and what is not exactly one is refused.

use bailiwick::admin::{Actor, Change};
use bailiwick::query::{Ask, CompactScreen, CompactShown, Screen, ScreenError, Shown, Stale};
use bailiwick::{Subject, Timestamp, Token};

use super::outreach;
use super::support::ask::{Asker, context_of};
use super::support::run::each_world;

#[test]
fn the_compact_form_says_what_the_screen_says() {
    let tally = each_world(20, |drawn, tally| {
        let engine = drawn.documents.load();
        let catalog = engine.catalog();
        for case in &drawn.cases {
            let context = context_of(&case.request);
            let asker = Asker::by_name(&case.request.subject);
            let Ok(screen) = engine.in_context(&context).screen(asker.subject()) else {
                continue;
            };
            tally.cases += 1;
            let compact = screen.compact();
            let bytes = compact.to_bytes();
            assert_eq!(CompactScreen::from_bytes(&bytes), Ok(compact.clone()));
            let text = compact.to_string();
            assert_eq!(text.parse(), Ok(compact.clone()));
            assert_eq!(compact.stale(&engine, asker.subject()), None);
            assert_eq!(compact.subject(), &screen.subject);
            assert_eq!(compact.account(), screen.account.as_deref());
            for operation in catalog.operations() {
                let expected = match screen.shown(operation).unwrap() {
                    Shown::Enabled { .. } => CompactShown::Enabled,
                    Shown::Hidden => CompactShown::Hidden,
                    Shown::Blocked(blocked) if blocked.ask == Ask::Yourself => {
                        CompactShown::Requestable
                    }
                    Shown::Blocked(_) => CompactShown::Blocked,
                };
                assert_eq!(compact.shown(catalog, operation), Some(expected));
                tally.count(match expected {
                    CompactShown::Enabled => "Enabled",
                    CompactShown::Hidden => "Hidden",
                    CompactShown::Blocked => "Blocked",
                    CompactShown::Requestable => "Requestable",
                });
            }
            // Every bit and every prefix of one in some worlds.
            if tally.cases == 1 && drawn.number % 8 == 3 {
                nothing_else_is_a_screen(&bytes, tally);
            }
        }
    });
    println!("{} cases", tally.cases);
    if tally.cases > 5_000 {
        let kinds = ["Enabled", "Hidden", "Blocked", "Damaged", "Malformed"];
        assert_eq!(tally.missing(&kinds), Vec::<&str>::new());
    }
}

pub(super) fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum: u64, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Every byte changed in every bit, every prefix, a byte more; and all of it with a checksum that fits.
fn nothing_else_is_a_screen(bytes: &[u8], tally: &mut super::support::tally::Tally) {
    let mut changed = Vec::new();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut other = bytes.to_vec();
            other[at] ^= 1 << bit;
            changed.push(other);
        }
        changed.push(bytes[..at].to_vec());
    }
    for more in [0, 255] {
        changed.push([bytes, &[more]].concat());
    }
    for other in changed {
        match CompactScreen::from_bytes(&other) {
            Ok(read) => panic!("{other:?} is no screen: {read:?}"),
            Err(ScreenError::Damaged) => tally.count("Damaged"),
            Err(ScreenError::Foreign) => assert!(!other.starts_with(b"BWS")),
            Err(ScreenError::UnknownFormat(format)) => assert_eq!(other[3], format),
            Err(error) => panic!("{error:?} of {other:?}"),
        }
        // What would be a screen is written as it was read.
        let Some((summed, _)) = other.split_last_chunk::<8>() else {
            continue;
        };
        let fits = [summed, &checksum(summed).to_le_bytes()].concat();
        match CompactScreen::from_bytes(&fits) {
            Ok(read) => assert_eq!(read.to_bytes(), fits),
            Err(ScreenError::Malformed) => tally.count("Malformed"),
            Err(ScreenError::Foreign | ScreenError::UnknownFormat(_)) => {}
            Err(error) => panic!("{error:?} of {fits:?}"),
        }
    }
}

/// What two readers could take for two things is not taken at all.
#[test]
fn a_screen_has_one_form() {
    // Of three operations the last two bits of their byte are left over.
    let engine = outreach::engine_with(|catalog, _| catalog.operations.truncate(3));
    let bytes = engine.screen("cam").unwrap().compact().to_bytes();
    let bits = bytes.len() - 9;
    let refused = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut other = bytes[..=bits].to_vec();
        edit(&mut other);
        let sum = checksum(&other);
        other.extend(sum.to_le_bytes());
        CompactScreen::from_bytes(&other).err()
    };
    assert_eq!(refused(&|_| {}), None);
    let malformed = Some(ScreenError::Malformed);
    assert_eq!(refused(&|other| other[bits] |= 0x40), malformed);
    assert_eq!(refused(&|other| other[bits] |= 0x80), malformed);
    // Before the bits: the number of operations, the checksum of a token, the id, the kind.
    let (mark, id, kind) = (bits - 10, bits - 13, bits - 16);
    assert_eq!(&bytes[id..mark], b"cam");
    assert_eq!(refused(&|other| other[mark] = 1), malformed);
    assert_eq!(refused(&|other| other[kind] = 3), malformed);
    assert_eq!(refused(&|other| other[id] = 0xff), malformed);
    let nobody = |other: &mut Vec<u8>| {
        other.drain(id..mark);
        other[id - 2] = 0;
    };
    assert_eq!(refused(&nobody), malformed);
    // A token need not bring an id, and has a checksum.
    let token = |other: &mut Vec<u8>| {
        other[kind] = 2;
        other[mark] = 1;
        nobody(other);
    };
    assert_eq!(refused(&token), None);
}

#[test]
fn what_is_no_screen_is_refused_by_name() {
    let refused = |bytes: &[u8]| CompactScreen::from_bytes(bytes).unwrap_err();
    assert_eq!(refused(b""), ScreenError::Foreign);
    assert_eq!(refused(b"{}"), ScreenError::Foreign);
    assert_eq!(refused(b"BWS"), ScreenError::Damaged);
    assert_eq!(refused(b"BWS\x02"), ScreenError::UnknownFormat(2));
    assert_eq!(refused(b"BWS\x01"), ScreenError::Damaged);

    let text = outreach::screen("cam", true).compact().to_string();
    let parsed = |text: &str| text.parse::<CompactScreen>().unwrap_err();
    for none in ["*", "a", "QldT=", "QldT QldT", &format!("{text}=")] {
        assert_eq!(parsed(none), ScreenError::NotBase64, "{none}");
    }
    assert_eq!(parsed(""), ScreenError::Foreign);
    assert_eq!(parsed("e30"), ScreenError::Foreign);
    // Spare bits that say no byte are zero.
    assert_eq!(parsed("e31"), ScreenError::NotBase64);
    for at in 0..text.len() {
        assert!(text[..at].parse::<CompactScreen>().is_err());
    }
}

#[test]
fn a_stale_copy_is_told_from_a_good_one() {
    let engine = outreach::engine(true);
    let copy = engine.screen("cam").unwrap().compact();
    assert_eq!(copy.stale(&engine, "cam"), None);
    let handle = engine.user("cam").unwrap();
    assert_eq!(copy.stale(&engine, handle), None);
    assert_eq!(copy.stale(&engine, "olga"), Some(Stale::OtherSubject));
    let Some(Stale::Denied(denied)) = copy.stale(&engine, "nobody") else {
        panic!("nothing can be asked of nobody");
    };
    assert_eq!(
        denied.decision().reason().unwrap().code(),
        "unknown_subject"
    );
    let suspend = Change::SuspendUser {
        user: "cam".to_owned(),
    };
    let suspended = engine.apply(&Actor::System, Timestamp(0), &[suspend]);
    let Some(Stale::Denied(denied)) = copy.stale(suspended.unwrap().engine(), "cam") else {
        panic!("nothing can be asked of who is suspended");
    };
    assert_eq!(denied.decision().reason().unwrap().code(), "suspended");
    let role = Subject::role("system:campaigner");
    assert_eq!(copy.stale(&engine, role), Some(Stale::OtherSubject));

    let later = outreach::engine_with(|_, policy| policy.revision = Some(5));
    let older = Stale::OlderRevision { copy: 1, engine: 5 };
    assert_eq!(copy.stale(&later, "cam"), Some(older));
    let of_later = later.screen("cam").unwrap().compact();
    assert_eq!(of_later.stale(&engine, "cam"), None);
    assert_eq!(of_later.revision(), 5);

    let elsewhere = outreach::engine_with(|_, policy| policy.account = Some("southwind".into()));
    assert_eq!(copy.stale(&elsewhere, "cam"), Some(Stale::OtherAccount));
    let newer = outreach::engine_with(|catalog, _| catalog.version = 2);
    assert_eq!(copy.stale(&newer, "cam"), Some(Stale::OtherCatalog));
    let renamed = outreach::engine_with(|catalog, _| catalog.id = "other".into());
    assert_eq!(copy.stale(&renamed, "cam"), Some(Stale::OtherCatalog));
    let operation = newer.catalog().operation("cx", "see").unwrap();
    assert_eq!(copy.shown(newer.catalog(), operation), None);
}

#[test]
fn tokens_are_told_apart_by_what_they_bring() {
    let engine = outreach::engine_with(|catalog, _| {
        let roles = catalog.roles.iter().map(|it| it.id.clone());
        catalog.tokens.system_roles = roles.collect();
        let text = bailiwick::document::PropertyType::Text;
        catalog
            .subject_properties
            .insert("team".into(), text.into());
    });
    let token = |roles: &[&str]| Token::new(roles.iter().copied()).id("kim");
    let both = token(&["system:operations", "system:campaigner"]);
    let copy = engine.screen(&both).unwrap().compact();
    let turned = token(&["system:campaigner", "system:operations"]);
    assert_eq!(copy.stale(&engine, &turned), None);
    let undeclared = turned.clone().property("undeclared", "x");
    assert_eq!(copy.stale(&engine, &undeclared), None);
    for other in [
        token(&["system:campaigner"]),
        turned.clone().id("kam"),
        turned.clone().property("team", "a"),
        Token::new(["system:campaigner", "system:operations"]),
    ] {
        assert_eq!(copy.stale(&engine, &other), Some(Stale::OtherSubject));
    }
}

/// The format is stable: a screen written today is read for ever.
#[test]
fn the_format_does_not_change() {
    let screen: Screen = outreach::screen("cam", false);
    let written = screen.compact().to_string();
    assert_eq!(written, include_str!("golden/cam.txt").trim_end());
}
