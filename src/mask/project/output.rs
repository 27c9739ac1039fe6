//! A serialiser that is driven step by step.

use serde::ser::{
    Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStructVariant,
    SerializeTupleVariant, Serializer,
};

/// A serialiser, and how far it got.
pub(super) enum Out<S: Serializer> {
    Before(S),
    List(S::SerializeSeq),
    Object(S::SerializeMap),
    Variant(S::SerializeStructVariant),
    Elements(S::SerializeTupleVariant),
    Done(Result<S::Ok, S::Error>),
}

impl<S: Serializer> Out<S> {
    /// Does the next step; after an error, none.
    pub(super) fn step(&mut self, next: impl FnOnce(Self) -> Result<Self, S::Error>) {
        let failed = || Out::Done(Err(S::Error::custom("a masked value failed to serialise")));
        let before = std::mem::replace(self, failed());
        *self = match before {
            Out::Done(done) => Out::Done(done),
            before => next(before).unwrap_or_else(|error| Out::Done(Err(error))),
        };
    }

    pub(super) fn begin(&mut self, begin: impl FnOnce(S) -> Result<Self, S::Error>) {
        self.step(|before| match before {
            Out::Before(serializer) => begin(serializer),
            other => Ok(other),
        });
    }

    pub(super) fn text(&mut self, text: &str) {
        self.begin(|it| it.serialize_str(text).map(|ok| Out::Done(Ok(ok))));
    }

    pub(super) fn nothing(&mut self) {
        self.begin(|it| it.serialize_none().map(|ok| Out::Done(Ok(ok))));
    }

    pub(super) fn list(&mut self, len: Option<usize>) {
        self.begin(|it| it.serialize_seq(len).map(Out::List));
    }

    pub(super) fn element<T: Serialize + ?Sized>(&mut self, value: &T) {
        self.step(|mut out| {
            match &mut out {
                Out::List(list) => list.serialize_element(value)?,
                Out::Elements(elements) => elements.serialize_field(value)?,
                _ => {}
            }
            Ok(out)
        });
    }

    pub(super) fn end(self, complete: bool) -> Result<S::Ok, S::Error> {
        if !complete && !matches!(self, Out::Done(Err(_))) {
            return Err(S::Error::custom("a value failed to serialise"));
        }
        match self {
            // A list or object that began nothing: a value that says nothing of itself.
            Out::Before(serializer) => serializer.serialize_none(),
            Out::List(list) => list.end(),
            Out::Object(object) => object.end(),
            Out::Variant(variant) => variant.end(),
            Out::Elements(elements) => elements.end(),
            Out::Done(done) => done,
        }
    }
}
