//! Typed columns with names: what data looks like before it is a matrix.
//!
//! A [`Table`] holds [`Column`]s of four kinds: real numbers, whole numbers, booleans and categories, each of which may have
//! missing values. It is made in code, from a matrix or from a delimited text file; its columns are selected by
//! [`Columns`]; a transformer turns it into a matrix.
//!
//! ```
//! use fitwell::table::{Column, Columns, Table};
//!
//! let table = Table::new([
//!     ("age", Column::from([31.5, f64::NAN, 47.0])),
//!     ("visits", Column::from([3, 1, 2])),
//!     ("city", Column::from(["Ulm", "Bonn", "Ulm"])),
//! ])?;
//! assert_eq!((table.n_rows(), table.n_columns()), (3, 3));
//! let numbers = table.select_columns(&Columns::numeric())?.to_matrix()?;
//! assert_eq!(numbers.dim(), (3, 2));
//! assert!(numbers[[1, 0]].is_nan());
//! # Ok::<(), fitwell::Error>(())
//! ```

mod cell;
mod column;
mod columns;
mod convert;
mod csv;
mod display;
mod frame;

pub use cell::Cell;
pub use column::{Categorical, Column, ColumnKind, ColumnValue, LARGEST_INTEGER};
pub use columns::Columns;
pub use csv::CsvOptions;
pub use frame::Table;
