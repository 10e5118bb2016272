//! Typed columns with names: what data looks like before it is a matrix.
//!
//! A [`Table`] holds [`Column`]s of four kinds: real numbers, whole numbers, booleans and categories, each of which may have
//! missing values. It is made in code, from a matrix or from a delimited text file; its columns are selected by
//! [`Columns`]; a transformer turns it into a matrix.
//!
//! | pandas | here |
//! |---|---|
//! | `read_csv`, `to_csv` | [`Table::from_csv`], [`Table::to_csv`], [`CsvOptions`] |
//! | `read_csv(chunksize=)` | [`CsvOptions::batches_path`] |
//! | `df[["a", "b"]]`, `select_dtypes`, `drop(columns=)` | [`Table::select_columns`], [`Table::drop_columns`] with [`Columns`] |
//! | `df["a"]`, `df.at[row, "a"]`, `df.iloc[rows]` | [`Table::column`], [`Table::cell`], [`Table::slice`], [`Table::select_rows`] |
//! | `df[mask]`, `query` | [`Table::filter_mask`], [`Table::mask`], [`Table::filter`] |
//! | `assign`, `apply`, `rename` | [`Table::derive`], [`Table::assign`], [`Table::rename`], [`Table::rename_with`] |
//! | `sort_values`, `head`, `tail`, `sample` | [`Table::sort_values`], [`Table::head`], [`Table::tail`], [`Table::sample`] |
//! | `dropna`, `drop_duplicates` | [`Table::drop_missing`], [`Table::drop_duplicates`] |
//! | `fillna`, `ffill`, `bfill`, `astype`, `to_numeric` | [`Table::fill_missing`], [`Table::fill_forward`], [`Table::fill_backward`], [`Table::cast`], [`Table::cast_or_missing`] |
//! | `concat` | [`Table::concat_rows`], [`Table::concat_columns`] |
//! | `describe`, `value_counts`, `unique` | [`Table::describe`], [`Table::value_counts`], [`Table::unique`] |
//!
//! Each gives a new table; columns that stay as they are, are shared.
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

mod cast;
mod cell;
mod column;
mod columns;
mod concat;
mod convert;
mod csv;
mod derive;
mod display;
mod frame;
mod rows;
mod summary;

pub use cell::Cell;
pub use column::{Categorical, Column, ColumnKind, ColumnValue, LARGEST_INTEGER};
pub(crate) use columns::legible;
pub use columns::{Columns, Predicate};
pub use csv::{CsvBatches, CsvOptions};
pub use derive::{CellValue, RowValue};
pub use frame::Table;
pub use rows::SortKey;
pub use summary::ValueCounts;
