//! Saving back what came from a screen: masks are no data.

use std::fmt;

use serde::ser::Serialize;

use super::access::FieldAccess;
use super::kinds::Mask;
use super::rules::{Node, Rule};
use super::walk::{Variant, Visit, walk};
use crate::document::MaskKind;

/// What was to be saved in a field of a record is no value of it. It names the field and holds nothing of the
/// value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaveRefused {
    path: Box<str>,
    kind: MaskKind,
    is_mask: bool,
}

impl SaveRefused {
    /// Refuses a text that is no value of the field.
    pub(super) fn of(rule: &Rule, text: &str) -> SaveRefused {
        SaveRefused {
            path: rule.path.clone(),
            kind: rule.mask.kind(),
            is_mask: rule.mask.is_masked(text),
        }
    }

    /// Refuses a mask of the field.
    pub(super) fn mask(rule: &Rule) -> SaveRefused {
        SaveRefused {
            path: rule.path.clone(),
            kind: rule.mask.kind(),
            is_mask: true,
        }
    }

    /// The field's path in the catalog.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns whether it is a mask. Otherwise it is not of the field's kind: no e-mail address, say.
    pub fn is_mask(&self) -> bool {
        self.is_mask
    }
}

impl fmt::Display for SaveRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            _ if self.is_mask => "a mask, not a value",
            MaskKind::Email => "not an e-mail address",
            MaskKind::Phone => "not a phone number, or too short for one",
            MaskKind::Name => "not a name in one line",
            MaskKind::Address => "not an address",
            MaskKind::Whole | MaskKind::Hidden => "of another kind than the field's",
        };
        write!(f, "the new value of field `{}` is {what}", self.path)
    }
}

impl std::error::Error for SaveRefused {}

impl FieldAccess {
    /// Returns whether a record that comes back from a screen may be saved: each of its fields holds
    /// [values of its kind](Mask::is_value), and none a mask, whoever edited it. What a field holds as a list,
    /// or an address as an object, is looked through; a number counts as its text. A field that is absent was
    /// left as it is, and the host keeps the old value; one that is blank is cleared.
    ///
    /// # Errors
    /// [`SaveRefused`] with the first such field: `{"email": "a***@***"}`, `{"email": "ada"}`, `{"phone": 67}`,
    /// and `{"phone": {"number": "+1 555 123 4567"}}` where `phone` is the field.
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
    ///     "the new value of field `email` is a mask, not a value",
    /// );
    /// assert_eq!(
    ///     access.accept(&serde_json::json!({ "email": "ada" })).unwrap_err().to_string(),
    ///     "the new value of field `email` is not an e-mail address",
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
        let mut search = Search {
            access: self,
            node: Some(&self.rules.root),
            found: None,
        };
        walk(record, true, &mut search);
        match search.found {
            Some(refused) => Err(refused),
            None => Ok(()),
        }
    }
}

/// Looks for what is no value at and below a step of paths.
struct Search<'a> {
    access: &'a FieldAccess,
    node: Option<&'a Node>,
    found: Option<SaveRefused>,
}

impl<'a> Search<'a> {
    fn look<T: Serialize + ?Sized>(&mut self, node: Option<&'a Node>, value: &T) {
        if self.found.is_none() && node.is_some() {
            let mut inner = Search {
                access: self.access,
                node,
                found: None,
            };
            walk(value, true, &mut inner);
            self.found = inner.found;
        }
    }

    /// The step below; of a field, whatever lies in it belongs to it.
    fn below(&self, key: &str) -> Option<&'a Node> {
        let node = self.node?;
        match node.field {
            Some(_) => Some(node),
            None => node.child(key),
        }
    }

    /// The field of this step, or else the first one below it.
    fn rule(&self) -> Option<(&'a Rule, bool)> {
        let node = self.node.filter(|_| self.found.is_none())?;
        let field = node.below.first()?;
        Some((self.access.rules.fields.get(*field)?, node.field.is_some()))
    }

    /// An object is a value of an address, and of a field whose values have no kind.
    fn no_text(&mut self) {
        let Some((rule, true)) = self.rule() else {
            return;
        };
        match rule.mask.kind() {
            MaskKind::Email | MaskKind::Phone | MaskKind::Name => {
                self.found = Some(SaveRefused::of(rule, ""));
            }
            MaskKind::Address | MaskKind::Whole | MaskKind::Hidden => {}
        }
    }
}

impl Visit for Search<'_> {
    fn text(&mut self, text: &str) {
        let Some((rule, is_field)) = self.rule() else {
            return;
        };
        if is_field && !rule.mask.is_value(text) {
            self.found = Some(SaveRefused::of(rule, text));
        } else if !is_field && Mask::whole().is_masked(text) {
            // Where an object should be, the projection puts the filler.
            self.found = Some(SaveRefused::mask(rule));
        }
    }

    fn scalar(&mut self, shown: fmt::Arguments<'_>) {
        self.text(&shown.to_string());
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) {
        self.look(self.node, value);
    }

    fn object(&mut self, _: Option<usize>) {
        self.no_text();
    }

    fn variant(&mut self, variant: &Variant) {
        self.no_text();
        self.node = self.below(variant.name);
    }

    fn entry<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) {
        self.look(self.below(key), value);
    }
}
