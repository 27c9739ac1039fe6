//! Looking through any serde value without making anything of it.

use std::fmt;

use serde::ser::{self, Serialize};

/// What is told of a value, in its order. Options and newtypes are seen through.
pub(super) trait Visit {
    /// A text.
    fn text(&mut self, _: &str) {}
    /// Anything but a text that holds no further values, as JSON would write it as a key.
    fn scalar(&mut self, _: fmt::Arguments<'_>) {}
    /// Nothing: `None`, a unit.
    fn absent(&mut self) {}
    /// A list; its elements follow.
    fn list(&mut self, _: Option<usize>) {}
    /// An element of a list, or of a variant.
    fn element<T: Serialize + ?Sized>(&mut self, _: &T) {}
    /// An object; its entries follow.
    fn object(&mut self, _: Option<usize>) {}
    /// An entry of an object, or of a variant.
    fn entry<T: Serialize + ?Sized>(&mut self, _: &str, _: &T) {}
    /// A variant whose entries (or elements) follow: in JSON, an object in an object.
    fn variant(&mut self, _: &Variant) {}
    /// An entry of a variant.
    fn variant_entry<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) {
        self.entry(key, value);
    }
}

/// A variant with several values.
pub(super) struct Variant {
    pub(super) of: &'static str,
    pub(super) index: u32,
    pub(super) name: &'static str,
    pub(super) len: usize,
    /// Whether its values have names.
    pub(super) named: bool,
}

/// Shows a value to the visitor, as it serialises for people or for machines; false, if it fails
/// to, and was seen as far as it got.
pub(super) fn walk<T: Serialize + ?Sized, V: Visit>(
    value: &T,
    for_people: bool,
    visitor: &mut V,
) -> bool {
    value
        .serialize(Walk {
            visitor,
            for_people,
        })
        .is_ok()
}

/// The text that an object's key is, to the function.
fn with_key<K: Serialize + ?Sized>(key: &K, then: impl FnOnce(&str)) {
    walk(key, true, &mut Key(Some(then)));
}

/// A key that is a text, or something that JSON would make one of.
struct Key<F>(Option<F>);

impl<F: FnOnce(&str)> Visit for Key<F> {
    fn text(&mut self, text: &str) {
        if let Some(then) = self.0.take() {
            then(text);
        }
    }

    fn scalar(&mut self, shown: fmt::Arguments<'_>) {
        self.text(&shown.to_string());
    }
}

/// Nothing is ever wrong with a walk but what the value itself says.
#[derive(Debug)]
pub(super) struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value failed to serialise")
    }
}

impl std::error::Error for Stopped {}

impl ser::Error for Stopped {
    /// The message is dropped: it might hold what is hidden.
    fn custom<T: fmt::Display>(_: T) -> Self {
        Stopped
    }
}

struct Walk<'v, V> {
    visitor: &'v mut V,
    for_people: bool,
}

/// Inside a list or an object.
struct Inside<'v, V> {
    visitor: &'v mut V,
    key: Option<String>,
    opaque: bool,
}

macro_rules! scalars {
    ($($name:ident($type:ty)),*) => {$(
        fn $name(self, value: $type) -> Result<(), Stopped> {
            self.visitor.scalar(format_args!("{value}"));
            Ok(())
        }
    )*};
}

impl<'v, V: Visit> ser::Serializer for Walk<'v, V> {
    type Ok = ();
    type Error = Stopped;
    type SerializeSeq = Inside<'v, V>;
    type SerializeTuple = Inside<'v, V>;
    type SerializeTupleStruct = Inside<'v, V>;
    type SerializeTupleVariant = Inside<'v, V>;
    type SerializeMap = Inside<'v, V>;
    type SerializeStruct = Inside<'v, V>;
    type SerializeStructVariant = Inside<'v, V>;

    scalars! {
        serialize_bool(bool), serialize_i8(i8), serialize_i16(i16), serialize_i32(i32),
        serialize_i64(i64), serialize_i128(i128), serialize_u8(u8), serialize_u16(u16),
        serialize_u32(u32), serialize_u64(u64), serialize_u128(u128), serialize_f32(f32),
        serialize_f64(f64)
    }

    /// A text, as every format writes it.
    fn serialize_char(self, c: char) -> Result<(), Stopped> {
        self.serialize_str(c.encode_utf8(&mut [0; 4]))
    }

    fn is_human_readable(&self) -> bool {
        self.for_people
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Stopped> {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        self.visitor.scalar(format_args!("{text}"));
        Ok(())
    }

    fn serialize_str(self, text: &str) -> Result<(), Stopped> {
        self.visitor.text(text);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Stopped> {
        self.visitor.absent();
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Stopped> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Stopped> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Stopped> {
        self.serialize_none()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Stopped> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Stopped> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Stopped> {
        self.visitor.object(Some(1));
        self.visitor.entry(variant, value);
        Ok(())
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Inside<'v, V>, Stopped> {
        self.visitor.list(len);
        Ok(self.inside())
    }

    fn serialize_tuple(self, len: usize) -> Result<Inside<'v, V>, Stopped> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Inside<'v, V>, Stopped> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        of: &'static str,
        index: u32,
        name: &'static str,
        len: usize,
    ) -> Result<Inside<'v, V>, Stopped> {
        self.visitor.variant(&Variant {
            of,
            index,
            name,
            len,
            named: false,
        });
        Ok(self.inside())
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Inside<'v, V>, Stopped> {
        self.visitor.object(len);
        Ok(self.inside())
    }

    /// A name with a `$` is a message between a value and one serialiser (a raw JSON text, a number of any
    /// length), and no object: what it holds is one scalar.
    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Inside<'v, V>, Stopped> {
        if name.starts_with('$') {
            self.visitor.scalar(format_args!(""));
            return Ok(Inside {
                opaque: true,
                ..self.inside()
            });
        }
        self.serialize_map(Some(len))
    }

    fn serialize_struct_variant(
        self,
        of: &'static str,
        index: u32,
        name: &'static str,
        len: usize,
    ) -> Result<Inside<'v, V>, Stopped> {
        self.visitor.variant(&Variant {
            of,
            index,
            name,
            len,
            named: true,
        });
        Ok(self.inside())
    }
}

impl<'v, V> Walk<'v, V> {
    fn inside(self) -> Inside<'v, V> {
        Inside {
            visitor: self.visitor,
            key: None,
            opaque: false,
        }
    }
}

macro_rules! lists {
    ($($of:ident::$element:ident),*) => {$(
        impl<V: Visit> ser::$of for Inside<'_, V> {
            type Ok = ();
            type Error = Stopped;

            fn $element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stopped> {
                self.visitor.element(value);
                Ok(())
            }

            fn end(self) -> Result<(), Stopped> {
                Ok(())
            }
        }
    )*};
}
lists! {
    SerializeSeq::serialize_element, SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field, SerializeTupleVariant::serialize_field
}

impl<V: Visit> ser::SerializeStruct for Inside<'_, V> {
    type Ok = ();
    type Error = Stopped;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Stopped> {
        if !self.opaque {
            self.visitor.entry(key, value);
            return Ok(());
        }
        let mut message = Message(String::new());
        walk(value, true, &mut message);
        self.visitor.scalar(format_args!("{}", message.0));
        Ok(())
    }

    fn end(self) -> Result<(), Stopped> {
        Ok(())
    }
}

/// What a message holds, where that is a text.
struct Message(String);

impl Visit for Message {
    fn text(&mut self, text: &str) {
        text.clone_into(&mut self.0);
    }
}

impl<V: Visit> ser::SerializeStructVariant for Inside<'_, V> {
    type Ok = ();
    type Error = Stopped;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Stopped> {
        self.visitor.variant_entry(key, value);
        Ok(())
    }

    fn end(self) -> Result<(), Stopped> {
        Ok(())
    }
}

impl<V: Visit> ser::SerializeMap for Inside<'_, V> {
    type Ok = ();
    type Error = Stopped;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Stopped> {
        self.key = None;
        let found = &mut self.key;
        with_key(key, |key| *found = Some(key.to_owned()));
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stopped> {
        if let Some(key) = self.key.take() {
            self.visitor.entry(&key, value);
        }
        Ok(())
    }

    fn serialize_entry<K: Serialize + ?Sized, T: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &T,
    ) -> Result<(), Stopped> {
        with_key(key, |key| self.visitor.entry(key, value));
        Ok(())
    }

    fn end(self) -> Result<(), Stopped> {
        Ok(())
    }
}
