//! The one error type: an opaque [`Error`] with a [`kind`](Error::kind) for code and a sentence for people.

use std::fmt;
use std::path::PathBuf;

/// The place of an error in rows of a validation set.
pub(crate) const VALIDATION_SET: &str = "validation set";

/// The result of every fallible operation in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, where, and what is allowed.
///
/// The text is for people; match on [`Error::kind`] in code.
///
/// ```
/// use fitwell::prelude::*;
/// use fitwell::linear_model::Ridge;
/// use ndarray::array;
///
/// let refused = Ridge::new().alpha(-1.0).fit(&array![[1.0], [2.0]], &array![1.0, 2.0]).unwrap_err();
/// assert!(matches!(refused.kind(), ErrorKind::InvalidParameter { name, .. } if name == "alpha"));
/// assert_eq!(refused.to_string(), "`alpha` of `Ridge` must be in [0, inf), got -1");
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    /// Where it happened, outermost first: pipeline steps, folds, candidates.
    context: Vec<String>,
}

/// What kind of error it is, with what code needs to react to it.
///
/// Rows and columns of arrays and tables count from 0; lines of files count from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A hyper-parameter is outside its range.
    #[error("`{name}` of `{estimator}` must be {expected}, got {got}")]
    #[allow(missing_docs)]
    InvalidParameter {
        estimator: String,
        name: String,
        expected: String,
        got: String,
    },
    /// No hyper-parameter has this name.
    #[error("`{estimator}` has no parameter `{name}`; there are: {}", list(known))]
    #[allow(missing_docs)]
    UnknownParameter {
        estimator: String,
        name: String,
        known: Vec<String>,
    },
    /// Two sizes that must agree do not.
    #[error("{what}: expected {expected}, got {got}")]
    #[allow(missing_docs)]
    ShapeMismatch {
        what: String,
        expected: usize,
        got: usize,
    },
    /// A value is NaN or infinite where only finite ones are allowed.
    #[error("{what}: {} is {value}", position(*row, *column))]
    #[allow(missing_docs)]
    NonFinite {
        what: String,
        row: usize,
        column: Option<usize>,
        value: f64,
    },
    /// There is nothing to work on.
    #[error("{what} is empty")]
    #[allow(missing_docs)]
    EmptyInput { what: String },
    /// The input breaks a rule that no other kind names.
    #[error("{what}: {reason}")]
    #[allow(missing_docs)]
    InvalidInput { what: String, reason: String },
    /// A label is not among the classes the model was fitted on.
    #[error("{what}: unknown label {label}; known: {}", list(known))]
    #[allow(missing_docs)]
    UnknownLabel {
        what: String,
        label: String,
        known: Vec<String>,
    },
    /// Categories were not seen at fit: the first of them and its row, and the others in later rows.
    #[error("column `{column}`, row {row}: unknown category {category:?}{}; known: {}", if others.is_empty() { String::new() } else { format!("; further ones: {}", list(others)) }, list(known))]
    #[allow(missing_docs)]
    UnknownCategory {
        column: String,
        row: usize,
        category: String,
        others: Vec<String>,
        known: Vec<String>,
    },
    /// A value is missing where none may be.
    #[error("column `{column}`, row {row}: the value is missing")]
    #[allow(missing_docs)]
    MissingValue { column: String, row: usize },
    /// A classifier was given fewer classes than it needs.
    #[error(
        "`{estimator}` needs at least 2 classes, the target has {got}: {}",
        list(classes)
    )]
    #[allow(missing_docs)]
    TooFewClasses {
        estimator: String,
        got: usize,
        classes: Vec<String>,
    },
    /// There are fewer samples than the operation needs.
    #[error("{what}: needs at least {needed} samples, got {got}")]
    #[allow(missing_docs)]
    TooFewSamples {
        what: String,
        needed: usize,
        got: usize,
    },
    /// No column has this name.
    #[error("no column `{name}`; there are: {}", list(known))]
    #[allow(missing_docs)]
    UnknownColumn { name: String, known: Vec<String> },
    /// A column is of another kind than needed.
    #[error("column `{column}` is {got}, expected {expected}")]
    #[allow(missing_docs)]
    WrongColumnKind {
        column: String,
        expected: String,
        got: String,
    },
    /// The columns differ from those seen at fit.
    #[error("{what}: the columns differ from those seen at fit; missing: {}; unexpected: {}{}", list(missing), list(unexpected), if *reordered { "; in another order" } else { "" })]
    #[allow(missing_docs)]
    FeatureNames {
        what: String,
        missing: Vec<String>,
        unexpected: Vec<String>,
        reordered: bool,
    },
    /// The model inside a box has no such method.
    #[error("`{estimator}` has no `{operation}`")]
    #[allow(missing_docs)]
    Unsupported {
        estimator: String,
        operation: String,
    },
    /// A matrix that must be positive definite is not.
    #[error("{what}: the matrix is not positive definite (pivot {pivot})")]
    #[allow(missing_docs)]
    NotPositiveDefinite { what: String, pivot: usize },
    /// The computation left the range of the floating-point type although the input was finite.
    #[error("`{estimator}`: {what} is not finite; rescale the data or use f64")]
    #[allow(missing_docs)]
    Overflow { estimator: String, what: String },
    /// Something would be larger than is allowed.
    #[error("{what}: {size} exceeds the limit of {limit}")]
    #[allow(missing_docs)]
    TooLarge { what: String, size: u64, limit: u64 },
    /// A delimited text file cannot be read as a table.
    #[error("line {line}{}: {reason}{}", column.as_ref().map(|c| format!(", column `{c}`")).unwrap_or_default(), if text.is_empty() { String::new() } else { format!(": {text:?}") })]
    #[allow(missing_docs)]
    Csv {
        line: u64,
        column: Option<String>,
        text: String,
        reason: String,
    },
    /// A model file cannot be used.
    #[error("model file: {reason}")]
    #[allow(missing_docs)]
    ModelFile { reason: String },
    /// A model file holds another type than asked for.
    #[error("model file: holds `{found}`, expected `{expected}`")]
    #[allow(missing_docs)]
    ModelType { found: String, expected: String },
    /// A model file was written in a format this version does not know.
    #[error("model file: format version {found}, this library reads {oldest} to {newest}")]
    #[allow(missing_docs)]
    ModelVersion {
        found: u64,
        oldest: u64,
        newest: u64,
    },
    /// The operating system refused a read or a write.
    #[error("{}: {source}", path.display())]
    #[allow(missing_docs)]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    /// The loss of a network left the range of its type.
    #[error(
        "`{estimator}`: the loss diverged in epoch {iterations}; scale the features and targets, lower the learning rate, \
         or use f64"
    )]
    #[allow(missing_docs)]
    Diverged {
        estimator: String,
        iterations: usize,
    },
    /// An observer stopped the work.
    #[error("`{estimator}`: stopped by the observer after {iterations} iterations")]
    #[allow(missing_docs)]
    Cancelled {
        estimator: String,
        iterations: usize,
    },
}

impl Error {
    /// What kind of error it is.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Where it happened, outermost first: pipeline steps, folds, candidates of a search.
    pub fn context(&self) -> &[String] {
        &self.0.context
    }

    /// The same error with one more place in front: `step "scale"`.
    #[must_use]
    pub fn within(mut self, place: impl Into<String>) -> Self {
        self.0.context.insert(0, place.into());
        self
    }

    /// The same error about a selection of rows, its row counted in the whole. Rows of a validation set are no part of it.
    pub(crate) fn at_rows(mut self, selected: &[usize]) -> Self {
        if self.context().iter().any(|place| place == VALIDATION_SET) {
            return self;
        }
        if let ErrorKind::NonFinite { row, .. }
        | ErrorKind::UnknownCategory { row, .. }
        | ErrorKind::MissingValue { row, .. } = &mut self.0.kind
            && let Some(&whole) = selected.get(*row)
        {
            *row = whole;
        }
        self
    }

    /// The same error about a selection of columns, its column counted in the whole.
    pub(crate) fn at_columns(mut self, selected: &[usize]) -> Self {
        if let ErrorKind::NonFinite {
            column: Some(column),
            ..
        } = &mut self.0.kind
            && let Some(&whole) = selected.get(*column)
        {
            *column = whole;
        }
        self
    }

    /// Input that breaks a rule: what, and which rule.
    pub fn invalid_input(what: impl Into<String>, reason: impl Into<String>) -> Self {
        ErrorKind::InvalidInput {
            what: what.into(),
            reason: reason.into(),
        }
        .into()
    }

    /// A hyper-parameter out of its range.
    pub fn invalid_parameter(
        estimator: impl Into<String>,
        name: impl Into<String>,
        expected: impl Into<String>,
        got: impl fmt::Display,
    ) -> Self {
        ErrorKind::InvalidParameter {
            estimator: estimator.into(),
            name: name.into(),
            expected: expected.into(),
            got: got.to_string(),
        }
        .into()
    }

    /// Two sizes that must agree do not.
    pub fn shape(what: impl Into<String>, expected: usize, got: usize) -> Self {
        ErrorKind::ShapeMismatch {
            what: what.into(),
            expected,
            got,
        }
        .into()
    }

    /// A model file that cannot be used, and why.
    pub fn model_file(reason: impl Into<String>) -> Self {
        ErrorKind::ModelFile {
            reason: reason.into(),
        }
        .into()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Error(Box::new(Inner {
            kind,
            context: Vec::new(),
        }))
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in &self.0.context {
            write!(f, "{place}: ")?;
        }
        write!(f, "{}", self.0.kind)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("context", &self.0.context)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.kind {
            ErrorKind::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// `a, b, c`, shortened so that an error stays readable whatever the data.
pub(crate) fn list(items: &[String]) -> String {
    const SHOWN: usize = 20;
    if items.is_empty() {
        return "none".into();
    }
    let mut text = items
        .iter()
        .take(SHOWN)
        .map(|i| shorten(i))
        .collect::<Vec<_>>()
        .join(", ");
    if items.len() > SHOWN {
        text.push_str(&format!(", ... ({} in all)", items.len()));
    }
    text
}

/// At most 40 characters of a text that came from outside.
pub(crate) fn shorten(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_string(),
    }
}

fn position(row: usize, column: Option<usize>) -> String {
    match column {
        Some(column) => format!("row {row}, column {column}"),
        None => format!("row {row}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_from_the_outside_in() {
        let e = Error::from(ErrorKind::NonFinite {
            what: "X".into(),
            row: 17,
            column: Some(3),
            value: f64::NAN,
        });
        assert_eq!(
            e.within("step `scale`").within("fold 2").to_string(),
            "fold 2: step `scale`: X: row 17, column 3 is NaN"
        );
    }

    #[test]
    fn long_lists_and_long_texts_are_shortened() {
        let known = (0..50).map(|i| format!("column {i}")).collect();
        let text = Error::from(ErrorKind::UnknownColumn {
            name: "x".into(),
            known,
        })
        .to_string();
        assert!(text.ends_with("column 19, ... (50 in all)"), "{text}");
        assert_eq!(shorten(&"é".repeat(100)).chars().count(), 43);
    }
}
