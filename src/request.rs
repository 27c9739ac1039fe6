//! The request side: who asks, for which action, on which resource, in which context.

use crate::document::{AskedOn, PropertyValue};
use crate::id::{OperationId, PositionId, PropertyId, TypeId, UserId};

/// Who asks: a user of the directory, a bearer of a token, or a role standing for itself.
///
/// Most hosts never name this type: `check` takes a [`UserId`], a `&str` (a user's id) or a
/// [`&Token`](Token) directly. It is needed to state the account (D11) or to ask as a role (D18).
///
/// ```
/// use bailiwick::{Subject, Token};
/// let by_name = Subject::user("ann").account("acme");
/// let as_role = Subject::role("editor");
/// let token = Token::new(["system:viewer"]).id("ann");
/// let bearer = Subject::from(&token).account("acme");
/// # let _ = (by_name, as_role, bearer);
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Subject<'a> {
    pub(crate) who: Who<'a>,
    pub(crate) account: Option<&'a str>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Who<'a> {
    Handle(UserId),
    Named(&'a str),
    Role(&'a str),
    Token(&'a Token),
}

impl<'a> Subject<'a> {
    /// A user of the directory, by id.
    pub const fn user(id: &'a str) -> Self {
        Subject {
            who: Who::Named(id),
            account: None,
        }
    }

    /// A role standing for itself, without id and position (D18): below `All` it answers only
    /// `can_any` and operations on the type. [`Token::of_role`] gives it an id or a position.
    pub const fn role(role: &'a str) -> Self {
        Subject {
            who: Who::Role(role),
            account: None,
        }
    }

    /// States the account. A [`UserId`] states it by itself.
    pub const fn account(mut self, account: &'a str) -> Self {
        self.account = Some(account);
        self
    }
}

impl From<UserId> for Subject<'_> {
    fn from(id: UserId) -> Self {
        Subject {
            who: Who::Handle(id),
            account: None,
        }
    }
}

impl<'a> From<&'a str> for Subject<'a> {
    fn from(id: &'a str) -> Self {
        Subject::user(id)
    }
}

impl<'a> From<&'a String> for Subject<'a> {
    fn from(id: &'a String) -> Self {
        Subject::user(id)
    }
}

impl<'a> From<&'a Token> for Subject<'a> {
    fn from(token: &'a Token) -> Self {
        Subject {
            who: Who::Token(token),
            account: None,
        }
    }
}

impl<'a> From<&Subject<'a>> for Subject<'a> {
    fn from(subject: &Subject<'a>) -> Self {
        *subject
    }
}

/// A subject that brings its roles, position and properties with it (D18).
///
/// It need not be in the directory. Its position is the one it brings, or none; its properties are
/// the ones it brings. If its id is a user of the directory it is that user: suspended denies, and
/// what the directory denies them binds besides.
#[derive(Debug, Clone, Default)]
pub struct Token {
    pub(crate) id: Option<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) position: Option<String>,
    pub(crate) properties: PropertyMap,
    /// A role standing as subject: any role may, whatever the catalog lets tokens bring.
    pub(crate) stands_for_role: bool,
}

impl Token {
    /// A token that brings these roles; the catalog says which it may (D18).
    pub fn new<R: Into<String>>(roles: impl IntoIterator<Item = R>) -> Self {
        Token {
            roles: roles.into_iter().map(Into::into).collect(),
            ..Token::default()
        }
    }

    /// A role standing as subject, which may be given an id and a position: any role, whether or
    /// not tokens may bring it.
    pub fn of_role(role: impl Into<String>) -> Self {
        Token {
            roles: vec![role.into()],
            stands_for_role: true,
            ..Token::default()
        }
    }

    /// The subject's id, under which it owns records.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The subject's position.
    #[must_use]
    pub fn position(mut self, position: impl Into<String>) -> Self {
        self.position = Some(position.into());
        self
    }

    /// A property of the subject.
    #[must_use]
    pub fn property(mut self, name: impl Into<String>, value: impl Into<PropertyValue>) -> Self {
        self.properties.set(name, value);
        self
    }
}

/// What is asked: an operation resolved at boot, or an action by name.
#[derive(Debug, Clone, Copy)]
pub enum Action<'a> {
    /// A resolved operation. Its type is the resource's, or the answer is a denial.
    Operation(OperationId),
    /// The action of the resource's type.
    Named(&'a str),
}

impl From<OperationId> for Action<'_> {
    fn from(id: OperationId) -> Self {
        Action::Operation(id)
    }
}

impl<'a> From<&'a str> for Action<'a> {
    fn from(name: &'a str) -> Self {
        Action::Named(name)
    }
}

impl<'a> From<&'a String> for Action<'a> {
    fn from(name: &'a String) -> Self {
        Action::Named(name)
    }
}

/// A resource as a check sees it. Hosts implement it for their own structs; [`Record`] is a ready
/// one for requests made of strings, [`OnType`] asks of a type.
///
/// ```
/// use bailiwick::{Owner, PropertyId, Resource, ResourceType, Value};
///
/// struct Campaign { owner: String, status: &'static str }
///
/// impl Resource for Campaign {
///     fn resource_type(&self) -> ResourceType<'_> {
///         ResourceType::Named("campaign")
///     }
///     fn owner(&self) -> Owner<'_> {
///         Owner::Named(&self.owner)
///     }
///     fn property(&self, _: PropertyId, name: &str) -> Option<Value<'_>> {
///         (name == "status").then_some(Value::Text(self.status))
///     }
/// }
/// ```
pub trait Resource {
    /// Its type. Without one it is taken for the type of the operation asked, which must then be
    /// given by handle.
    fn resource_type(&self) -> ResourceType<'_> {
        ResourceType::OfOperation
    }

    /// Whether this stands for one record or for the type (D14); for one record unless told.
    fn asked_on(&self) -> AskedOn {
        AskedOn::Record
    }

    /// Its id. An invalid one denies (D12), both states of a change have the same (D19), and conditions
    /// read it as `resource.id` (D10).
    fn id(&self) -> Option<&str> {
        None
    }

    /// Its account (D11).
    fn account(&self) -> Option<&str> {
        None
    }

    /// Its owner, whom conditions read as `resource.owner` (D10).
    fn owner(&self) -> Owner<'_> {
        Owner::None
    }

    /// The owner's position, where the host knows it better than the directory (S3).
    fn owner_position(&self) -> OwnerPosition<'_> {
        OwnerPosition::Directory
    }

    /// A declared property, by handle and by name; `None` where the record has none.
    fn property(&self, property: PropertyId, name: &str) -> Option<Value<'_>> {
        let _ = (property, name);
        None
    }
}

/// The type of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceType<'a> {
    /// Whatever the operation is about; the operation is then given by handle.
    OfOperation,
    /// By name.
    Named(&'a str),
    /// By handle.
    Id(TypeId),
}

/// The owner of a record: one, or none (S1, S3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner<'a> {
    /// Nobody, or not given: reached by `All` alone.
    None,
    /// By id. An owner unknown to the directory is an owner without a position.
    Named(&'a str),
    /// By handle; one of another account is an owner unknown to this one.
    User(UserId),
}

/// The position of a record's owner (S3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerPosition<'a> {
    /// As the directory has it.
    Directory,
    /// None, whatever the directory says.
    None,
    /// By id; an unknown one is none.
    Named(&'a str),
    /// By handle; one of another account is none.
    At(PositionId),
}

/// The value of a property (D10).
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// A text.
    Text(&'a str),
    /// A 64-bit signed integer.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// A set of texts; order and repetition mean nothing. Documents hold at most
    /// [`SET_TEXTS`](crate::limits::SET_TEXTS) in one. Two sets that a request brings may be of any size:
    /// nothing is allocated to compare them, so the longer one is gone through for each 4,096 texts of the
    /// shorter.
    Set(Texts<'a>),
}

/// The texts of a set, borrowed from whatever the host holds.
#[derive(Debug, Clone, Copy)]
pub enum Texts<'a> {
    /// Owned texts.
    Strings(&'a [String]),
    /// Borrowed texts.
    Strs(&'a [&'a str]),
}

impl<'a> Texts<'a> {
    pub(crate) fn any(self, mut test: impl FnMut(&str) -> bool) -> bool {
        match self {
            Texts::Strings(texts) => texts.iter().any(|text| test(text)),
            Texts::Strs(texts) => texts.iter().any(|text| test(text)),
        }
    }

    pub(crate) fn len(self) -> usize {
        match self {
            Texts::Strings(texts) => texts.len(),
            Texts::Strs(texts) => texts.len(),
        }
    }

    pub(crate) fn get(self, place: usize) -> Option<&'a str> {
        match self {
            Texts::Strings(texts) => texts.get(place).map(String::as_str),
            Texts::Strs(texts) => texts.get(place).copied(),
        }
    }

    pub(crate) fn contains(self, wanted: &str) -> bool {
        self.any(|text| text == wanted)
    }
}

impl<'a> From<&'a PropertyValue> for Value<'a> {
    fn from(value: &'a PropertyValue) -> Self {
        match value {
            PropertyValue::Text(text) => Value::Text(text),
            PropertyValue::Integer(n) => Value::Integer(*n),
            PropertyValue::Boolean(b) => Value::Boolean(*b),
            PropertyValue::Set(texts) => Value::Set(Texts::Strings(texts)),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(text)
    }
}

impl From<i64> for Value<'_> {
    fn from(n: i64) -> Self {
        Value::Integer(n)
    }
}

impl From<bool> for Value<'_> {
    fn from(b: bool) -> Self {
        Value::Boolean(b)
    }
}

impl<'a> From<&'a [String]> for Value<'a> {
    fn from(texts: &'a [String]) -> Self {
        Value::Set(Texts::Strings(texts))
    }
}

impl From<&str> for PropertyValue {
    fn from(text: &str) -> Self {
        PropertyValue::Text(text.to_owned())
    }
}

impl From<String> for PropertyValue {
    fn from(text: String) -> Self {
        PropertyValue::Text(text)
    }
}

impl From<i64> for PropertyValue {
    fn from(n: i64) -> Self {
        PropertyValue::Integer(n)
    }
}

impl From<bool> for PropertyValue {
    fn from(b: bool) -> Self {
        PropertyValue::Boolean(b)
    }
}

impl From<Vec<String>> for PropertyValue {
    fn from(texts: Vec<String>) -> Self {
        PropertyValue::Set(texts)
    }
}

/// A ready [`Resource`] for requests made of strings.
///
/// ```
/// use bailiwick::Record;
/// let campaign = Record::of("campaign").id("42").owner("bob").property("status", "draft");
/// # let _ = campaign;
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Record<'a> {
    r#type: &'a str,
    id: Option<&'a str>,
    account: Option<&'a str>,
    owner: Owner<'a>,
    owner_position: OwnerPosition<'a>,
    /// Behind a pointer, so that a record without any is cheap to make and to drop.
    properties: Option<Box<PropertyMap>>,
}

impl<'a> Record<'a> {
    /// A record of that type, without owner.
    pub const fn of(r#type: &'a str) -> Self {
        Record {
            r#type,
            id: None,
            account: None,
            owner: Owner::None,
            owner_position: OwnerPosition::Directory,
            properties: None,
        }
    }

    /// Its id.
    pub fn id(mut self, id: &'a str) -> Self {
        self.id = Some(id);
        self
    }

    /// Its account.
    pub fn account(mut self, account: &'a str) -> Self {
        self.account = Some(account);
        self
    }

    /// Its owner, by id.
    pub fn owner(mut self, owner: &'a str) -> Self {
        self.owner = Owner::Named(owner);
        self
    }

    /// Its owner, by handle.
    pub fn owner_id(mut self, owner: UserId) -> Self {
        self.owner = Owner::User(owner);
        self
    }

    /// The owner's position, which then counts instead of the directory's (S3).
    pub fn owner_position(mut self, position: OwnerPosition<'a>) -> Self {
        self.owner_position = position;
        self
    }

    /// A property.
    pub fn property(mut self, name: impl Into<String>, value: impl Into<PropertyValue>) -> Self {
        self.properties.get_or_insert_default().set(name, value);
        self
    }
}

impl Resource for Record<'_> {
    fn resource_type(&self) -> ResourceType<'_> {
        ResourceType::Named(self.r#type)
    }

    fn id(&self) -> Option<&str> {
        self.id
    }

    fn account(&self) -> Option<&str> {
        self.account
    }

    fn owner(&self) -> Owner<'_> {
        self.owner
    }

    fn owner_position(&self) -> OwnerPosition<'_> {
        self.owner_position
    }

    fn property(&self, _: PropertyId, name: &str) -> Option<Value<'_>> {
        self.properties.as_ref()?.get(name)
    }
}

/// A ready [`Resource`] that stands for a type: create, export, open a page (D14).
///
/// ```
/// use bailiwick::OnType;
/// let campaigns = OnType::named("campaign").account("acme");
/// # let _ = campaigns;
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct OnType<'a> {
    r#type: ResourceType<'a>,
    account: Option<&'a str>,
}

impl<'a> OnType<'a> {
    /// The type of the operation asked, which is given by handle.
    pub const fn of_operation() -> Self {
        OnType {
            r#type: ResourceType::OfOperation,
            account: None,
        }
    }

    /// The type of that name.
    pub const fn named(r#type: &'a str) -> Self {
        OnType {
            r#type: ResourceType::Named(r#type),
            account: None,
        }
    }

    /// States the account.
    pub const fn account(mut self, account: &'a str) -> Self {
        self.account = Some(account);
        self
    }
}

impl Resource for OnType<'_> {
    fn resource_type(&self) -> ResourceType<'_> {
        self.r#type
    }

    fn asked_on(&self) -> AskedOn {
        AskedOn::Type
    }

    fn account(&self) -> Option<&str> {
        self.account
    }
}

/// The circumstances of a request: properties that the catalog declares for the context (D10).
pub trait Context {
    /// A declared property, by handle and by name; `None` where it is not known.
    fn property(&self, property: PropertyId, name: &str) -> Option<Value<'_>>;
}

/// The context of a request that states nothing.
impl Context for () {
    fn property(&self, _: PropertyId, _: &str) -> Option<Value<'_>> {
        None
    }
}

/// Properties by name: a ready [`Context`].
///
/// ```
/// use bailiwick::PropertyMap;
/// let mut context = PropertyMap::new();
/// context.set("hour", 9).set("channel", "web");
/// ```
#[derive(Debug, Clone, Default)]
pub struct PropertyMap(Vec<(String, PropertyValue)>);

impl PropertyMap {
    /// No properties.
    pub const fn new() -> Self {
        PropertyMap(Vec::new())
    }

    /// Sets a property; an earlier value of that name is replaced.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<PropertyValue>) -> &mut Self {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<Value<'_>> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into())
    }
}

impl Context for PropertyMap {
    fn property(&self, _: PropertyId, name: &str) -> Option<Value<'_>> {
        self.get(name)
    }
}

/// Whether a text is no identifier (D12): empty, longer than 256 bytes, or holding a control
/// character.
pub(crate) fn is_invalid_identifier(text: &str) -> bool {
    if text.is_empty() || text.len() > crate::limits::IDENTIFIER_BYTES {
        return true;
    }
    is_suspicious(text.as_bytes()) && text.chars().any(char::is_control)
}

/// Whether a byte may belong to a control character: C0, DEL, or the first byte of C1's encoding.
/// Eight bytes are looked at together; a borrow between them can only follow a true finding.
fn is_suspicious(bytes: &[u8]) -> bool {
    const ONES: u64 = u64::MAX / 255;
    const TOPS: u64 = ONES << 7;
    const fn below(word: u64, least: u64) -> u64 {
        word.wrapping_sub(ONES * least) & !word & TOPS
    }
    let word_is_suspicious = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        let found =
            below(word, 0x20) | below(word ^ (ONES * 0x7f), 1) | below(word ^ (ONES * 0xc2), 1);
        found != 0
    };
    let (words, rest) = bytes.as_chunks::<8>();
    words.iter().any(word_is_suspicious)
        || match bytes.last_chunk::<8>() {
            Some(last) => word_is_suspicious(last),
            None => rest
                .iter()
                .any(|&byte| byte < 0x20 || byte == 0x7f || byte == 0xc2),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_control_character_is_found_wherever_it_stands() {
        for c in (0..=0x24f_u32).filter_map(char::from_u32) {
            for length in 1..20 {
                for place in 0..length {
                    let text: String = (0..length)
                        .map(|i| if i == place { c } else { 'a' })
                        .collect();
                    assert_eq!(is_invalid_identifier(&text), c.is_control(), "{text:?}");
                }
            }
        }
        assert!(is_invalid_identifier(""));
        assert!(
            !is_invalid_identifier(&"a".repeat(256)) && is_invalid_identifier(&"a".repeat(257))
        );
    }
}
