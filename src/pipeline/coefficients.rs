//! The coefficients of a linear model under the names of its features.

use std::fmt;

use ndarray::{Array1, Array2};

use super::{FittedPipeline, Step};
use crate::error::{Error, Result, shorten};
use crate::model_selection::FittedGridSearchCv;
use crate::traits::{FeatureNamesOut, LinearModel};

/// Coefficients under the names of the features, as a table that prints.
///
/// Made by [`FittedPipeline::named_coefficients`]; for a model by itself, [`NamedCoefficients::new`].
///
/// ```
/// use fitwell::pipeline::ColumnTransformer;
/// use fitwell::{linear_model::Ridge, prelude::*, preprocessing::OneHotEncoder, table::Column};
/// use ndarray::array;
///
/// let table = Table::new([
///     ("size", Column::from([1.0, 2.0, 3.0, 4.0])),
///     ("town", Column::from(["Ulm", "Ulm", "Bonn", "Bonn"])),
/// ])?;
/// let prepare = ColumnTransformer::new()
///     .passthrough("num", ["size"])
///     .part("cat", ["town"], OneHotEncoder::new())
///     .verbose_feature_names_out(false);
/// let model = pipeline("prepare", prepare).then("ridge", Ridge::new()).fit(&table, &array![1.0, 2.0, 5.0, 6.0])?;
///
/// let named = model.named_coefficients()?;
/// assert_eq!(named.feature_names(), ["size", "town_Bonn", "town_Ulm"]);
/// assert!(named.get("town_Bonn").unwrap()[0] > 0.0);
/// println!("{named}");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NamedCoefficients {
    features: Vec<String>,
    outputs: Vec<String>,
    coef: Array2<f64>,
    intercept: Array1<f64>,
}

impl NamedCoefficients {
    /// The coefficients of `model` under these names.
    ///
    /// # Errors
    /// `ShapeMismatch` when there is not one name for each feature.
    pub fn new<M: LinearModel + ?Sized>(model: &M, features: Vec<String>) -> Result<Self> {
        let (coef, intercept) = (model.coefficients(), model.intercepts());
        if features.len() != coef.ncols() {
            let what = "number of feature names";
            return Err(Error::shape(what, coef.ncols(), features.len()));
        }
        if intercept.len() != coef.nrows() {
            return Err(Error::shape(
                "number of intercepts",
                coef.nrows(),
                intercept.len(),
            ));
        }
        let mut outputs = model.output_names();
        outputs.resize_with(coef.nrows(), String::new);
        Ok(NamedCoefficients {
            features,
            outputs,
            coef,
            intercept,
        })
    }

    /// The names of the features, in the order of the model.
    pub fn feature_names(&self) -> &[String] {
        &self.features
    }

    /// What each row of [`coef`](Self::coef) predicts; an empty name for a single target.
    pub fn output_names(&self) -> &[String] {
        &self.outputs
    }

    /// The coefficients, (n_outputs, n_features).
    pub fn coef(&self) -> &Array2<f64> {
        &self.coef
    }

    /// The intercept of each row.
    pub fn intercept(&self) -> &Array1<f64> {
        &self.intercept
    }

    /// A feature's coefficients, one for each row.
    pub fn get(&self, feature: &str) -> Option<Array1<f64>> {
        let at = self.features.iter().position(|name| name == feature)?;
        Some(self.coef.column(at).to_owned())
    }

    /// The positions of the features, the one with the largest absolute coefficient first; ties in the order of the model.
    pub fn by_size(&self) -> Vec<usize> {
        let size = |j: usize| {
            self.coef
                .column(j)
                .iter()
                .fold(0.0, |most: f64, v| most.max(v.abs()))
        };
        let mut order: Vec<usize> = (0..self.features.len()).collect();
        order.sort_by(|&a, &b| size(b).total_cmp(&size(a)));
        order
    }
}

/// One line a feature, the largest first, the intercept last.
impl fmt::Display for NamedCoefficients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 40;
        const OUTPUTS: usize = 8;
        let order = self.by_size();
        let outputs = self.outputs.len().min(OUTPUTS);
        let named = self.outputs.iter().any(|name| !name.is_empty());
        let number = |v: f64| match v.abs() {
            0.0 => "0".to_string(),
            1e-3..1e6 => format!("{v:.4}"),
            _ => format!("{v:.3e}"),
        };
        let mut rows: Vec<Vec<String>> = Vec::new();
        if named {
            let heads = self.outputs.iter().take(outputs).map(|name| shorten(name));
            rows.push([String::new()].into_iter().chain(heads).collect());
        }
        for &j in order.iter().take(SHOWN) {
            let values = self.coef.column(j);
            let values = values.iter().take(outputs).map(|v| number(*v));
            rows.push(
                [shorten(&self.features[j])]
                    .into_iter()
                    .chain(values)
                    .collect(),
            );
        }
        let intercept = self.intercept.iter().take(outputs).map(|v| number(*v));
        rows.push(
            ["(intercept)".to_string()]
                .into_iter()
                .chain(intercept)
                .collect(),
        );
        let width = |column: usize| {
            let widths = rows.iter().filter_map(|row| row.get(column));
            widths.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..=outputs).map(width).collect();
        for (i, row) in rows.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            if i + 1 == rows.len() && order.len() > SHOWN {
                writeln!(f, "... {} smaller ones", order.len() - SHOWN)?;
            }
            let mut line = String::new();
            for (j, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                let space = " ".repeat(width - cell.chars().count());
                match j {
                    0 => line.push_str(&format!("{cell}{space}")),
                    _ => line.push_str(&format!("  {space}{cell}")),
                }
            }
            f.write_str(line.trim_end())?;
        }
        if self.outputs.len() > OUTPUTS {
            write!(f, "\n... of {} outputs", self.outputs.len())?;
        }
        Ok(())
    }
}

impl<A: FeatureNamesOut, B: LinearModel> FittedPipeline<A, B> {
    /// The coefficients of the last step, a linear model, under the names of the columns that the steps before it give.
    ///
    /// # Errors
    /// As [`feature_names_out`](FeatureNamesOut::feature_names_out), and `ShapeMismatch`.
    pub fn named_coefficients(&self) -> Result<NamedCoefficients> {
        NamedCoefficients::new(self.last(), self.feature_names_before_last()?)
    }
}

impl<A: FeatureNamesOut, B> FittedPipeline<A, B> {
    /// The names of the columns that the last step was fitted on.
    ///
    /// # Errors
    /// As [`feature_names_out`](FeatureNamesOut::feature_names_out).
    pub fn feature_names_before_last(&self) -> Result<Vec<String>> {
        self.first().feature_names_out(None)
    }
}

macro_rules! through {
    ($type:ty, [$($generics:tt)*], |$m:ident| $inner:expr) => {
        impl<$($generics)*> LinearModel for $type {
            fn coefficients(&self) -> Array2<f64> {
                let $m = self;
                $inner.coefficients()
            }
            fn intercepts(&self) -> Array1<f64> {
                let $m = self;
                $inner.intercepts()
            }
            fn output_names(&self) -> Vec<String> {
                let $m = self;
                $inner.output_names()
            }
        }
    };
}
through!(Step<M>, [M: LinearModel], |m| m.inner());
through!(FittedGridSearchCv<M>, [M: LinearModel], |m| m.best_estimator());

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::Labels;
    use crate::linear_model::{LogisticRegression, Ridge};
    use crate::pipeline::pipeline;
    use crate::preprocessing::StandardScaler;
    use crate::traits::Estimator;
    use ndarray::array;

    #[test]
    fn printed_largest_first() {
        let (x, y) = (
            array![[1.0, 0.0], [2.0, 1.0], [4.0, 1.0], [5.0, 0.0]],
            array![1.0, 5.0, 7.0, 5.0],
        );
        let model = pipeline("scale", StandardScaler::new().with_std(false))
            .then("ridge", Ridge::new().alpha(0.0))
            .fit(&x, &y)
            .unwrap();
        let named = model.named_coefficients().unwrap();
        assert_eq!(
            named.to_string(),
            "x1            3.0000\nx0            1.0000\n(intercept)  4.5000"
                .replace("            ", "           ")
        );
        assert_eq!(named.by_size(), [1, 0]);
        assert!(named.get("x2").is_none());
        assert!(NamedCoefficients::new(model.last(), vec!["a".into()]).is_err());
    }

    #[test]
    fn several_rows_have_heads() {
        let x = array![[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]];
        let fit = |y: Labels| {
            let model =
                pipeline("scale", StandardScaler::new()).then("clf", LogisticRegression::new());
            model.fit(&x, &y).unwrap().named_coefficients().unwrap()
        };
        let three = fit(Labels::from(["a", "a", "b", "b", "c", "c"]));
        assert_eq!(three.output_names(), ["a", "b", "c"]);
        let printed = three.to_string();
        let head: Vec<&str> = printed.lines().next().unwrap().split_whitespace().collect();
        assert_eq!(head, ["a", "b", "c"]);
        // For two classes the one row is for the second.
        let two = fit(Labels::from(["a", "a", "a", "b", "b", "b"]));
        assert_eq!(two.output_names(), ["b"]);
        let both = ndarray::stack![ndarray::Axis(1), x.column(0), x.column(0)];
        let ridge = pipeline("scale", StandardScaler::new())
            .then("r", Ridge::new())
            .fit(&x, &both)
            .unwrap();
        assert_eq!(
            ridge.named_coefficients().unwrap().output_names(),
            ["y0", "y1"]
        );
    }
}
