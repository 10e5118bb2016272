//! A data set in memory.

use ndarray::Array2;

use crate::error::Result;
use crate::labels::{Class, Labels};
use crate::table::Table;

/// Samples, what to learn from them, and the names of both.
///
/// `Y` is [`Labels`] for classes, a one-dimensional array for one real target and a two-dimensional one for several.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Dataset<Y> {
    /// The samples, (n_samples, n_features).
    pub x: Array2<f64>,
    /// The target, one row for each sample. Classes are integers from 0, as in scikit-learn.
    pub target: Y,
    /// The name of each feature.
    pub feature_names: Vec<String>,
    /// The name of each class, or of each real target.
    pub target_names: Vec<String>,
    /// What the data are, in a sentence or two.
    pub description: &'static str,
}

impl<Y> Dataset<Y> {
    /// The samples as a table of named columns.
    ///
    /// # Errors
    /// None for the bundled data sets: the names differ and are as many as the columns.
    ///
    /// ```
    /// let wine = fitwell::datasets::load_wine()?.table()?;
    /// assert_eq!(wine.names()[..2], ["alcohol", "malic_acid"]);
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    pub fn table(&self) -> Result<Table> {
        Table::from_matrix(self.feature_names.iter().cloned(), &self.x)
    }
}

impl Dataset<Labels> {
    /// The target with the names of the classes instead of their numbers.
    ///
    /// Text classes are sorted: a model learned on them may list its classes in another order than one learned on the
    /// numbers.
    ///
    /// ```
    /// let cancer = fitwell::datasets::load_breast_cancer()?;
    /// assert_eq!(cancer.target.get(0), Some(&0.into()));
    /// assert_eq!(cancer.named_target().get(0), Some(&"malignant".into()));
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    pub fn named_target(&self) -> Labels {
        self.target
            .iter()
            .map(|class| match class {
                Class::Int(code) => usize::try_from(*code)
                    .ok()
                    .and_then(|code| self.target_names.get(code).cloned())
                    .unwrap_or_else(|| class.to_string()),
                other => other.to_string(),
            })
            .collect::<Vec<_>>()
            .into()
    }
}
