//! What one subject sees of one record: which fields, and how.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::guarded::Guarded;
use super::project::Projected;
use super::rules::{Rule, Rules};
use super::save::SaveRefused;
use super::{Address, Mask};
use crate::Decision;
use crate::id::Brand;

/// How a value of a field is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum View {
    /// As it is.
    Clear,
    /// Through the field's mask.
    Masked,
    /// Not at all.
    Hidden,
}

/// What one subject sees of one record (M1): made by
/// [`Engine::fields`](crate::Engine::fields), owned, and bound to both. Asking it costs a look
/// through the fields of the type; asking a [`Field`] costs nothing to speak of.
///
/// Its `Debug` shows neither values nor who contributed them.
#[derive(Clone)]
pub struct FieldAccess {
    pub(super) rules: Arc<Rules>,
    pub(super) bound_to: Arc<Binding>,
    /// For each field, whether its permission reveals it.
    pub(super) revealed: Arc<[bool]>,
    pub(super) read: Decision,
}

/// What an access and the values guarded under it are bound to.
#[derive(PartialEq, Eq)]
pub(crate) struct Binding {
    /// The lineage of the account's engines.
    pub(crate) lineage: Brand,
    pub(crate) subject: Viewer,
    pub(crate) record: Option<Box<str>>,
}

/// Who looks.
#[derive(PartialEq, Eq)]
pub(crate) enum Viewer {
    /// A user, or a token with an id.
    Person(Box<str>),
    /// A role standing for itself.
    Role(Box<str>),
    /// A token without an id: nobody in particular.
    Nobody,
}

impl FieldAccess {
    /// `revealed` is by the order of the type's fields; whoever may not read sees none of them.
    pub(crate) fn new(
        rules: Arc<Rules>,
        bound_to: Binding,
        read: Decision,
        revealed: impl Iterator<Item = bool>,
    ) -> FieldAccess {
        FieldAccess {
            rules,
            bound_to: Arc::new(bound_to),
            revealed: revealed.collect(),
            read,
        }
    }

    /// The answer to the type's `read` operation: where it is a denial, every field is hidden.
    pub fn read(&self) -> Decision {
        self.read
    }

    /// The field of that path.
    ///
    /// # Errors
    /// [`UnknownField`] where the catalog names no such field for the record's type: `e-mail` for
    /// `email`. What the catalog does not name is not masked, and a misspelt name must not pass
    /// for that.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Engine, Record, Timestamp, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "crm"
    /// #     version = 1
    /// #     permissions = [{ path = "people" }, { path = "contact_info" }]
    /// #     types = [{ id = "person", read = "view", fields = [{ path = "email", mask = { kind = "email" }, revealed_by = "contact_info", contributor_sees = true }] }]
    /// #     operations = [{ type = "person", action = "view", on = "record", allowed_by = ["people"] }]
    /// # "#), Warnings::Refuse)?;
    /// # let policy = PolicyDocument { roles: vec![RoleDocument::new("canvasser").grant("people")], ..PolicyDocument::new(1) };
    /// # let users = DirectoryDocument::new([UserDocument::new("ann").role("canvasser")]);
    /// # let engine = Engine::new(&catalog, policy, users, Timestamp(0), Warnings::Refuse)?;
    /// let access = engine.fields("ann", &Record::of("person").id("7"));
    /// let email = access.field("email")?;
    /// assert_eq!(email.show("ada@example.com").as_deref(), Some("a***@***"));
    /// let hers = email.for_contributor(Some("ann"));
    /// assert_eq!(hers.show("ada@example.com").as_deref(), Some("ada@example.com"));
    /// assert!(access.field("e-mail").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn field(&self, path: &str) -> Result<Field<'_>, UnknownField> {
        let (index, rule) = self.rules.find(path).ok_or_else(|| UnknownField {
            r#type: self.rules.type_name.to_string(),
            path: path.to_owned(),
        })?;
        Ok(Field {
            access: self,
            rule,
            index,
            contributor: None,
        })
    }

    /// The paths of the fields that the catalog names for the record's type.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.rules.fields.iter().map(|rule| &*rule.path)
    }

    /// The record as this subject sees it: any serde value, whole, by the field paths of the
    /// catalog. For the screen and for an export alike (M5).
    ///
    /// A path that is absent stays absent, and a hidden field is left out. A masked text stays a text. A value
    /// of another type than its kind (a number, an object where a text should be) is left out, and so is what
    /// a path leads through and is no object, list or text; in a list, nothing (`null`) stands in its place.
    /// The number of a building is the filler, whatever it is and whether or not there is one (M3). Where the
    /// subject may not read the record, nothing is left: an empty object.
    ///
    /// The value is serialised through, not copied; where contributors may see what they
    /// contributed, objects that hold such fields are looked through once more for who did.
    /// For formats that describe themselves (JSON, TOML, CBOR, MessagePack), since a masked value
    /// may be of another type than a clear one.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Engine, Record, Timestamp, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "crm"
    /// #     version = 1
    /// #     permissions = [{ path = "people" }, { path = "contact_info" }]
    /// #     types = [{ id = "person", read = "view", fields = [{ path = "phones.number", mask = { kind = "phone" }, revealed_by = "contact_info", contributor_sees = true, contributor = "added_by" }] }]
    /// #     operations = [{ type = "person", action = "view", on = "record", allowed_by = ["people"] }]
    /// # "#), Warnings::Refuse)?;
    /// # let policy = PolicyDocument { roles: vec![RoleDocument::new("canvasser").grant("people")], ..PolicyDocument::new(1) };
    /// # let users = DirectoryDocument::new([UserDocument::new("ann").role("canvasser")]);
    /// # let engine = Engine::new(&catalog, policy, users, Timestamp(0), Warnings::Refuse)?;
    /// let access = engine.fields("ann", &Record::of("person").id("7"));
    /// let person = serde_json::json!({
    ///     "name": "Ada",
    ///     "phones": [
    ///         { "number": "+1 555 123 4567", "added_by": "bob" },
    ///         { "number": "+1 555 765 4321", "added_by": "ann" },
    ///     ],
    /// });
    /// assert_eq!(
    ///     serde_json::to_value(access.project(&person))?,
    ///     serde_json::json!({
    ///         "name": "Ada",
    ///         "phones": [
    ///             { "number": "***67", "added_by": "bob" },
    ///             { "number": "+1 555 765 4321", "added_by": "ann" },
    ///         ],
    ///     }),
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn project<'a, T: serde::Serialize + ?Sized>(&'a self, record: &'a T) -> Projected<'a, T> {
        Projected::new(self, record)
    }

    pub(super) fn is_readable(&self) -> bool {
        self.read.is_allow()
    }

    pub(super) fn is_revealed(&self, field: usize) -> bool {
        self.is_readable() && self.revealed.get(field).is_some_and(|it| *it)
    }

    pub(super) fn is_viewer(&self, id: &str) -> bool {
        matches!(&self.bound_to.subject, Viewer::Person(viewer) if **viewer == *id)
    }

    pub(super) fn view(&self, field: usize, is_contributor: bool) -> View {
        match self.rules.fields.get(field) {
            Some(_) if !self.is_readable() => View::Hidden,
            Some(_) if self.is_revealed(field) => View::Clear,
            Some(rule) if rule.contributor_sees && is_contributor => View::Clear,
            Some(rule) if !rule.is_hidden() => View::Masked,
            _ => View::Hidden,
        }
    }
}

impl fmt::Debug for FieldAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldAccess")
            .field("type", &self.rules.type_name)
            .field("record", &self.bound_to.record)
            .field("read", &self.read.code())
            .finish_non_exhaustive()
    }
}

/// The catalog names no field of that path for the type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the catalog names no field `{path}` of type `{type}`")]
pub struct UnknownField {
    pub(super) r#type: String,
    pub(super) path: String,
}

impl UnknownField {
    /// The path that was asked for.
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// One field of one record, as one subject sees it: made by [`FieldAccess::field`].
#[derive(Clone, Copy)]
#[must_use]
pub struct Field<'a> {
    pub(super) access: &'a FieldAccess,
    pub(super) rule: &'a Rule,
    pub(super) index: usize,
    pub(super) contributor: Option<&'a str>,
}

impl<'a> Field<'a> {
    /// The field of a value that this user contributed; `None` where nobody knows who did.
    pub fn for_contributor(self, user: Option<&'a str>) -> Field<'a> {
        Field {
            contributor: user,
            ..self
        }
    }

    /// How the value is seen.
    pub fn view(&self) -> View {
        let contributed = self.contributor.is_some_and(|it| self.access.is_viewer(it));
        self.access.view(self.index, contributed)
    }

    /// The value as it is seen; `None` where it is hidden. A text in a field of kind `address` is
    /// masked whole. Allocates for a masked value only.
    pub fn show<'v>(&self, value: &'v str) -> Option<Cow<'v, str>> {
        match self.view() {
            View::Clear => Some(Cow::Borrowed(value)),
            View::Masked => Some(Cow::Owned(self.rule.mask.text(value))),
            View::Hidden => None,
        }
    }

    /// [`Field::show`], appended to a buffer; of a hidden value nothing is.
    pub fn write_into(&self, value: &str, out: &mut String) -> View {
        let view = self.view();
        match view {
            View::Clear => out.push_str(value),
            View::Masked => self.rule.mask.write_into(value, out),
            View::Hidden => {}
        }
        view
    }

    /// The mask of the field, whoever looks.
    pub fn mask(&self) -> &'a Mask {
        &self.rule.mask
    }

    /// The address in one line, masked unless it is seen in clear; then the host knows best how to
    /// write it, and has `None`, as for a hidden one. [`Field::view`] tells the two apart.
    pub fn show_masked_address(&self, address: &Address<'_>) -> Option<String> {
        (self.view() == View::Masked).then(|| self.rule.mask.address_text(address))
    }

    /// Wraps a text, so that it cannot be shown by mistake: what is shown of it is its mask, also
    /// where it is seen in clear, and `[masked]` where it is hidden.
    pub fn guard<T: AsRef<str>>(&self, value: T) -> Guarded<T> {
        let is_shown = self.view() != View::Hidden && !self.rule.is_hidden();
        let shown = is_shown.then(|| self.rule.mask.text(value.as_ref()).into());
        Guarded::new(self, value, shown)
    }

    /// Wraps a value of any type; what is shown of it is `[masked]`.
    pub fn guard_value<T>(&self, value: T) -> Guarded<T> {
        Guarded::new(self, value, None)
    }

    /// Whether a text may be saved in the field, by whoever may edit the record: nobody overwrites
    /// data with asterisks.
    ///
    /// # Errors
    /// [`SaveRefused`] where the text [has the shape of a mask](Mask::is_masked) or is
    /// [not of the mask's kind](Mask::is_value), whoever looks: `a***@***`, `***67`, `67`, and also
    /// `a***@example.com`.
    pub fn accept(&self, text: &str) -> Result<(), SaveRefused> {
        if self.rule.mask.is_value(text) {
            return Ok(());
        }
        Err(SaveRefused::of(self.rule, text))
    }

    /// Replaces a value. Whoever sees the old one in clear has it back; nobody else does.
    ///
    /// # Errors
    /// [`Field::accept`]'s; and a mask of the old value whose filler is gone (`A` where `A***` showed, `00067` for
    /// `***67`), unless nothing of the old value shows to the subject, who would learn its mask. The old value
    /// then stays. Whoever sees it in clear may put it in its own place, whatever it is.
    pub fn replace(&self, value: &mut String, new: String) -> Result<Option<String>, SaveRefused> {
        let view = self.view();
        let is_seen = view == View::Clear;
        if !(is_seen && *value == new) {
            self.accept(&new)?;
            if view != View::Hidden && self.rule.mask.is_rest_of(value, &new) {
                return Err(SaveRefused::mask(self.rule));
            }
        }
        let old = std::mem::replace(value, new);
        Ok(is_seen.then_some(old))
    }
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field")
            .field("path", &self.rule.path)
            .field("view", &self.view())
            .finish_non_exhaustive()
    }
}
