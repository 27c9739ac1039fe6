//! The three documents of one account, loaded into the engine and into the reference.

use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument};
use bailiwick::{Catalog, Engine, Problems, Timestamp, Warnings};

use crate::reference::Model;

#[derive(Debug, Clone)]
pub(crate) struct Documents {
    pub catalog: CatalogDocument,
    pub policy: PolicyDocument,
    pub directory: DirectoryDocument,
    pub at: Timestamp,
}

impl Documents {
    pub(crate) fn engine(&self) -> Result<Engine, Problems> {
        let catalog = Catalog::new(self.catalog.clone(), Warnings::Into(&mut Vec::new()))?;
        self.engine_over(&catalog)
    }

    pub(crate) fn engine_over(&self, catalog: &Catalog) -> Result<Engine, Problems> {
        let engine = Engine::new(
            catalog,
            self.policy.clone(),
            self.directory.clone(),
            self.at,
            Warnings::Into(&mut Vec::new()),
        )?;
        // Half of the worlds, the same ones every time, are asked as large accounts are.
        let is_packed = (self.policy.roles.len() + self.directory.users.len()) % 2 == 1;
        Ok(if is_packed { engine.packed() } else { engine })
    }

    /// The engine; documents that do not load fail the test.
    pub(crate) fn load(&self) -> Engine {
        self.engine().unwrap_or_else(|problems| {
            panic!("a generated world does not load:\n{problems}\n\n{self}")
        })
    }

    pub(crate) fn model(&self) -> Model {
        Model::new(&self.catalog, &self.policy, &self.directory, self.at)
    }

    /// The version of the catalog that the policy was written against.
    pub(crate) fn is_older(&self) -> bool {
        self.policy.catalog_version < self.catalog.version
    }
}

/// As TOML, to be pasted into a test.
impl std::fmt::Display for Documents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let texts = [
            ("catalog", toml::to_string(&self.catalog)),
            ("policy", toml::to_string(&self.policy)),
            ("directory", toml::to_string(&self.directory)),
        ];
        for (name, text) in texts {
            match text {
                Ok(text) => writeln!(f, "# ── {name} ──\n{text}")?,
                Err(error) => writeln!(f, "# ── {name}: {error}")?,
            }
        }
        writeln!(f, "# at {}", self.at)
    }
}
