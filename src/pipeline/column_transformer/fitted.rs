//! What a [`ColumnTransformer`](super::ColumnTransformer) learned.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::{ColumnSource, InputColumn, NAME, check_names};
use crate::error::{Error, Result, shorten};
use crate::float::Float;
use crate::model::Model;
use crate::pipeline::parts::{
    AT_ONCE, DescribeParts, FittedParts, FittedRemainder, PartAccess, PartNamesOut, REMAINDER,
    TransformParts, place, side_by_side,
};
use crate::pipeline::{FeatureNaming, Steps};
use crate::preprocessing::{names_at_fit, names_or_numbers, unique_names};
use crate::table::ColumnKind;
use crate::traits::{FeatureNamesOut, Known, Transform};

/// Parts fitted by [`ColumnTransformer`](super::ColumnTransformer).
///
/// ```
/// use fitwell::pipeline::{ColumnTransformer, Remainder};
/// use fitwell::preprocessing::{FittedStandardScaler, StandardScaler};
/// use fitwell::{prelude::*, table::{Column, Table}};
/// use ndarray::array;
///
/// let table = Table::new([("a", Column::from([1.0, 3.0])), ("b", Column::from([5, 6]))])?;
/// let fitted = ColumnTransformer::new()
///     .numeric("scale", ["a"], StandardScaler::new())
///     .remainder(Remainder::Passthrough)
///     .fit(&table, &())?;
/// assert_eq!(fitted.step::<FittedStandardScaler<f64>>("scale").unwrap().mean(), array![2.0]);
/// assert_eq!(fitted.feature_names_in(), ["a", "b"]);
/// assert_eq!(fitted.feature_names_out(None)?, ["scale__a", "remainder__b"]);
/// assert_eq!(fitted.output_indices()["remainder"], 1..2);
///
/// // Columns are found by name.
/// let row = Table::new([("b", Column::from([7])), ("a", Column::from([2]))])?;
/// assert_eq!(fitted.transform(&row)?, array![[0.0, 7.0]]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedColumnTransformer<P, R = FittedRemainder> {
    pub(super) columns: Vec<InputColumn>,
    named: bool,
    parts: P,
    pub(super) remainder: R,
    verbose_feature_names_out: FeatureNaming,
}

impl<P, R> FittedColumnTransformer<P, R> {
    pub(super) fn new(
        columns: Vec<InputColumn>,
        named: bool,
        parts: P,
        remainder: R,
        verbose_feature_names_out: FeatureNaming,
    ) -> Self {
        FittedColumnTransformer {
            columns,
            named,
            parts,
            remainder,
            verbose_feature_names_out,
        }
    }

    /// The names of the columns at fit; `x0`, `x1`, ... for those of a matrix.
    pub fn feature_names_in(&self) -> Vec<String> {
        self.columns.iter().map(|c| c.name.clone()).collect()
    }

    /// The columns at fit.
    pub fn columns(&self) -> &[InputColumn] {
        &self.columns
    }

    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.columns.len()
    }
}

impl<P: FittedParts, R: FittedParts> FittedColumnTransformer<P, R> {
    /// The number of columns of the result.
    pub fn n_features_out(&self) -> usize {
        self.parts.width().saturating_add(self.remainder.width())
    }

    /// The positions, among the columns at fit, of those that the remainder takes: none if they are dropped.
    pub fn remainder(&self) -> &[usize] {
        let slots = self.remainder.slots();
        slots.first().map_or(&[], |slot| slot.columns)
    }

    /// Which columns of the result each part gives, the remainder's under `remainder`. A part that gives none has `0..0`.
    pub fn output_indices(&self) -> BTreeMap<String, Range<usize>> {
        let mut all: BTreeMap<_, _> = self.parts.ranges(0).into_iter().collect();
        all.extend(self.remainder.ranges(self.parts.width()));
        all
    }

    /// The part that uses each column.
    fn users(&self) -> Vec<Option<String>> {
        let mut users = vec![None; self.columns.len()];
        let (parts, remainder) = (self.parts.slots(), self.remainder.slots());
        for slot in parts.iter().chain(&remainder).filter(|slot| slot.width > 0) {
            for &column in slot.columns {
                if let Some(user @ None) = users.get_mut(column) {
                    *user = Some(place(slot.name));
                }
            }
        }
        users
    }
}

impl<X, P, R> Transform<X> for FittedColumnTransformer<P, R>
where
    X: ColumnSource + ?Sized,
    X::Float: Float,
    P: TransformParts<X>,
    R: TransformParts<X>,
{
    type Output = Array2<X::Float>;

    fn transform(&self, x: &X) -> Result<Array2<X::Float>> {
        if X::NAMED != self.named {
            let reason = match self.named {
                true => {
                    "is a matrix, but the transformer was fitted on a table: its columns have no names"
                }
                false => {
                    "is a table, but the transformer was fitted on a matrix; convert it with `to_matrix`"
                }
            };
            return Err(Error::invalid_input("X", reason));
        }
        let n_rows = x.n_samples();
        let at_once = n_rows.saturating_mul(x.n_features()) >= AT_ONCE;
        let blocks = x.as_at_fit(
            &self.columns,
            || self.users(),
            |x| {
                let mut blocks = self.parts.transform_parts(x, at_once)?;
                blocks.extend(self.remainder.transform_parts(x, at_once)?);
                Ok(blocks)
            },
        );
        Ok(side_by_side(blocks?, n_rows))
    }

    fn transform_fitted(&self, x: &X, known: Known) -> Result<Array2<X::Float>> {
        match known.take::<Vec<Array2<X::Float>>>()? {
            Some(blocks) => Ok(side_by_side(blocks, x.n_samples())),
            None => self.transform(x),
        }
    }
}

impl<P: PartNamesOut, R: PartNamesOut> FeatureNamesOut for FittedColumnTransformer<P, R> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let input = match self.named {
            true => {
                let at_fit = self.feature_names_in();
                names_at_fit(input, &at_fit)?;
                at_fit
            }
            false => names_or_numbers(input, self.columns.len())?,
        };
        let naming = &self.verbose_feature_names_out;
        let mut names = Vec::new();
        self.parts.names_out(Some(&input), naming, &mut names)?;
        self.remainder.names_out(Some(&input), naming, &mut names)?;
        distinct(&names)?;
        Ok(names)
    }
}

/// No two columns of the result have one name.
pub(in crate::pipeline) fn distinct(names: &[String]) -> Result<()> {
    unique_names(names.iter().map(String::as_str)).map_err(|name| {
        let reason = format!(
            "two columns of the result are named `{}`; set verbose_feature_names_out",
            shorten(name)
        );
        Error::invalid_input("feature names", reason)
    })
}

impl<P: PartAccess, R: PartAccess> Steps for FittedColumnTransformer<P, R> {
    fn names(&self) -> Vec<&str> {
        let mut names = self.parts.names();
        // It is a step if it takes columns.
        names.extend(self.remainder.get(REMAINDER).map(|_| REMAINDER));
        names
    }
    fn step_any(&self, name: &str) -> Option<&dyn Any> {
        self.parts.get(name).or_else(|| self.remainder.get(name))
    }
}

/// One line a part, fitted steps indented below.
impl<P: DescribeParts, R: DescribeParts> fmt::Display for FittedColumnTransformer<P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME} fitted on {} columns", self.columns.len())?;
        self.parts.describe(&self.columns, f)?;
        self.remainder.describe(&self.columns, f)
    }
}

impl<P, R> Model for FittedColumnTransformer<P, R>
where
    P: Model + FittedParts,
    R: Model + FittedParts,
{
    fn type_name() -> String {
        format!("Fitted{NAME}<{}, {}>", P::type_name(), R::type_name())
    }
    fn validate(&self) -> Result<()> {
        check_names(NAME, &self.parts.names())?;
        self.verbose_feature_names_out.check(NAME)?;
        self.parts.validate()?;
        self.remainder.validate()?;
        let wrong = |what: String| Err(Error::model_file(format!("Fitted{NAME}: {what}")));
        if self.remainder.names() != [REMAINDER] {
            return wrong("the remainder has another name".into());
        }
        let (parts, remainder) = (self.parts.slots(), self.remainder.slots());
        for slot in parts.iter().chain(&remainder) {
            for &column in slot.columns {
                match self.columns.get(column) {
                    None => return wrong("a part takes a column that there is not".into()),
                    Some(column) if slot.numeric && column.kind == ColumnKind::Categorical => {
                        return wrong("a column of texts is taken as numbers".into());
                    }
                    Some(_) => {}
                }
            }
        }
        if self.n_features_out() == 0 {
            return wrong("no columns".into());
        }
        unique_names(self.columns.iter().map(InputColumn::name))
            .or_else(|name| wrong(format!("two columns named `{}`", shorten(name))))
    }
}
