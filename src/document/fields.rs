//! Fields that not everybody sees in clear, and how they are masked (M1, M2).

use super::decode::{document, one_of_words};

/// The characters that a filler may consist of where a mask shows some of the value: none of them
/// occurs in an e-mail address, a phone number, a street or a name as people write them.
pub const FILLERS: [char; 8] = ['*', '＊', '•', '●', '■', '█', '▪', '…'];

/// The filler where the catalog states none.
pub const FILLER: &str = "***";

/// The most characters that a mask shows at either end.
pub const MOST_SHOWN: u32 = 4;

/// The one component of a field that is no address, in [`FieldDocument::search`].
pub const WHOLE_VALUE: &str = "value";

document! {
    /// A field that not everybody sees in clear (M1).
    pub struct FieldDocument {
        /// Dotted path of the field in a record, as its JSON form has it. A list on the way stands
        /// for each of its elements: `phones.number` is the `number` of every entry of `phones`.
        /// No field lies below another.
        pub path: String,
        /// How it is shown to those who may not see it.
        pub mask: MaskDocument,
        /// The permission that reveals it.
        pub revealed_by: String,
        /// Whether whoever contributed a value sees that value in clear.
        pub contributor_sees: bool,
        /// The key, beside the field's own in the same object, that holds the id of the user who
        /// contributed the value. Without one the host says who did, value by value.
        pub contributor: Option<String>,
        /// Component sets by whose equality the field may be searched (M5); none when empty. The
        /// components of an address are the words of [`AddressComponent`]; any other field has one,
        /// `value`. A set of hidden components alone (a building number without its street) is refused.
        pub search: Vec<Vec<String>>,
    }
}

document! {
    /// A mask and its options. Options not given are the kind's own.
    pub struct MaskDocument {
        /// The kind of mask.
        pub kind: MaskKind,
        /// Leading characters shown, at most [`MOST_SHOWN`]; of an e-mail (1), a phone number (0)
        /// or a name (1).
        pub first: Option<u32>,
        /// Trailing characters shown, at most [`MOST_SHOWN`]; of an e-mail (0), a phone number (2)
        /// or a name (0).
        pub last: Option<u32>,
        /// What stands for everything else: 1 to 8 of [`FILLERS`], `***` when left out. Of kind
        /// `whole` any text of 1 to 32 bytes without control characters.
        pub filler: Option<String>,
        /// Of an e-mail: whether the domain is shown.
        pub keep_domain: bool,
    }
}

one_of_words! {
    /// The kinds of mask.
    pub enum MaskKind {
        /// An e-mail address.
        Email = "email",
        /// A phone number.
        Phone = "phone",
        /// A structured postal address.
        Address = "address",
        /// A person's name.
        Name = "name",
        /// The whole value is replaced.
        Whole = "whole",
        /// The field is left out altogether.
        Hidden = "hidden",
    }
}

one_of_words! {
    /// The components of a structured postal address (M3). The first five show, in this order; the
    /// others are hidden, whether or not there is one.
    pub enum AddressComponent {
        /// The street's name, without a number of a building: `42nd Street`.
        Street = "street",
        /// A part of the locality.
        District = "district",
        /// City, town or village.
        Locality = "locality",
        /// State, province, prefecture or county.
        Region = "region",
        /// The country.
        Country = "country",
        /// The building's number: `12`, `136A`, `1-123`, `15/10`.
        BuildingNumber = "building_number",
        /// The building's name: `Rose Cottage`.
        BuildingName = "building_name",
        /// The block within a district, where buildings are counted by blocks: `2-11-3`.
        Block = "block",
        /// Flat, apartment, unit, suite or room.
        Apartment = "apartment",
        /// Floor.
        Level = "level",
        /// Entrance or staircase.
        Entrance = "entrance",
        /// PO box.
        PoBox = "po_box",
        /// Postal code: in several countries it names a single building.
        PostalCode = "postal_code",
        /// Latitude.
        Latitude = "latitude",
        /// Longitude.
        Longitude = "longitude",
        /// Latitude and longitude in one, or a code that stands for them.
        Coordinates = "coordinates",
    }
}

impl AddressComponent {
    /// Whether it is shown where the address is masked.
    pub const fn is_shown(self) -> bool {
        matches!(
            self,
            AddressComponent::Street
                | AddressComponent::District
                | AddressComponent::Locality
                | AddressComponent::Region
                | AddressComponent::Country
        )
    }

    /// The component of that word.
    pub fn named(word: &str) -> Option<AddressComponent> {
        Self::EVERY.iter().copied().find(|it| it.as_str() == word)
    }
}

impl MaskDocument {
    /// A mask of that kind, with the kind's own options.
    pub const fn new(kind: MaskKind) -> MaskDocument {
        MaskDocument {
            kind,
            first: None,
            last: None,
            filler: None,
            keep_domain: false,
        }
    }

    /// What is wrong with its options, each with the option's name: none of them may break M2.
    pub(crate) fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        let shows_ends = matches!(
            self.kind,
            MaskKind::Email | MaskKind::Phone | MaskKind::Name
        );
        for (option, shown) in [("first", self.first), ("last", self.last)] {
            let Some(shown) = shown else { continue };
            if !shows_ends {
                problems.push((
                    option,
                    format!(
                        "a mask of kind `{}` shows no characters: it takes neither `first` nor `last`",
                        self.kind
                    ),
                ));
            } else if shown > MOST_SHOWN {
                problems.push((
                    option,
                    format!("a mask shows at most `{MOST_SHOWN}` characters at either end"),
                ));
            }
        }
        if let Some(filler) = &self.filler {
            problems.extend(
                self.problem_of_filler(filler)
                    .map(|problem| ("filler", problem)),
            );
        }
        if self.keep_domain && self.kind != MaskKind::Email {
            problems.push((
                "keep_domain",
                "only an e-mail has a domain to keep".to_owned(),
            ));
        }
        problems
    }

    fn problem_of_filler(&self, filler: &str) -> Option<String> {
        match self.kind {
            MaskKind::Hidden => Some("a hidden field is left out: it has no filler".to_owned()),
            MaskKind::Whole => {
                let sound = (1..=32).contains(&filler.len())
                    && !filler.trim().is_empty()
                    && !filler.chars().any(char::is_control);
                (!sound).then(|| {
                    "a filler has 1 to 32 bytes, not all blank, none of them a control character"
                        .to_owned()
                })
            }
            _ => {
                let sound = (1..=8).contains(&filler.chars().count())
                    && filler.chars().all(|c| FILLERS.contains(&c));
                let list: String = FILLERS.iter().collect();
                (!sound).then(|| format!("a filler has 1 to 8 characters, each one of `{list}`"))
            }
        }
    }
}
