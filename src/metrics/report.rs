//! The report of a classifier's scores, class by class.

use std::fmt;

use super::class_scores::{
    Averages, ClassScore, ClassScores, Combine, precision_recall_fscore_support,
};
use super::sum::sum;
use super::target::ClassificationTarget;
use crate::error::{Error, Result};
use crate::labels::Class;

/// Precision, recall, F1 and support of each class with their averages, as a text in scikit-learn's layout and as data.
///
/// # Errors
/// As [`accuracy_score`](super::accuracy_score).
///
/// ```
/// use fitwell::{metrics::classification_report, prelude::*};
///
/// let y = Labels::from(["cat", "dog", "dog", "owl"]);
/// let report = classification_report(&y, &Labels::from(["cat", "dog", "owl", "owl"]))?;
/// assert_eq!(report.to_string(), r"              precision    recall  f1-score   support
///
///          cat       1.00      1.00      1.00         1
///          dog       1.00      0.50      0.67         2
///          owl       0.50      1.00      0.67         1
///
///     accuracy                           0.75         4
///    macro avg       0.83      0.83      0.78         4
/// weighted avg       0.88      0.75      0.75         4
/// ");
/// assert!((report.rows()[1].recall - 0.5).abs() < 1e-15);
/// assert!(format!("{report:.4}").contains("0.7500")); // as many digits as you ask for
/// # Ok::<(), Error>(())
/// ```
pub fn classification_report<Y: ClassificationTarget + ?Sized>(
    y_true: &Y,
    y_pred: &Y::Predicted,
) -> Result<ClassificationReport> {
    Ok(ClassificationReport::new(precision_recall_fscore_support(
        y_true, y_pred,
    )?))
}

/// What [`classification_report`] gives; its `Display` is the text, with as many digits as the format asks for
/// (`{report:.4}`), 2 unless it does.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassificationReport {
    names: Vec<String>,
    rows: Vec<ClassScore>,
    micro: Averages,
    micro_is_accuracy: bool,
    macro_avg: Averages,
    weighted_avg: Averages,
    samples_avg: Option<Averages>,
    support: f64,
    weighted: bool,
}

impl ClassificationReport {
    /// The report of scores that were counted before, say over chosen classes or with another
    /// [`ZeroDivision`](super::ZeroDivision).
    ///
    /// ```
    /// use fitwell::metrics::{ClassScores, ClassificationReport, ZeroDivision};
    /// use fitwell::prelude::*;
    ///
    /// let (y, predicted) = (Labels::from([0, 1, 2, 2]), Labels::from([0, 1, 1, 2]));
    /// let scores = ClassScores::of_classes(&y, &predicted, [1, 2, 3])?.zero_division(ZeroDivision::One);
    /// let report = ClassificationReport::new(scores).with_names(["one", "two", "three"])?;
    /// assert!(report.accuracy().is_none()); // class 0 does not count
    /// assert!(report.to_string().contains("three       1.00      1.00      1.00         0"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn new(scores: ClassScores) -> Self {
        let rows = scores.per_class();
        let micro_is_accuracy = scores.micro_is_accuracy();
        let weighted = scores.is_weighted();
        // One line in the log for each undefined score is enough: the averages are over the same scores.
        let scores = scores.quiet();
        ClassificationReport {
            names: rows.iter().map(|r| r.class.to_string()).collect(),
            micro: scores.averages(Combine::Micro),
            micro_is_accuracy,
            macro_avg: scores.averages(Combine::Macro),
            weighted_avg: scores.averages(Combine::Weighted),
            samples_avg: (scores.is_multi_label()).then(|| scores.averages(Combine::Samples)),
            support: sum(rows.len(), |k| rows[k].support),
            weighted,
            rows,
        }
    }

    /// Other names for the classes, in their order.
    ///
    /// # Errors
    /// `ShapeMismatch` when there are not as many names as classes.
    pub fn with_names<S: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = S>,
    ) -> Result<Self> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        if names.len() != self.rows.len() {
            let what = "number of class names of the report";
            return Err(Error::shape(what, self.rows.len(), names.len()));
        }
        self.names = names;
        Ok(self)
    }

    /// The scores class by class.
    pub fn rows(&self) -> &[ClassScore] {
        &self.rows
    }

    /// The scores of one class.
    pub fn class(&self, class: impl Into<Class>) -> Option<&ClassScore> {
        let class = class.into();
        self.rows.iter().find(|r| r.class == class)
    }

    /// The names the text shows.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The fraction of rows predicted right, if every class that occurs is in the report.
    pub fn accuracy(&self) -> Option<f64> {
        self.micro_is_accuracy.then_some(self.micro.f1)
    }

    /// From the counts of all classes together.
    pub fn micro_avg(&self) -> Averages {
        self.micro
    }

    /// The means over the classes.
    pub fn macro_avg(&self) -> Averages {
        self.macro_avg
    }

    /// The means over the classes, weighted by their support.
    pub fn weighted_avg(&self) -> Averages {
        self.weighted_avg
    }

    /// The means over the rows, of several labels.
    pub fn samples_avg(&self) -> Option<Averages> {
        self.samples_avg
    }

    /// How many rows there are of the classes in the report, or the sum of their weights.
    pub fn support(&self) -> f64 {
        self.support
    }

    /// Whole rows as integers, weights as floating-point numbers.
    fn count(&self, support: f64) -> String {
        if self.weighted {
            format!("{support:?}")
        } else {
            format!("{support}")
        }
    }
}

/// scikit-learn's layout.
impl fmt::Display for ClassificationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        let width = self
            .names
            .iter()
            .map(|n| n.chars().count())
            .fold("weighted avg".len().max(digits), usize::max);
        let number = |v: f64| {
            if v.is_nan() {
                "nan".to_string()
            } else {
                format!("{v:.digits$}")
            }
        };
        let line = |f: &mut fmt::Formatter<'_>, name: &str, cells: [String; 4]| {
            let [p, r, f1, s] = cells;
            writeln!(f, "{name:>width$}  {p:>9} {r:>9} {f1:>9} {s:>9}")
        };
        let headers = ["precision", "recall", "f1-score", "support"].map(String::from);
        line(f, "", headers)?;
        writeln!(f)?;
        for (name, row) in self.names.iter().zip(&self.rows) {
            let cells = [row.precision, row.recall, row.f1].map(number);
            let [p, r, f1] = cells;
            line(f, name, [p, r, f1, self.count(row.support)])?;
        }
        writeln!(f)?;
        let total = self.count(self.support);
        let average = |f: &mut fmt::Formatter<'_>, name: &str, a: Averages| {
            let [p, r, f1] = [a.precision, a.recall, a.f1].map(number);
            line(f, name, [p, r, f1, total.clone()])
        };
        if self.micro_is_accuracy {
            let cells = [
                String::new(),
                String::new(),
                number(self.micro.f1),
                total.clone(),
            ];
            line(f, "accuracy", cells)?;
        } else {
            average(f, "micro avg", self.micro)?;
        }
        average(f, "macro avg", self.macro_avg)?;
        average(f, "weighted avg", self.weighted_avg)?;
        self.samples_avg
            .map_or(Ok(()), |samples| average(f, "samples avg", samples))
    }
}
