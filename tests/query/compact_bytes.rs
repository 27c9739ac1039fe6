//! Which bytes are a compact screen: those of the documented format, and no others.

use bailiwick::query::{CompactScreen, ScreenError};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;

use super::compact::checksum;
use super::outreach;

/// The parts of the format, some of them as no screen has them.
#[derive(Debug, Clone)]
struct Parts {
    revision: u64,
    version: u32,
    catalog: Vec<u8>,
    account: Vec<u8>,
    kind: u8,
    id: Vec<u8>,
    mark: u64,
    operations: u16,
    bits: Vec<u8>,
}

impl Parts {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"BWS\x01".to_vec();
        bytes.extend(self.revision.to_le_bytes());
        bytes.extend(self.version.to_le_bytes());
        let text = |bytes: &mut Vec<u8>, text: &[u8]| {
            bytes.extend((text.len() as u16).to_le_bytes());
            bytes.extend(text);
        };
        text(&mut bytes, &self.catalog);
        text(&mut bytes, &self.account);
        bytes.push(self.kind);
        text(&mut bytes, &self.id);
        bytes.extend(self.mark.to_le_bytes());
        bytes.extend(self.operations.to_le_bytes());
        bytes.extend(&self.bits);
        bytes
    }

    /// As the documentation of the format has it.
    fn is_a_screen(&self) -> bool {
        let is_identifier = |text: &[u8]| {
            let text = std::str::from_utf8(text);
            text.is_ok_and(|it| it.len() <= 256 && !it.chars().any(char::is_control))
        };
        let left_over = match (self.operations % 4, self.bits.last()) {
            (0, _) | (_, None) => 0,
            (used, Some(last)) => u32::from(*last) >> (2 * used),
        };
        (1..=i64::MAX as u64).contains(&self.revision)
            && self.version > 0
            && !self.catalog.is_empty()
            && [&self.catalog, &self.account, &self.id]
                .into_iter()
                .all(|it| is_identifier(it))
            && match self.kind {
                0 | 1 => !self.id.is_empty() && self.mark == 0,
                kind => kind == 2,
            }
            && self.operations <= 16_384
            && self.bits.len() == usize::from(self.operations).div_ceil(4)
            && left_over == 0
    }
}

fn any_parts() -> impl Strategy<Value = Parts> {
    let revision = prop_oneof![
        6 => 1..1000_u64,
        1 => select(&[0, 1, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX][..]),
    ];
    let version = prop_oneof![6 => 1..9_u32, 1 => select(&[0, u32::MAX][..])];
    let text = || {
        prop_oneof![
            12 => "[a-zé王]{1,12}".prop_map(String::into_bytes),
            3 => Just(Vec::new()),
            1 => "[a-z]{0,4}\\PC[a-z]{0,4}".prop_map(String::into_bytes),
            1 => "[a-z]{0,4}[\u{0}-\u{1f}\u{7f}-\u{9f}][a-z]{0,4}".prop_map(String::into_bytes),
            1 => "[a-z]{255,258}".prop_map(String::into_bytes),
            1 => proptest::collection::vec(any::<u8>(), 0..6),
        ]
    };
    let subject = (
        prop_oneof![8 => 0..3_u8, 1 => any::<u8>()],
        text(),
        prop_oneof![3 => Just(0), 1 => any::<u64>()],
    );
    let bits = prop_oneof![
        8 => (0..24_u16).prop_flat_map(|operations| {
            let length = usize::from(operations).div_ceil(4);
            (Just(operations), proptest::collection::vec(any::<u8>(), length), 0..6_u8)
        }),
        1 => select(&[16_384_u16, 16_385, 16_388, u16::MAX][..])
            .prop_map(|operations| (operations, vec![0; usize::from(operations).div_ceil(4)], 0)),
        1 => (any::<u16>(), proptest::collection::vec(any::<u8>(), 0..8), 0..2_u8),
    ]
    .prop_map(|(operations, mut bits, tidy)| {
        if let (1.., used @ 1.., Some(last)) = (tidy, operations % 4, bits.last_mut()) {
            *last &= (1 << (2 * used)) - 1;
        }
        (operations, bits)
    });
    (revision, version, text(), text(), subject, bits).prop_map(
        |(revision, version, catalog, account, (kind, id, mark), (operations, bits))| Parts {
            revision,
            version,
            catalog,
            account,
            kind,
            id,
            mark: mark * u64::from(kind == 2 || mark % 4 == 1),
            operations,
            bits,
        },
    )
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("BAILIWICK_CASES").ok();
    ProptestConfig {
        cases: cases.and_then(|it| it.parse().ok()).unwrap_or(20_000),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn with_checksum(bytes: &[u8]) -> Vec<u8> {
    [bytes, &checksum(bytes).to_le_bytes()].concat()
}

/// What is read is written as it was read, byte for byte, and as text too.
fn is_read(bytes: &[u8]) -> Result<bool, TestCaseError> {
    match CompactScreen::from_bytes(bytes) {
        Ok(read) => {
            prop_assert_eq!(read.to_bytes(), bytes);
            prop_assert_eq!(read.to_string().parse(), Ok(read));
            Ok(true)
        }
        Err(ScreenError::Damaged | ScreenError::Malformed) => Ok(false),
        Err(ScreenError::Foreign) => {
            prop_assert!(!bytes.starts_with(b"BWS"));
            Ok(false)
        }
        Err(ScreenError::UnknownFormat(format)) => {
            prop_assert_ne!(format, 1);
            Ok(false)
        }
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn bytes_are_a_screen_where_every_part_of_the_format_holds() {
    let (mut screens, mut others) = (0, 0);
    let counts = std::cell::RefCell::new((&mut screens, &mut others));
    let held = TestRunner::new(cases()).run(&any_parts(), |parts| {
        let is_a_screen = parts.is_a_screen();
        prop_assert_eq!(
            is_read(&with_checksum(&parts.bytes()))?,
            is_a_screen,
            "{:?}",
            parts
        );
        let (screens, others) = &mut *counts.borrow_mut();
        **if is_a_screen { screens } else { others } += 1;
        Ok(())
    });
    held.unwrap_or_else(|broken| panic!("{broken}"));
    assert!(
        screens > 0 && others > 0,
        "{screens} screens, {others} others"
    );
}

/// Bytes of real screens and of generated ones, changed, cut and put together, with a checksum that fits.
#[test]
fn whatever_is_read_is_written_as_it_was() {
    let real: Vec<Vec<u8>> = ["cam", "olga"]
        .iter()
        .filter_map(|user| {
            Some(
                outreach::engine(true)
                    .screen(*user)
                    .ok()?
                    .compact()
                    .to_bytes(),
            )
        })
        .map(|mut bytes| {
            bytes.truncate(bytes.len() - 8);
            bytes
        })
        .collect();
    assert!(!real.is_empty());
    let bytes = || prop_oneof![select(real.clone()), any_parts().prop_map(|it| it.bytes())];
    let change = (0..4_u8, any::<Index>(), any::<u8>());
    let changes = proptest::collection::vec(change, 0..4);
    let held =
        TestRunner::new(cases()).run(&(bytes(), bytes(), changes), |(mut one, other, changes)| {
            for (kind, place, byte) in changes {
                let at = place.index(one.len());
                match kind {
                    0 => one[at] = byte,
                    1 => one[at] ^= 1 << (byte % 8),
                    2 => one.insert(at, byte),
                    _ => {
                        one.truncate(at);
                        one.extend(other.get(at..).unwrap_or_default());
                        one.push(byte);
                    }
                }
            }
            is_read(&with_checksum(&one))?;
            is_read(&one)?;
            Ok(())
        });
    held.unwrap_or_else(|broken| panic!("{broken}"));
}
