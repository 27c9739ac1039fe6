//! Masked fields for random worlds.

use bailiwick::document::{
    AskedOn, CatalogDocument, FieldDocument, MaskDocument, MaskKind, PermissionDocument,
};

use super::rng::Rng;

/// Gives most types an operation that reading is, and up to three fields.
pub(crate) fn add_fields(catalog: &mut CatalogDocument, rng: &mut Rng) {
    let paths: Vec<String> = catalog
        .permissions
        .iter()
        .map(|it: &PermissionDocument| it.path.clone())
        .collect();
    for r#type in &mut catalog.types {
        let operations = catalog.operations.iter();
        let own = operations.filter(|it| it.r#type == r#type.id && it.on == AskedOn::Record);
        let own: Vec<&String> = own.map(|it| &it.action).collect();
        if own.is_empty() || paths.is_empty() || rng.chance(15) {
            continue;
        }
        r#type.read = Some((*rng.pick(&own)).clone());
        for path in ["phone", "mail", "notes"] {
            if rng.chance(60) {
                r#type.fields.push(FieldDocument {
                    path: path.to_owned(),
                    mask: MaskDocument {
                        kind: MaskKind::Whole,
                        first: None,
                        last: None,
                        filler: None,
                        keep_domain: false,
                    },
                    revealed_by: rng.pick(&paths).clone(),
                    contributor_sees: rng.chance(40),
                    contributor: None,
                    search: Vec::new(),
                });
            }
        }
    }
}
