//! Loading a system from its three documents, shared by the examples.

use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument};
use bailiwick::{Catalog, Engine, Problems, Timestamp, Warnings};

/// The documents of a system, each as text.
pub(crate) struct System {
    pub(crate) catalog: &'static str,
    pub(crate) policy: &'static str,
    pub(crate) directory: &'static str,
}

impl System {
    /// The engine of the documents as they are.
    pub(crate) fn engine(&self) -> Result<Engine, Problems> {
        self.engine_with(|_| {})
    }

    /// The engine of a policy that was edited.
    pub(crate) fn engine_with(
        &self,
        edit: impl FnOnce(&mut PolicyDocument),
    ) -> Result<Engine, Problems> {
        let catalog = CatalogDocument::from_toml("catalog.toml", self.catalog);
        let mut policy = PolicyDocument::from_toml("policy.toml", self.policy).into_document()?;
        edit(&mut policy);
        let directory = DirectoryDocument::from_toml("directory.toml", self.directory);
        // Its wildcards leave some permissions out, and some roles need others beside them: it is known.
        let mut known = Vec::new();
        let catalog = Catalog::new(catalog, Warnings::Into(&mut known))?;
        let warnings = Warnings::Into(&mut known);
        Engine::new(&catalog, policy, directory, Timestamp(0), warnings)
    }
}
