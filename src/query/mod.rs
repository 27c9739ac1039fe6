//! What else an engine answers besides `check`, each exactly, from the same compiled sets.

mod records;

#[cfg(feature = "sql")]
pub use records::sql;
pub use records::{
    DependsOnProperties, Expression, Operand, Operator, OwnerSet, OwnerTest, PropertyName,
    PropertyTest, RecordFilter, RecordsError,
};
