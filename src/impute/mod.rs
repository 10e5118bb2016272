//! Missing values are filled in.

mod simple_imputer;
mod statistics;
mod table_imputer;

pub use simple_imputer::{FittedSimpleImputer, SimpleImputer, Strategy};
pub use table_imputer::FittedTableImputer;
