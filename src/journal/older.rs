//! The older versions of a catalog by which hosts may still read a journal (D16).

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;

use super::replay::{first_snapshot, stored_catalog};
use super::{Journal, JournalError, catalog_digest};
use crate::Catalog;
use crate::document::CatalogDocument;

/// The older versions of a catalog that hosts of one journal may have.
///
/// A journal keeps the catalogs that its records were made under. They are known to be all there can be if none
/// is missing between the version that the journal began under and today's. A host that only reads keeps none:
/// one that calls [`keep_catalog`](super::keep_catalog) when it starts makes them known.
#[derive(Debug, Clone)]
pub struct OlderCatalogs(Option<Arc<[CatalogDocument]>>);

impl OlderCatalogs {
    /// Nothing is known of them: any may be there that is older than the catalog.
    pub fn unknown() -> OlderCatalogs {
        OlderCatalogs(None)
    }

    /// Those that a journal tells of.
    ///
    /// Cost: nothing for version 1; otherwise reading the catalogs, and the journal's first snapshot if one is
    /// missing.
    ///
    /// # Errors
    /// Those of the journal.
    pub fn of(journal: &dyn Journal, catalog: &Catalog) -> Result<OlderCatalogs, JournalError> {
        let mut older: Vec<CatalogDocument> = Vec::new();
        if catalog.version() > 1 {
            let Some(digests) = journal.catalogs()? else {
                return Ok(OlderCatalogs::unknown());
            };
            let own = catalog_digest(catalog);
            for digest in digests.into_iter().filter(|it| *it != own) {
                let named: Named = match stored_catalog(journal, digest, 0) {
                    Err(error @ JournalError::Storage(_)) => return Err(error),
                    Err(_) => return Ok(OlderCatalogs::unknown()),
                    Ok(named) => named,
                };
                if named.id != catalog.id() || named.version >= catalog.version() {
                    continue;
                }
                match stored_catalog(journal, digest, 0) {
                    Ok(document) => older.push(document),
                    Err(_) => return Ok(OlderCatalogs::unknown()),
                }
            }
            let versions: BTreeSet<u32> = older.iter().map(|it| it.version).collect();
            let are_all = |mut since: std::ops::Range<u32>| since.all(|it| versions.contains(&it));
            if !are_all(1..catalog.version()) {
                let began = began_under(journal, catalog)?;
                if !began.is_some_and(|it| are_all(it..catalog.version())) {
                    return Ok(OlderCatalogs::unknown());
                }
            }
        }
        Ok(OlderCatalogs(Some(older.into())))
    }

    /// Those that are older than a version, if they are known.
    pub(super) fn than(&self, version: u32) -> Option<&[CatalogDocument]> {
        if version <= 1 {
            return Some(&[]);
        }
        self.0.as_deref()
    }
}

#[derive(Deserialize)]
struct Named {
    id: String,
    version: u32,
}

/// The version of the catalog that a journal began under, if that is one of this line.
fn began_under(journal: &dyn Journal, catalog: &Catalog) -> Result<Option<u32>, JournalError> {
    let Some(head) = journal.head()? else {
        return Ok(None);
    };
    let snapshot = match first_snapshot(journal, head.revision) {
        Err(error @ JournalError::Storage(_)) => return Err(error),
        snapshot => snapshot.ok(),
    };
    let Some(digest) = snapshot.and_then(|it| it.catalog()) else {
        return Ok(None);
    };
    if digest == catalog_digest(catalog) {
        return Ok(Some(catalog.version()));
    }
    match stored_catalog::<Named>(journal, digest, 0) {
        Err(error @ JournalError::Storage(_)) => Err(error),
        named => Ok(named
            .ok()
            .filter(|it| it.id == catalog.id())
            .map(|it| it.version)),
    }
}
