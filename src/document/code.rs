//! What kind of problem it is, for programs.

use serde::{Serialize, Serializer};

macro_rules! codes {
    ($( $(#[$meta:meta])* $name:ident = $code:literal, )*) => {
        /// What a [`Problem`](super::Problem) is about, for programs: which field of a form to mark, say.
        /// [`ProblemCode::as_str`] is stable (semver covers it), and what serde writes.
        ///
        /// ```
        /// # use bailiwick::{Catalog, Engine, Scope, Timestamp, Warnings, document::*};
        /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
        /// #     format = 2
        /// #     id = "shop"
        /// #     version = 1
        /// #     permissions = [{ path = "orders", scopes = ["own", "all"] }]
        /// # "#), Warnings::Refuse)?;
        /// # let nobody = DirectoryDocument::new([]);
        /// # let engine = Engine::new(&catalog, PolicyDocument::new(1), nobody, Timestamp(0), Warnings::Refuse)?;
        /// use bailiwick::admin::{Actor, Change, Refusal};
        /// let role = RoleDocument::new("").grant(("orders", Scope::Peers));
        /// let create = [Change::CreateRole { role }];
        /// let refused = engine.apply(&Actor::System, Timestamp(0), &create).unwrap_err();
        /// let Refusal::Invalid(problems) = &refused.reason else { panic!() };
        /// let codes: Vec<&str> = problems.iter().map(|it| it.code().as_str()).collect();
        /// assert_eq!(codes, ["empty_id"]);
        /// # Ok::<(), bailiwick::Problems>(())
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum ProblemCode {
            $(
                $(#[$meta])*
                #[doc = concat!("\n\n`", $code, "`")]
                $name,
            )*
        }

        impl ProblemCode {
            /// Every code.
            pub const EVERY: &[ProblemCode] = &[$( ProblemCode::$name ),*];

            /// The stable code, `scope_not_offered`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( ProblemCode::$name => $code, )*
                }
            }
        }
    };
}

codes! {
    // ── How it is written ──
    /// The text cannot be read in its format.
    Syntax = "syntax",
    /// The format is none that is known.
    UnknownFormat = "unknown_format",
    /// A field that must be given is missing.
    Missing = "missing",
    /// There is no field of that name.
    UnknownField = "unknown_field",
    /// A value is of another kind than its place wants.
    WrongKind = "wrong_kind",
    /// A word is none of those that may stand there.
    UnknownWord = "unknown_word",
    /// A list that cannot be empty is.
    EmptyList = "empty_list",
    /// A text is no moment, or the moment lies outside the years that can be written.
    NoMoment = "no_moment",

    // ── Ids and names ──
    /// There is nothing of that name.
    Unknown = "unknown",
    /// Something stands twice, where it may stand once.
    Duplicate = "duplicate",
    /// The id was used before, and was not forgotten (A5).
    UsedId = "used_id",
    /// Something of that id, which is to count as used, is still there.
    InUse = "in_use",
    /// An id is empty (D12).
    EmptyId = "empty_id",
    /// An id is too long (D12).
    LongId = "long_id",
    /// An id or a name holds a control character (D12).
    ControlCharacter = "control_character",
    /// An id begins or ends with white space, or holds a character that nobody sees (D12).
    UnreadableId = "unreadable_id",
    /// An id begins with `system:`, as only the catalog's roles do (D12).
    ReservedId = "reserved_id",
    /// A name for people is blank (D12).
    BlankName = "blank_name",
    /// A name for people is too long (D12).
    LongName = "long_name",
    /// The catalog has retired what is named (D16).
    Retired = "retired",
    /// A limit is passed.
    TooMany = "too_many",
    /// Roles inherit each other, or positions report to each other.
    Cycle = "cycle",

    // ── Grants, denies and settings ──
    /// The permission does not offer that scope (S5).
    ScopeNotOffered = "scope_not_offered",
    /// A grant must state a scope, since what it gives offers several (S5).
    ScopeMissing = "scope_missing",
    /// The permission is adjustable: a setting gives it, and no grant (D13).
    Adjustable = "adjustable",
    /// The permission is fixed: no setting adjusts it (D13).
    FixedSetting = "fixed_setting",
    /// The setting names a role beyond its floor or its ceiling (D13).
    SettingOutOfBounds = "setting_out_of_bounds",
    /// A scope was to be given to a permission that the role does not grant itself.
    NotTicked = "not_ticked",
    /// The account lacks the permission's feature, so that its tick is left alone (T4).
    Locked = "locked",
    /// The role comes with the product, and is not edited (A5).
    SystemRole = "system_role",

    // ── Users, and the account itself ──
    /// The value of a property is of another type than declared (D10).
    PropertyWrongType = "property_wrong_type",
    /// An assignment would end before it begins.
    Over = "over",
    /// The document is of another account.
    WrongAccount = "wrong_account",
    /// The policy is written against a version of the catalog that it cannot be.
    CatalogVersion = "catalog_version",

    // ── Findings: what loads, and is worth knowing ──
    /// A grant gives nothing: it is excepted whole.
    GrantsNothing = "grants_nothing",
    /// A deny takes nothing away: it is excepted whole.
    DeniesNothing = "denies_nothing",
    /// A wildcard leaves out what is adjustable, or not offered at its scope (S5).
    LeftOut = "left_out",
    /// What a role grants has no effect without what it does not grant (D7).
    PrerequisiteMissed = "prerequisite_missed",
    /// Fewer users keep a role than must (A5).
    TooFewHolders = "too_few_holders",
    /// Two names read alike (D12).
    NamesAlike = "names_alike",

    // ── The rest ──
    /// Something that only a catalog or a table of decisions can have wrong, and that has no code of its own: whoever
    /// writes these reads the message.
    Other = "other",
}

impl Serialize for ProblemCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A message, and the code of what it says.
pub(crate) struct Said {
    pub(crate) code: ProblemCode,
    pub(crate) message: String,
}

impl<M: Into<String>> From<(ProblemCode, M)> for Said {
    fn from((code, message): (ProblemCode, M)) -> Said {
        Said {
            code,
            message: message.into(),
        }
    }
}

impl From<String> for Said {
    fn from(message: String) -> Said {
        (ProblemCode::Other, message).into()
    }
}

impl From<&str> for Said {
    fn from(message: &str) -> Said {
        (ProblemCode::Other, message).into()
    }
}
