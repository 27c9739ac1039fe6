//! Reading a decisions document.

use super::Decisions;
#[cfg(any(feature = "toml", feature = "json"))]
use crate::document::Parsed;

impl Decisions {
    /// Reads a TOML text. Problems wait in the result, with `file` as the file's name.
    #[cfg(feature = "toml")]
    pub fn from_toml(file: &str, text: &str) -> Parsed<Decisions> {
        Parsed::read(crate::document::toml_format::read(file, text))
    }

    /// Reads a JSON text. Problems wait in the result, with `file` as the file's name.
    #[cfg(feature = "json")]
    pub fn from_json(file: &str, text: &str) -> Parsed<Decisions> {
        Parsed::read(crate::document::json_format::read(file, text))
    }
}
