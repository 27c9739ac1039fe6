//! The compact form of a screen, for a front end that knows the catalog.

use std::fmt;
use std::str::FromStr;

use super::checksum::Checksum;
use super::{Ask, Screen, ScreenSubject, Shown};
use crate::catalog::Catalog;
use crate::decision::Denied;
use crate::engine::Engine;
use crate::id::OperationId;
use crate::limits;
use crate::request::{Subject, is_invalid_identifier};

/// A screen in few bytes, for a front end that knows the catalog: two bits an operation.
///
/// Its `Display` is the bytes in base64url without padding, read back by [`str::parse`].
///
/// # Format
///
/// This is format 1, and stable. Numbers are little-endian; a text is its length in two bytes and then
/// UTF-8, and of length 0 where there is none; each is an identifier: at most 256 bytes, none of them of a
/// control character.
///
/// | bytes | |
/// |---|---|
/// | 3 | `BWS` |
/// | 1 | the number of the format, 1 |
/// | 8 | the engine's revision, from 1 to 2⁶³ - 1 |
/// | 4 | the catalog's version, from 1 |
/// | text | the catalog's id |
/// | text | the account, where there is one |
/// | 1 | whom it was made for: 0 a user, 1 a role, 2 a token |
/// | text | the id, where there is one |
/// | 8 | of a token, a checksum of what else it brings; otherwise 0 |
/// | 2 | how many operations the catalog has |
/// | a quarter of that, rounded up | two bits an operation, in the order of [`Catalog::operations`], the first in the lowest bits: 0 hidden, 1 blocked, 2 blocked and to be requested by the subject itself, 3 enabled; bits left over are 0 |
/// | 8 | a checksum of all bytes before: 64-bit FNV-1a |
///
/// The checksum finds damage. It is no signature: a screen advises, a check decides.
///
/// ```
/// # use bailiwick::{Catalog, Engine, Timestamp, Warnings, document::*};
/// use bailiwick::query::{CompactScreen, CompactShown};
/// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
/// #     format = 2
/// #     id = "shop"
/// #     version = 1
/// #     permissions = [{ path = "orders" }]
/// #     types = [{ id = "order" }]
/// #     operations = [{ type = "order", action = "print", on = "type", allowed_by = ["orders"] }]
/// # "#), Warnings::Refuse)?;
/// # let policy = PolicyDocument {
/// #     roles: vec![RoleDocument::new("seller").grant("orders")],
/// #     ..PolicyDocument::new(1)
/// # };
/// # let users = DirectoryDocument::new([UserDocument::new("ann").role("seller")]);
/// # let engine = Engine::new(&catalog, policy, users, Timestamp(0), Warnings::Refuse)?;
/// let sent = engine.screen("ann")?.compact().to_string();
///
/// let copy: CompactScreen = sent.parse()?;
/// let print = catalog.operation("order", "print").unwrap();
/// assert_eq!(copy.shown(&catalog, print), Some(CompactShown::Enabled));
/// assert_eq!(copy.stale(&engine, "ann"), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CompactScreen {
    catalog: String,
    catalog_version: u32,
    account: Option<String>,
    subject: ScreenSubject,
    revision: u64,
    operations: u16,
    bits: Vec<u8>,
}

/// What a compact screen shows of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompactShown {
    /// Hidden.
    Hidden = 0,
    /// Blocked, and somebody else is to be asked.
    Blocked = 1,
    /// Blocked, and the subject itself may request the feature.
    Requestable = 2,
    /// Enabled.
    Enabled = 3,
}

/// Why something is no compact screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScreenError {
    /// It is not base64url without padding.
    #[error("not base64url without padding")]
    NotBase64,
    /// It does not begin as a screen does.
    #[error("not a compact screen")]
    Foreign,
    /// It is of a format that this version does not know.
    #[error("format `{0}` of compact screens is not known; this is format `1`")]
    UnknownFormat(u8),
    /// Its checksum does not fit: it was cut short, or something in it was changed.
    #[error("the compact screen is damaged")]
    Damaged,
    /// Its checksum fits, and what it says does not follow the format.
    #[error("the compact screen does not follow its format")]
    Malformed,
}

/// Why a copy of a screen is to be fetched again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stale {
    /// It is of another catalog, or of another version of it.
    OtherCatalog,
    /// It is of another account.
    OtherAccount,
    /// It is of another subject, or of a token that brings something else.
    OtherSubject,
    /// The subject is denied everything now: suspended, removed or unknown, say.
    Denied(Denied),
    /// The engine has gone on since.
    OlderRevision {
        /// The copy's revision.
        copy: u64,
        /// The engine's.
        engine: u64,
    },
}

const MAGIC: &[u8; 3] = b"BWS";
const FORMAT: u8 = 1;
const KINDS: [&str; 3] = ["user", "role", "token"];

impl CompactScreen {
    pub(super) fn of(screen: &Screen) -> CompactScreen {
        let mut bits = Vec::with_capacity(screen.places.len().div_ceil(4));
        let mut operations = 0_u16;
        for shown in screen.in_order() {
            let two = match shown {
                Shown::Hidden => CompactShown::Hidden,
                Shown::Blocked(blocked) if blocked.ask == Ask::Yourself => {
                    CompactShown::Requestable
                }
                Shown::Blocked(_) => CompactShown::Blocked,
                Shown::Enabled { .. } => CompactShown::Enabled,
            };
            match (operations % 4, bits.last_mut()) {
                (place @ 1.., Some(last)) => *last |= (two as u8) << (2 * place),
                _ => bits.push(two as u8),
            }
            operations += 1;
        }
        CompactScreen {
            catalog: screen.catalog.clone(),
            catalog_version: screen.catalog_version,
            account: screen.account.clone(),
            subject: screen.subject.clone(),
            revision: screen.revision,
            operations,
            bits,
        }
    }

    /// The number of the engine's state that it shows.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The account it is of.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// Whom it was made for.
    pub fn subject(&self) -> &ScreenSubject {
        &self.subject
    }

    /// What it shows of an operation; `None` where it is of another catalog or another version.
    pub fn shown(&self, catalog: &Catalog, operation: OperationId) -> Option<CompactShown> {
        let index = operation.index(catalog.0.brand)?;
        if !self.is_of(catalog) || index >= usize::from(self.operations) {
            return None;
        }
        Some(match self.bits.get(index / 4)? >> (2 * (index % 4)) & 3 {
            0 => CompactShown::Hidden,
            1 => CompactShown::Blocked,
            2 => CompactShown::Requestable,
            _ => CompactShown::Enabled,
        })
    }

    fn is_of(&self, catalog: &Catalog) -> bool {
        self.catalog == catalog.id()
            && self.catalog_version == catalog.version()
            && usize::from(self.operations) == catalog.0.operations.len()
    }

    /// Why the copy is not what the engine would show the subject now; `None` where it is. A copy of a
    /// later revision than the engine's is not stale: the engine is.
    ///
    /// In which context a screen was made is not looked at.
    pub fn stale<'a>(&self, engine: &Engine, subject: impl Into<Subject<'a>>) -> Option<Stale> {
        let subject = subject.into();
        if !self.is_of(engine.catalog()) {
            return Some(Stale::OtherCatalog);
        }
        if self.account() != engine.account() {
            return Some(Stale::OtherAccount);
        }
        let asker = match engine.state().asker(&subject) {
            Ok(asker) => asker,
            Err(denial) => return Some(Stale::Denied(engine.state().refuse(denial))),
        };
        if ScreenSubject::of(engine, &subject, &asker) != self.subject {
            Some(Stale::OtherSubject)
        } else if self.revision < engine.revision() {
            Some(Stale::OlderRevision {
                copy: self.revision,
                engine: engine.revision(),
            })
        } else {
            None
        }
    }

    /// The bytes of the format.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64 + self.bits.len());
        bytes.extend(MAGIC);
        bytes.push(FORMAT);
        bytes.extend(self.revision.to_le_bytes());
        bytes.extend(self.catalog_version.to_le_bytes());
        let text = |bytes: &mut Vec<u8>, text: &str| {
            // Identifiers are short (D12).
            bytes.extend((text.len() as u16).to_le_bytes());
            bytes.extend(text.as_bytes());
        };
        text(&mut bytes, &self.catalog);
        text(&mut bytes, self.account().unwrap_or_default());
        let kind = KINDS.iter().position(|it| *it == self.subject.kind);
        bytes.push(kind.unwrap_or_default() as u8);
        text(&mut bytes, self.subject.id.as_deref().unwrap_or_default());
        bytes.extend(self.subject.mark.to_le_bytes());
        bytes.extend(self.operations.to_le_bytes());
        bytes.extend(&self.bits);
        bytes.extend(Checksum::of(&bytes).to_le_bytes());
        bytes
    }

    /// Reads the bytes of the format.
    ///
    /// # Errors
    /// Whatever is not exactly what [`to_bytes`](CompactScreen::to_bytes) writes: `Foreign` of `[]` and
    /// of `b"{}"`, `UnknownFormat(2)` of `b"BWS\x02"`, `Damaged` of anything cut short, `Malformed` of an
    /// id with a line break or of revision 0.
    pub fn from_bytes(bytes: &[u8]) -> Result<CompactScreen, ScreenError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(ScreenError::Foreign)?;
        match rest.first() {
            Some(&FORMAT) => {}
            Some(&other) => return Err(ScreenError::UnknownFormat(other)),
            None => return Err(ScreenError::Damaged),
        }
        let (summed, checksum) = bytes.split_last_chunk::<8>().ok_or(ScreenError::Damaged)?;
        if u64::from_le_bytes(*checksum) != Checksum::of(summed) {
            return Err(ScreenError::Damaged);
        }
        let body = summed.get(MAGIC.len() + 1..);
        body.and_then(|body| Reader(body).screen())
            .ok_or(ScreenError::Malformed)
    }
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (chunk, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*chunk)
    }

    /// An identifier (D12), or none.
    fn text(&mut self) -> Option<Option<String>> {
        let length = usize::from(u16::from_le_bytes(self.chunk()?));
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        if text.is_empty() {
            return Some(None);
        }
        let text = std::str::from_utf8(text).ok()?;
        (!is_invalid_identifier(text)).then(|| Some(text.to_owned()))
    }

    fn screen(mut self) -> Option<CompactScreen> {
        // Revisions and versions count from 1; a revision is no larger than the loader takes.
        let revision = u64::from_le_bytes(self.chunk()?);
        let catalog_version = u32::from_le_bytes(self.chunk()?);
        if revision == 0 || i64::try_from(revision).is_err() || catalog_version == 0 {
            return None;
        }
        let catalog = self.text()??;
        let account = self.text()?;
        let [kind] = self.chunk()?;
        let subject = ScreenSubject {
            kind: KINDS.get(usize::from(kind))?,
            id: self.text()?,
            mark: u64::from_le_bytes(self.chunk()?),
        };
        let is_token = subject.kind == "token";
        if !is_token && (subject.id.is_none() || subject.mark != 0) {
            return None;
        }
        let operations = u16::from_le_bytes(self.chunk()?);
        let bits = self.0;
        if usize::from(operations) > limits::OPERATIONS {
            return None;
        }
        if bits.len() != usize::from(operations).div_ceil(4) {
            return None;
        }
        let used = match operations % 4 {
            0 => 8,
            some => 2 * some,
        };
        if bits
            .last()
            .is_some_and(|last| u16::from(*last) >> used != 0)
        {
            return None;
        }
        Some(CompactScreen {
            catalog,
            catalog_version,
            account,
            subject,
            revision,
            operations,
            bits: bits.to_vec(),
        })
    }
}

// ── As text ───────────────────────────────────────────────────────────────────────────────────

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl fmt::Display for CompactScreen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.to_bytes();
        let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
        for three in bytes.chunks(3) {
            let word = (0..3).fold(0_u32, |word, i| {
                word << 8 | u32::from(three.get(i).copied().unwrap_or(0))
            });
            for place in 0..=three.len() {
                let digit = word >> (18 - 6 * place) & 63;
                text.extend(DIGITS.get(digit as usize).map(|it| char::from(*it)));
            }
        }
        f.write_str(&text)
    }
}

impl FromStr for CompactScreen {
    type Err = ScreenError;

    fn from_str(text: &str) -> Result<CompactScreen, ScreenError> {
        let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
        for four in text.as_bytes().chunks(4) {
            let mut word = 0_u32;
            for digit in four {
                let digit = DIGITS.iter().position(|it| it == digit);
                word = word << 6 | digit.ok_or(ScreenError::NotBase64)? as u32;
            }
            // One digit says no byte; the bits that say none are zero, so that each screen has one text.
            let (whole, spare) = match four.len() {
                4 => (3, 0),
                3 => (2, 2),
                2 => (1, 4),
                _ => return Err(ScreenError::NotBase64),
            };
            if word & ((1 << spare) - 1) != 0 {
                return Err(ScreenError::NotBase64);
            }
            let word = word >> spare;
            bytes.extend((0..whole).rev().map(|i| (word >> (8 * i)) as u8));
        }
        CompactScreen::from_bytes(&bytes)
    }
}
