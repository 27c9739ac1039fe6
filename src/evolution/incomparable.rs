//! What keeps two catalogs from being compared.

use std::fmt;

use crate::document::problem::quoted;

/// Two catalogs of which the second is no later version of the first: every conflict, one a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incomparable(pub(super) Vec<Conflict>);

/// One thing for which a catalog is no later version of another (D16).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conflict {
    /// They are catalogs of different products.
    OtherCatalog {
        /// The id of the one.
        older: String,
        /// The id of the other.
        newer: String,
    },
    /// The newer one has the lower version.
    LowerVersion {
        /// The version of the one.
        older: u32,
        /// The version of the other.
        newer: u32,
    },
    /// Something changed, and the version stayed: policies would not know which one they were written
    /// against.
    SameVersion {
        /// The version of both.
        version: u32,
    },
    /// A path is gone, neither renamed nor retired: policies that name it would not load.
    Dropped {
        /// The path.
        path: String,
    },
    /// A path was given up, and stands for a node all the same.
    UsedAgain {
        /// The path.
        path: String,
    },
    /// A path was renamed to one that the older catalog had.
    TargetExisted {
        /// The old path.
        from: String,
        /// The new one.
        to: String,
    },
    /// Two nodes became one.
    Merged {
        /// Their paths in the older catalog.
        paths: [String; 2],
        /// The path of both in the newer one.
        into: String,
    },
    /// Both catalogs know the version, and say different things of what it did to a path: denies of
    /// older policies would be carried elsewhere than they were.
    HistoryChanged {
        /// The version.
        version: u32,
        /// The path that it renamed or retired.
        path: String,
    },
}

impl Incomparable {
    /// The conflicts; never empty.
    pub fn conflicts(&self) -> &[Conflict] {
        &self.0
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Conflict::OtherCatalog { older, newer } => write!(
                f,
                "catalog {} is no version of catalog {}",
                quoted(newer),
                quoted(older)
            ),
            Conflict::LowerVersion { older, newer } => {
                write!(f, "version `{newer}` does not come after version `{older}`")
            }
            Conflict::SameVersion { version } => write!(
                f,
                "the catalog changed, and its version is still `{version}`; raise it"
            ),
            Conflict::Dropped { path } => write!(
                f,
                "permission {} is gone, neither renamed nor retired",
                quoted(path)
            ),
            Conflict::UsedAgain { path } => write!(
                f,
                "{} was renamed or retired, yet it is a permission; no path is used again",
                quoted(path)
            ),
            Conflict::TargetExisted { from, to } => write!(
                f,
                "{} was renamed to {}, which was a permission before",
                quoted(from),
                quoted(to)
            ),
            Conflict::Merged { paths, into } => {
                let [first, second] = paths;
                let (first, second) = (quoted(first), quoted(second));
                write!(f, "{first} and {second} both became {}", quoted(into))
            }
            Conflict::HistoryChanged { version, path } => write!(
                f,
                "the two catalogs tell differently what version `{version}` did to {}",
                quoted(path)
            ),
        }
    }
}

impl fmt::Display for Incomparable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, conflict) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{conflict}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Incomparable {}
