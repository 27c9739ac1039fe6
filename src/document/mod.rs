//! Documents: the shapes of catalog, policy and directory, and how they are read and written.
//!
//! The same structs are read from TOML (feature `toml`), JSON (feature `json`) or any serde
//! format, or built in code. Reading never stops at the first problem: a [`Parsed`] document keeps
//! what it found, and compiling it ([`Catalog::new`](crate::Catalog::new),
//! [`Engine::new`](crate::Engine::new)) reports it together with everything else.

pub(crate) mod alike;
mod build;
mod catalog;
mod code;
pub(crate) mod decode;
mod directory;
mod fields;
#[cfg(feature = "json")]
pub(crate) mod json_format;
pub(crate) mod naming;
pub(crate) mod node;
mod policy;
mod primitives;
pub(crate) mod problem;
mod timestamp;
#[cfg(feature = "toml")]
pub(crate) mod toml_format;

pub use catalog::*;
pub use code::ProblemCode;
pub use directory::*;
pub use fields::*;
pub use policy::*;
pub use problem::{Problem, Problems, Warnings};
pub use timestamp::{Timestamp, TimestampError};

use std::collections::HashSet;
use std::sync::Arc;

#[cfg(any(feature = "toml", feature = "json"))]
use decode::Decode;
use decode::document;
use problem::{Path, Report, Rules, Source};

/// The format that documents are written in today. Format 1 is read for ever.
///
/// The two have one shape. Format 2 refuses what format 1 loads with a warning:
///
/// - a wildcard without a scope that meets a permission which offers several (S5): format 1 grants
///   nothing of it;
/// - an id of a role, package or position that begins or ends with white space, or holds a character
///   that nobody sees: what Unicode 16.0 calls format characters and ignorable by default (D12);
/// - a name or label for people that is blank, longer than 256 bytes, or holds a control character
///   (D12).
///
/// A policy that was written against an older version of its catalog is as lenient about the first in
/// either format (D16).
pub const FORMAT: u32 = 2;

/// The formats that are read.
const FORMATS: std::ops::RangeInclusive<u32> = 1..=FORMAT;

/// Reports a format that is not known, and has the report judge all else by the document's own.
pub(crate) fn judge_by_format(format: u32, root: &Path<'_>, report: &mut Report<'_>) {
    if !FORMATS.contains(&format) {
        let known: Vec<String> = FORMATS.map(|it| format!("`{it}`")).collect();
        report.error(
            &root.field("format"),
            (
                ProblemCode::UnknownFormat,
                format!(
                    "format `{format}` is not known; known are {}",
                    known.join(", ")
                ),
            ),
        );
    }
    report.judge_by(match format {
        1 => Rules::OfFormat1,
        _ => Rules::Today,
    });
}

document! {
    /// Catalog, policy and directory in one file, each under its own name; each may be left out.
    pub struct Bundle {
        /// The catalog.
        pub catalog: Option<CatalogDocument>,
        /// The policy.
        pub policy: Option<PolicyDocument>,
        /// The directory.
        pub directory: Option<DirectoryDocument>,
    }
}

/// A document, and where each part of it stands; or what is wrong with it.
///
/// A document built in code becomes one by `into()`: its problems have paths, and no places.
#[derive(Debug, Clone)]
pub struct Parsed<T> {
    document: Option<T>,
    source: Arc<Source>,
    /// Where the document stands in its source: at the root, or under a name of a bundle.
    under: Option<&'static str>,
    problems: Vec<Problem>,
    stood_in: Arc<HashSet<String>>,
}

impl<T> From<T> for Parsed<T> {
    fn from(document: T) -> Self {
        Parsed {
            document: Some(document),
            source: Arc::new(Source::default()),
            under: None,
            problems: Vec::new(),
            stood_in: Arc::default(),
        }
    }
}

impl<T> Parsed<T> {
    /// The document, if it has the right shape throughout.
    ///
    /// # Errors
    /// Every problem of syntax and shape. Names and their meaning are looked at when it is compiled.
    pub fn into_document(self) -> Result<T, Problems> {
        let (errors, document) = {
            let mut report = Report::new(&self.source);
            report.extend_errors(self.problems);
            (report.finish().0, self.document)
        };
        Problems::unless_none(errors)?;
        // Where nothing was decoded, a problem said so.
        document.ok_or_else(Problems::nothing_read)
    }

    /// What was read, as far as it could be.
    pub(crate) fn document(&self) -> Option<&T> {
        self.document.as_ref()
    }

    /// Whether all of it could be read.
    pub(crate) fn is_whole(&self) -> bool {
        self.problems.is_empty()
    }

    /// A report that starts with the problems found so far.
    pub(crate) fn report(&self) -> Report<'_> {
        let mut report = Report::new(&self.source).with_stood_in(&self.stood_in);
        report.extend_errors(self.problems.iter().cloned());
        report
    }

    /// The path of the document's root.
    pub(crate) fn root(&self) -> Path<'static> {
        match self.under {
            Some(name) => Path::ROOT.field(name),
            None => Path::ROOT,
        }
    }
}

#[cfg(any(feature = "toml", feature = "json"))]
impl<T> Parsed<T> {
    pub(crate) fn read((mut source, mut problems, whole): (Source, Vec<Problem>, bool)) -> Self
    where
        T: Decode,
    {
        let mut report = Report::new(&source);
        let document = T::decode(source.root(), &Path::ROOT, &mut report);
        let unread = report.take_unread();
        let stood_in = Arc::new(report.stood_in().clone());
        // What a broken text lacks is not worth reporting beside what broke it.
        if whole {
            problems.extend(report.finish().0);
        }
        source.set_unread(unread);
        Parsed {
            document: if whole { document } else { None },
            source: Arc::new(source),
            under: None,
            problems,
            stood_in,
        }
    }
}

/// The three parts of a bundle; one that the file leaves out is `None`.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The catalog.
    pub catalog: Option<Parsed<CatalogDocument>>,
    /// The policy.
    pub policy: Option<Parsed<PolicyDocument>>,
    /// The directory.
    pub directory: Option<Parsed<DirectoryDocument>>,
}

impl Parsed<Bundle> {
    /// The parts, each with its places.
    ///
    /// # Errors
    /// Every problem of syntax and shape in any of them: `[catlog]`, a policy without `format`.
    pub fn split(self) -> Result<Parts, Problems> {
        let source = Arc::clone(&self.source);
        let bundle = self.into_document()?;
        Ok(Parts {
            catalog: part(bundle.catalog, "catalog", &source),
            policy: part(bundle.policy, "policy", &source),
            directory: part(bundle.directory, "directory", &source),
        })
    }
}

fn part<T>(document: Option<T>, name: &'static str, source: &Arc<Source>) -> Option<Parsed<T>> {
    document.map(|document| Parsed {
        document: Some(document),
        source: Arc::clone(source),
        under: Some(name),
        problems: Vec::new(),
        stood_in: Arc::default(),
    })
}

macro_rules! readable {
    ($($name:ident),*) => {$(
        impl $name {
            /// Reads a TOML text. Problems wait in the result, with `file` as the file's name.
            #[cfg(feature = "toml")]
            pub fn from_toml(file: &str, text: &str) -> Parsed<$name> {
                Parsed::read(toml_format::read(file, text))
            }

            /// Reads a JSON text. Problems wait in the result, with `file` as the file's name.
            #[cfg(feature = "json")]
            pub fn from_json(file: &str, text: &str) -> Parsed<$name> {
                Parsed::read(json_format::read(file, text))
            }
        }
    )*};
}
readable!(CatalogDocument, PolicyDocument, DirectoryDocument, Bundle);
