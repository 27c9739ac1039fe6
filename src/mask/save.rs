//! Saving back what came from a screen: masks are no data.

use serde::ser::Serialize;

use super::access::FieldAccess;
use super::kinds::Mask;
use super::rules::Node;
use super::walk::{Variant, Visit, walk};
use crate::document::MaskKind;

/// A text of the shape of a mask, where a value was to be saved. It names the field and holds
/// nothing of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("what was to be saved in field `{path}` is a mask, not a value")]
pub struct SaveRefused {
    path: Box<str>,
}

impl SaveRefused {
    pub(super) fn masked(path: &str) -> SaveRefused {
        SaveRefused { path: path.into() }
    }

    /// The field's path in the catalog.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl FieldAccess {
    /// Whether a record that comes back from a screen may be saved: none of its fields holds a text
    /// of the shape of a mask, whoever edited it. What a field below holds as a list or an object
    /// is looked through; a field that is absent was left as it is, and the host keeps the old value.
    ///
    /// # Errors
    /// [`SaveRefused`] with the first such field: `{"email": "a***@***"}`.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Engine, Record, Timestamp, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "crm"
    /// #     version = 1
    /// #     permissions = [{ path = "people" }, { path = "contact_info" }]
    /// #     types = [{ id = "person", read = "view", fields = [{ path = "email", mask = { kind = "email" }, revealed_by = "contact_info" }] }]
    /// #     operations = [{ type = "person", action = "view", on = "record", allowed_by = ["people"] }]
    /// # "#), Warnings::Refuse)?;
    /// # let policy = PolicyDocument { roles: vec![RoleDocument::new("canvasser").grant("people")], ..PolicyDocument::new(1) };
    /// # let users = DirectoryDocument::new([UserDocument::new("ann").role("canvasser")]);
    /// # let engine = Engine::new(&catalog, policy, users, Timestamp(0), Warnings::Refuse)?;
    /// let access = engine.fields("ann", &Record::of("person").id("7"));
    /// let edited = serde_json::json!({ "name": "Ada L.", "email": "a***@***" });
    /// assert_eq!(
    ///     access.accept(&edited).unwrap_err().to_string(),
    ///     "what was to be saved in field `email` is a mask, not a value",
    /// );
    /// assert!(access.accept(&serde_json::json!({ "email": "ada@example.org" })).is_ok());
    ///
    /// // Ann may not see the old value, and replacing it does not tell her.
    /// let mut stored = "ada@example.com".to_owned();
    /// let old = access.field("email")?.replace(&mut stored, "ada@example.org".to_owned())?;
    /// assert_eq!((old, &*stored), (None, "ada@example.org"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn accept<T: Serialize + ?Sized>(&self, record: &T) -> Result<(), SaveRefused> {
        let mut search = Masks {
            access: self,
            node: Some(&self.rules.root),
            found: None,
        };
        walk(record, true, &mut search);
        match search.found {
            Some(path) => Err(SaveRefused::masked(path)),
            None => Ok(()),
        }
    }
}

/// Looks for texts of the shape of masks at and below a step of paths.
struct Masks<'a> {
    access: &'a FieldAccess,
    node: Option<&'a Node>,
    found: Option<&'a str>,
}

impl<'a> Masks<'a> {
    fn look<T: Serialize + ?Sized>(&mut self, node: Option<&'a Node>, value: &T) {
        if self.found.is_none() && node.is_some() {
            let mut inner = Masks { node, ..*self };
            walk(value, true, &mut inner);
            self.found = inner.found;
        }
    }
}

impl Visit for Masks<'_> {
    fn text(&mut self, text: &str) {
        let Some(node) = self.node else { return };
        let fields = &self.access.rules.fields;
        let rule = node.below.first().and_then(|&field| fields.get(field));
        let Some(rule) = rule.filter(|_| self.found.is_none()) else {
            return;
        };
        let masked = match node.field {
            // A hidden field is never shown, so no mask of it comes back.
            Some(_) if rule.mask.kind() == MaskKind::Hidden => false,
            Some(_) => rule.mask.is_masked(text),
            // Where an object should be, the projection puts the filler.
            None => Mask::whole().is_masked(text),
        };
        if masked {
            self.found = Some(&rule.path);
        }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) {
        self.look(self.node, value);
    }

    fn variant(&mut self, variant: &Variant) {
        self.node = self.below(variant.name);
    }

    fn entry<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) {
        self.look(self.below(key), value);
    }
}

impl<'a> Masks<'a> {
    /// The step below; of a field, whatever lies in it belongs to it.
    fn below(&self, key: &str) -> Option<&'a Node> {
        let node = self.node?;
        match node.field {
            Some(_) => Some(node),
            None => node.child(key),
        }
    }
}
