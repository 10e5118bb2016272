//! Sets of classes become columns, one for each class.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use ndarray::{Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::label_encoder::unknown_labels;
use super::label_sets::LabelSets;
use crate::error::{Error, ErrorKind, Result, shorten};
use crate::float::Float;
use crate::labels::Class;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::{Classes, Estimator, FeatureNamesOut, InverseTransform, Transform};
use crate::{check, parallel};

/// Gives each class a column: 1 in the rows whose set has the class, 0 elsewhere.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `classes` | `null` | different classes | the columns in this order; `null`: those that occur at fit, sorted |
///
/// # Complexity
/// O(n k) for k classes; the memory beyond the input is the result, which is dense.
///
/// # Errors
/// `InvalidParameter` for a class given twice; `EmptyInput` without rows, or without any label when no classes are given;
/// `UnknownLabel` with every label at transform that has no column (scikit-learn: left out with a warning); `InvalidInput`
/// for a value of a matrix that is neither 0 nor 1.
///
/// # Source
/// scikit-learn's `MultiLabelBinarizer`. The result is f64.
///
/// # Examples
/// ```
/// use fitwell::{preprocessing::{LabelSets, MultiLabelBinarizer}, prelude::*};
/// use ndarray::array;
///
/// let y = LabelSets::from(vec![vec!["sci-fi", "thriller"], vec!["comedy"], vec![]]);
/// let binarizer = MultiLabelBinarizer::new().fit(&y, &())?;
/// let columns = binarizer.transform(&y)?;
/// assert_eq!(columns, array![[0.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]);
/// assert_eq!(binarizer.inverse_transform(&columns)?, y);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MultiLabelBinarizer {
    /// The columns, in this order.
    classes: Option<Vec<Class>>,
}

impl MultiLabelBinarizer {
    /// A column for each class that occurs.
    pub fn new() -> Self {
        Self::default()
    }

    /// The classes of the columns, in this order.
    #[must_use]
    pub fn classes<C: Into<Class>>(mut self, classes: impl IntoIterator<Item = C>) -> Self {
        self.classes = Some(classes.into_iter().map(Into::into).collect());
        self
    }
}

impl Hyperparameters for MultiLabelBinarizer {
    const NAME: &'static str = "MultiLabelBinarizer";

    fn check(&self) -> Result<()> {
        let Some(classes) = &self.classes else {
            return Ok(());
        };
        let refuse = |got: String| {
            let expected = "at least one class, each once";
            Err(Error::invalid_parameter(
                Self::NAME,
                "classes",
                expected,
                got,
            ))
        };
        if classes.is_empty() {
            return refuse("none".into());
        }
        match twice(classes) {
            Some(class) => refuse(format!("{} twice", shorten(&class.to_string()))),
            None => Ok(()),
        }
    }
}

/// A class that is there twice.
fn twice(classes: &[Class]) -> Option<&Class> {
    let mut seen = BTreeSet::new();
    classes.iter().find(|class| !seen.insert(*class))
}

impl fmt::Display for MultiLabelBinarizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<Y: Targets + ?Sized> Estimator<LabelSets, Y> for MultiLabelBinarizer {
    type Fitted = FittedMultiLabelBinarizer;

    fn fit(&self, labels: &LabelSets, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        if labels.is_empty() {
            return Err(ErrorKind::EmptyInput { what: "y".into() }.into());
        }
        check::target(y, labels.len())?;
        let classes = match &self.classes {
            Some(given) => given.clone(),
            None => labels.classes().to_vec(),
        };
        if classes.is_empty() {
            let what = "y (no row has a label)".into();
            return Err(ErrorKind::EmptyInput { what }.into());
        }
        Ok(FittedMultiLabelBinarizer { classes })
    }
}

/// Classes learned by [`MultiLabelBinarizer`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedMultiLabelBinarizer {
    classes: Vec<Class>,
}

/// In the order of the columns: sorted, unless they were given in another order.
impl Classes for FittedMultiLabelBinarizer {
    fn classes(&self) -> &[Class] {
        &self.classes
    }
}

impl Transform<LabelSets> for FittedMultiLabelBinarizer {
    type Output = Array2<f64>;

    fn transform(&self, labels: &LabelSets) -> Result<Array2<f64>> {
        let columns: HashMap<&Class, usize> = self.classes.iter().zip(0..).collect();
        let to: Vec<Option<usize>> = (labels.classes().iter())
            .map(|class| columns.get(class).copied())
            .collect();
        if to.contains(&None) {
            let each = labels.classes().iter().zip(&to);
            let unknown = each.filter(|(_, to)| to.is_none()).map(|(class, _)| class);
            return Err(unknown_labels(unknown, &self.classes));
        }
        let shape = (labels.len(), self.classes.len());
        parallel::fits::<f64>("columns of classes", shape)?;
        let mut out = parallel::zeros(shape);
        for (row, mut out) in out.rows_mut().into_iter().enumerate() {
            for &code in labels.codes(row).unwrap_or_default() {
                if let Some(Some(column)) = to.get(code as usize) {
                    out[*column] = 1.0;
                }
            }
        }
        Ok(out)
    }
}

impl<F: Float> InverseTransform<ArrayRef2<F>> for FittedMultiLabelBinarizer {
    type Output = LabelSets;

    fn inverse_transform(&self, x: &ArrayRef2<F>) -> Result<LabelSets> {
        check::width(x, self.classes.len())?;
        let mut sets = Vec::with_capacity(x.nrows());
        for (i, row) in x.rows().into_iter().enumerate() {
            let mut set = Vec::new();
            for (j, v) in row.iter().enumerate() {
                if *v == F::one() {
                    set.push(j as u32);
                } else if *v != F::zero() {
                    let reason = format!("row {i}, column {j} is {v}, neither 0 nor 1");
                    return Err(Error::invalid_input("X", reason));
                }
            }
            sets.push(set);
        }
        Ok(LabelSets::from_codes(sets, &self.classes))
    }
}

/// The classes; names of the input have no meaning here.
impl FeatureNamesOut for FittedMultiLabelBinarizer {
    fn feature_names_out(&self, _: Option<&[String]>) -> Result<Vec<String>> {
        Ok(self.classes.iter().map(Class::to_string).collect())
    }
}

impl fmt::Display for FittedMultiLabelBinarizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MultiLabelBinarizer of {} classes", self.classes.len())
    }
}

impl Model for FittedMultiLabelBinarizer {
    fn type_name() -> String {
        "FittedMultiLabelBinarizer".into()
    }

    fn validate(&self) -> Result<()> {
        ensure::at_least("number of classes", self.classes.len(), 1)?;
        match twice(&self.classes) {
            Some(class) => Err(Error::model_file(format!(
                "class {} is there twice",
                shorten(&class.to_string())
            ))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Params;
    use crate::traits::FitTransform;
    use ndarray::array;

    #[test]
    fn there_and_back_for_every_kind() {
        let expected = array![[1.0, 0.0, 1.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
        for y in [
            LabelSets::from(vec![vec![9, 1], vec![], vec![4, 4]]),
            LabelSets::from(vec![vec!["z", "a"], vec![], vec!["b"]]),
        ] {
            let model = MultiLabelBinarizer::new().fit(&y, &()).unwrap();
            assert_eq!(model.transform(&y).unwrap(), expected);
            assert_eq!(model.inverse_transform(&expected).unwrap(), y);
            assert_eq!(
                model
                    .inverse_transform(&expected.mapv(|v| v as f32))
                    .unwrap(),
                y
            );
        }
        let flags = MultiLabelBinarizer::new()
            .fit_transform(&LabelSets::from([vec![true], vec![true, false]]));
        assert_eq!(flags.unwrap(), array![[0.0, 1.0], [1.0, 1.0]]);
    }

    #[test]
    fn given_classes_keep_their_order() {
        let y = LabelSets::from(vec![vec!["b"], vec!["a", "b"]]);
        let one = MultiLabelBinarizer::new().classes(["b", "c", "a"]);
        let model = one.fit(&y, &()).unwrap();
        assert_eq!(model.feature_names_out(None).unwrap(), ["b", "c", "a"]);
        let columns = model.transform(&y).unwrap();
        assert_eq!(columns, array![[1.0, 0.0, 0.0], [1.0, 0.0, 1.0]]);
        assert_eq!(model.inverse_transform(&columns).unwrap(), y);
        assert_eq!(
            MultiLabelBinarizer::from_json(&one.to_json().unwrap()).unwrap(),
            one
        );
        assert_eq!(
            MultiLabelBinarizer::from_bytes(&one.to_bytes().unwrap()).unwrap(),
            one
        );
        assert_eq!(
            one.with_param("classes", crate::params::Value::Null)
                .unwrap(),
            MultiLabelBinarizer::new()
        );
        for bad in [
            MultiLabelBinarizer::new().classes(["a", "b", "a"]),
            MultiLabelBinarizer::new().classes::<i64>([]),
        ] {
            assert!(matches!(
                bad.fit(&y, &()).unwrap_err().kind(),
                ErrorKind::InvalidParameter { .. }
            ));
        }
    }

    #[test]
    fn hostile_input() {
        let y = LabelSets::from(vec![vec![1, 2], vec![3]]);
        let model = MultiLabelBinarizer::new().fit(&y, &()).unwrap();
        assert_eq!(
            model
                .transform(&LabelSets::from(vec![vec![1, 8], vec![5]]))
                .unwrap_err()
                .to_string(),
            "y: unknown label 5, 8; known: 1, 2, 3"
        );
        assert_eq!(
            model
                .inverse_transform(&array![[0.0, 1.0, 0.5]])
                .unwrap_err()
                .to_string(),
            "X: row 0, column 2 is 0.5, neither 0 nor 1"
        );
        assert!(model.inverse_transform(&array![[0.0, 1.0]]).is_err());
        assert!(
            model
                .inverse_transform(&array![[f64::NAN, 1.0, 0.0]])
                .is_err()
        );
        for none in [
            LabelSets::from(Vec::<Vec<i64>>::new()),
            LabelSets::from(vec![Vec::<i64>::new()]),
        ] {
            assert!(matches!(
                MultiLabelBinarizer::new()
                    .fit(&none, &())
                    .unwrap_err()
                    .kind(),
                ErrorKind::EmptyInput { .. }
            ));
        }
        assert_eq!(
            FittedMultiLabelBinarizer::from_json(&model.to_json().unwrap()).unwrap(),
            model
        );
        assert_eq!(
            FittedMultiLabelBinarizer::from_bytes(&model.to_bytes().unwrap()).unwrap(),
            model
        );
        for classes in [vec![], vec![Class::from(1), Class::from(1)]] {
            assert!(FittedMultiLabelBinarizer { classes }.validate().is_err());
        }
    }
}
