//! Ownership scopes: which records a grant reaches (S1 to S5).

use serde::{Deserialize, Serialize};

/// Which records a grant reaches. Each scope contains the one before it
/// ([S1](crate::rules#s1-four-scopes)):
/// `Own < Reports < Peers < All`.
///
/// ```
/// use bailiwick::Scope;
/// assert!(Scope::Own < Scope::Reports && Scope::Peers < Scope::All);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Records the viewer owns.
    Own = 1,
    /// Own, and the records of owners whose position lies strictly below the viewer's.
    Reports = 2,
    /// Reports, and the records of owners who hold the viewer's own position.
    Peers = 3,
    /// Every record, unowned ones too.
    All = 4,
}

impl Scope {
    /// The four scopes, narrowest first.
    pub const EVERY: [Scope; 4] = [Scope::Own, Scope::Reports, Scope::Peers, Scope::All];

    /// The scope of that number, 1 to 4.
    #[inline]
    pub(crate) const fn from_u8(number: u8) -> Option<Scope> {
        match number {
            1 => Some(Scope::Own),
            2 => Some(Scope::Reports),
            3 => Some(Scope::Peers),
            4 => Some(Scope::All),
            _ => None,
        }
    }

    /// The word documents use: `own`, `reports`, `peers`, `all`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::Own => "own",
            Scope::Reports => "reports",
            Scope::Peers => "peers",
            Scope::All => "all",
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
