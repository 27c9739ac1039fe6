//! Documents: the shapes of catalog, policy and directory, and how they are read and written.
//!
//! The same structs are read from TOML (feature `toml`), JSON (feature `json`) or any serde
//! format, or built in code. Reading never stops at the first problem: a [`Parsed`] document keeps
//! what it found, and compiling it ([`Catalog::new`](crate::Catalog::new),
//! [`Engine::new`](crate::Engine::new)) reports it together with everything else.

mod build;
mod catalog;
pub(crate) mod decode;
mod directory;
mod fields;
#[cfg(feature = "json")]
pub(crate) mod json_format;
pub(crate) mod node;
mod policy;
mod primitives;
pub(crate) mod problem;
mod timestamp;
#[cfg(feature = "toml")]
pub(crate) mod toml_format;

pub use catalog::*;
pub use directory::*;
pub use fields::*;
pub use policy::*;
pub use problem::{Problem, Problems};
pub use timestamp::{Timestamp, TimestampError};

use std::sync::Arc;

#[cfg(any(feature = "toml", feature = "json"))]
use decode::Decode;
use decode::document;
use problem::{Path, Report, Source};

/// The one document format there is so far.
pub const FORMAT: u32 = 1;

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
}

impl<T> From<T> for Parsed<T> {
    fn from(document: T) -> Self {
        Parsed {
            document: Some(document),
            source: Arc::new(Source::default()),
            under: None,
            problems: Vec::new(),
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

    /// A report that starts with the problems found so far.
    pub(crate) fn report(&self) -> Report<'_> {
        let mut report = Report::new(&self.source);
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
        }
    }
}

impl Parsed<Bundle> {
    /// The three parts; one left out of the file is `None`.
    #[allow(clippy::type_complexity)]
    pub fn split(
        self,
    ) -> (
        Option<Parsed<CatalogDocument>>,
        Option<Parsed<PolicyDocument>>,
        Option<Parsed<DirectoryDocument>>,
    ) {
        let Parsed {
            document,
            source,
            under: _,
            problems,
        } = self;
        let Some(bundle) = document else {
            // Whatever is asked for first reports why nothing could be read.
            let nothing = Parsed {
                document: None,
                source,
                under: None,
                problems,
            };
            return (Some(nothing), None, None);
        };
        // Problems of shape go with the part that comes first, so that none is lost.
        let mut problems = Some(problems);
        let catalog = part(bundle.catalog, "catalog", &source, &mut problems);
        let policy = part(bundle.policy, "policy", &source, &mut problems);
        let directory = part(bundle.directory, "directory", &source, &mut problems);
        (catalog, policy, directory)
    }
}

fn part<T>(
    document: Option<T>,
    name: &'static str,
    source: &Arc<Source>,
    problems: &mut Option<Vec<Problem>>,
) -> Option<Parsed<T>> {
    document.map(|document| Parsed {
        document: Some(document),
        source: Arc::clone(source),
        under: Some(name),
        problems: problems.take().unwrap_or_default(),
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
