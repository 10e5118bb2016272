//! Samples whose columns can be told apart: a table's by name, a matrix's by position.

use std::collections::HashMap;
use std::sync::Arc;

use ndarray::ArrayRef2;
use serde::{Deserialize, Serialize};

use crate::boxed::Input;
use crate::check;
use crate::error::{ErrorKind, Result};
use crate::float::Float;
use crate::preprocessing::wrong_kind;
use crate::table::{Column, ColumnKind, Table};

/// Samples that a [`ColumnTransformer`](super::ColumnTransformer) takes apart: a [`Table`] or a matrix.
#[diagnostic::on_unimplemented(
    message = "a `ColumnTransformer` cannot take `{Self}` apart",
    label = "expected a `Table` or a matrix"
)]
pub trait ColumnSource: Input {
    /// Whether the columns have names.
    const NAMED: bool;

    /// The columns.
    fn input_columns(&self) -> Vec<InputColumn>;

    /// Calls `f` with the columns as they were at fit, each where it was. `users` names the part that uses each column;
    /// a column that has none is not looked at.
    ///
    /// # Errors
    /// `FeatureNames`, `ShapeMismatch`, `WrongColumnKind`, and those of `f`.
    fn as_at_fit<R>(
        &self,
        at_fit: &[InputColumn],
        users: impl FnOnce() -> Vec<Option<String>>,
        f: impl FnOnce(&Self) -> Result<R>,
    ) -> Result<R>;
}

/// A column seen at fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputColumn {
    pub(super) name: String,
    pub(super) kind: ColumnKind,
}

impl InputColumn {
    /// The name; `x0`, `x1`, ... for those of a matrix.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the column held.
    pub fn kind(&self) -> ColumnKind {
        self.kind
    }

    /// A missing column of the kind at fit, if `values` are all missing.
    fn all_missing(&self, values: &Column) -> Result<Column> {
        let n = values.len();
        if values.n_missing() < n {
            let expected = format!("{}, as at fit", self.kind);
            return Err(wrong_kind(&self.name, values, &expected));
        }
        Ok(match self.kind {
            ColumnKind::Float | ColumnKind::Integer => Column::Float(vec![f64::NAN; n]),
            ColumnKind::Boolean => Column::Boolean(vec![None; n]),
            ColumnKind::Categorical => Column::from(vec![None::<&str>; n]),
        })
    }
}

/// Whole and real numbers are one kind.
fn same_kind(a: ColumnKind, b: ColumnKind) -> bool {
    let numeric = |kind| matches!(kind, ColumnKind::Float | ColumnKind::Integer);
    a == b || numeric(a) && numeric(b)
}

impl ColumnSource for Table {
    const NAMED: bool = true;

    fn input_columns(&self) -> Vec<InputColumn> {
        let columns = self.iter().map(|(name, column)| InputColumn {
            name: name.into(),
            kind: column.kind(),
        });
        columns.collect()
    }

    /// Columns are found by name. Columns of another kind in which everything is missing are missing columns of their kind
    /// at fit.
    fn as_at_fit<R>(
        &self,
        at_fit: &[InputColumn],
        users: impl FnOnce() -> Vec<Option<String>>,
        f: impl FnOnce(&Self) -> Result<R>,
    ) -> Result<R> {
        let in_place = self.n_columns() >= at_fit.len()
            && self.iter().zip(at_fit).all(|((name, column), fit)| {
                name == fit.name && same_kind(fit.kind, column.kind())
            });
        if in_place {
            return f(self);
        }
        let found: HashMap<&str, usize> = self.iter().map(|(name, _)| name).zip(0..).collect();
        let positions: Vec<Option<usize>> = at_fit
            .iter()
            .map(|fit| found.get(fit.name.as_str()).copied())
            .collect();
        let users = users();
        let used = || at_fit.iter().zip(&positions).zip(&users);
        let missing: Vec<String> = used()
            .filter(|((_, position), user)| user.is_some() && position.is_none())
            .map(|((fit, _), _)| fit.name.clone())
            .collect();
        if !missing.is_empty() {
            return Err(ErrorKind::FeatureNames {
                what: "X".into(),
                missing,
                unexpected: Vec::new(),
                reordered: false,
            }
            .into());
        }
        // Stands where no part looks.
        let mut unused = None;
        let mut columns = Vec::with_capacity(at_fit.len());
        for ((fit, position), user) in used() {
            let present = position.filter(|_| user.is_some());
            let column = match present.map(|position| self.shared(position).1) {
                None => {
                    let filler = || Arc::new(Column::Float(vec![f64::NAN; self.n_rows()]));
                    Arc::clone(unused.get_or_insert_with(filler))
                }
                Some(column) if same_kind(fit.kind, column.kind()) => column,
                Some(column) => {
                    let place = user.clone().unwrap_or_default();
                    Arc::new(fit.all_missing(&column).map_err(|e| e.within(place))?)
                }
            };
            columns.push((Arc::from(fit.name.as_str()), column));
        }
        f(&Table::from_shared(columns, self.n_rows()))
    }
}

impl<F: Float> ColumnSource for ArrayRef2<F> {
    const NAMED: bool = false;

    fn input_columns(&self) -> Vec<InputColumn> {
        let columns = (0..self.ncols()).map(|j| InputColumn {
            name: format!("x{j}"),
            kind: ColumnKind::Float,
        });
        columns.collect()
    }

    fn as_at_fit<R>(
        &self,
        at_fit: &[InputColumn],
        _: impl FnOnce() -> Vec<Option<String>>,
        f: impl FnOnce(&Self) -> Result<R>,
    ) -> Result<R> {
        check::width(self, at_fit.len())?;
        f(self)
    }
}
