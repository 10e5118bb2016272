//! Transformers that prepare columns: scaling numbers, changing their distribution, encoding categories.

mod b_spline;
mod binarizer;
mod by_column;
mod categories;
mod closure_transformer;
pub(crate) mod columnwise;
#[cfg(feature = "dates")]
mod date_parts;
mod distribution;
mod extremes;
mod function_transformer;
mod k_bins_discretizer;
mod k_means_1d;
mod label_binarizer;
mod label_encoder;
mod label_sets;
mod linspace;
mod max_abs_scaler;
mod min_max_scaler;
pub(crate) mod moments;
mod multi_label_binarizer;
pub(crate) mod normal;
mod normalizer;
mod one_hot_encoder;
mod one_to_one;
mod order;
mod ordinal_encoder;
mod pair;
mod polynomial_features;
mod power_likelihood;
mod power_transformer;
mod quantile_transformer;
pub(crate) mod quantiles;
mod robust_scaler;
mod spline_transformer;
mod standard_scaler;
mod target_encoder;

pub use binarizer::{Binarizer, FittedBinarizer};
pub use categories::{Categories, MinFrequency};
pub use closure_transformer::{ClosureTransformer, FittedClosureTransformer};
#[cfg(feature = "dates")]
#[cfg_attr(docsrs, doc(cfg(feature = "dates")))]
pub use date_parts::{DateFormat, DatePart, DateParts, FittedDateParts, HandleUnparseable};
pub use function_transformer::{
    FittedFunctionTransformer, Function, FunctionNames, FunctionTransformer,
};
pub use k_bins_discretizer::{BinEncode, BinStrategy, FittedKBinsDiscretizer, KBinsDiscretizer};
pub use label_binarizer::{FittedLabelBinarizer, LabelBinarizer};
pub use label_encoder::{FittedLabelEncoder, LabelEncoder};
pub use label_sets::LabelSets;
pub use max_abs_scaler::{FittedMaxAbsScaler, MaxAbsScaler};
pub use min_max_scaler::{FittedMinMaxScaler, MinMaxScaler};
pub use multi_label_binarizer::{FittedMultiLabelBinarizer, MultiLabelBinarizer};
pub use normalizer::{FittedNormalizer, Norm, Normalizer};
pub use one_hot_encoder::{
    DropCategory, FeatureNameCombiner, FittedOneHotEncoder, HandleUnknown, OneHotEncoder,
};
pub use order::Order;
pub use ordinal_encoder::{FittedOrdinalEncoder, OrdinalEncoder, OrdinalUnknown};
pub use polynomial_features::{FittedPolynomialFeatures, PolynomialFeatures};
pub use power_transformer::{FittedPowerTransformer, PowerMethod, PowerTransformer};
pub use quantile_transformer::{
    FittedQuantileTransformer, OutputDistribution, QuantileTransformer,
};
pub use quantiles::QuantileMethod;
pub use robust_scaler::{FittedRobustScaler, RobustScaler};
pub use spline_transformer::{
    Extrapolation, FittedSplineTransformer, HandleMissing, Knots, SplineTransformer,
};
pub use standard_scaler::{FittedStandardScaler, StandardScaler};
pub use target_encoder::{
    CrossFit, EncoderTarget, FittedTargetEncoder, Smooth, TargetEncoder, TargetType,
};

use std::collections::HashSet;

use crate::error::{Error, ErrorKind, Result, shorten};
use crate::float::Float;
use crate::model::ensure;
use crate::table::{Column, Table};

/// A scale, or 1 for one below 10 ε: the column (or row) is constant, up to rounding.
pub(crate) fn one_if_tiny<F: Float>(scale: F) -> F {
    if scale < F::of(10.0) * F::EPSILON {
        F::one()
    } else {
        scale
    }
}

/// The number of columns of a model that holds nothing as long as that: it must be one that data can have.
pub(crate) fn credible_width(n_features_in: usize) -> Result<()> {
    const MOST: usize = 1 << 24;
    ensure::at_least("number of columns", n_features_in, 1)?;
    ensure::that(n_features_in <= MOST, || {
        format!("number of columns is {n_features_in}, must be at most {MOST}")
    })
}

/// The error for a number beyond the largest.
pub(crate) fn overflow(estimator: &str, what: &str) -> Error {
    ErrorKind::Overflow {
        estimator: estimator.into(),
        what: what.into(),
    }
    .into()
}

/// The names given, if they are as many as the features at fit; otherwise `x0`, `x1`, ...
pub(crate) fn names_or_numbers(input: Option<&[String]>, n_features: usize) -> Result<Vec<String>> {
    match input {
        Some(names) if names.len() == n_features => Ok(names.to_vec()),
        Some(names) => Err(Error::shape(
            "number of feature names",
            n_features,
            names.len(),
        )),
        None => Ok((0..n_features).map(|j| format!("x{j}")).collect()),
    }
}

/// The columns of a table are those seen at fit, in the same order.
pub(crate) fn same_names<'a>(
    table: &Table,
    at_fit: impl ExactSizeIterator<Item = &'a str> + Clone,
) -> Result<()> {
    let same = table.n_columns() == at_fit.len()
        && table
            .iter()
            .zip(at_fit.clone())
            .all(|((name, _), fit)| name == fit);
    if same {
        return Ok(());
    }
    let at_fit: Vec<String> = at_fit.map(Into::into).collect();
    Err(different_names(&table.names(), &at_fit, "X"))
}

/// Names given for the input are those seen at fit.
pub(crate) fn names_at_fit(input: Option<&[String]>, at_fit: &[String]) -> Result<()> {
    match input {
        Some(names) if names.len() != at_fit.len() => Err(Error::shape(
            "number of feature names",
            at_fit.len(),
            names.len(),
        )),
        Some(names) if names != at_fit => Err(different_names(names, at_fit, "feature names")),
        _ => Ok(()),
    }
}

/// The error for names that differ from those at fit.
pub(crate) fn different_names(given: &[String], at_fit: &[String], what: &str) -> Error {
    let only_in = |a: &[String], b: &[String]| -> Vec<String> {
        let b: HashSet<&String> = b.iter().collect();
        a.iter().filter(|name| !b.contains(name)).cloned().collect()
    };
    let (missing, unexpected) = (only_in(at_fit, given), only_in(given, at_fit));
    ErrorKind::FeatureNames {
        what: what.into(),
        reordered: missing.is_empty() && unexpected.is_empty(),
        missing,
        unexpected,
    }
    .into()
}

/// No name twice; otherwise the name.
pub(crate) fn unique_names<'a>(
    names: impl Iterator<Item = &'a str>,
) -> std::result::Result<(), &'a str> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(name);
        }
    }
    Ok(())
}

/// At least one row and one column.
pub(crate) fn not_empty_table(x: &Table) -> Result<()> {
    let what = match (x.n_rows(), x.n_columns()) {
        (_, 0) => "X (no columns)",
        (0, _) => "X (no rows)",
        _ => return Ok(()),
    };
    Err(ErrorKind::EmptyInput { what: what.into() }.into())
}

/// The error for a column of another kind than needed.
pub(crate) fn wrong_kind(name: &str, column: &Column, expected: &str) -> Error {
    ErrorKind::WrongColumnKind {
        column: shorten(name),
        expected: expected.into(),
        got: column.kind().to_string(),
    }
    .into()
}

/// The error for an infinite value in a column of a table.
pub(crate) fn infinite_cell(column: &str, row: usize, value: f64) -> Error {
    ErrorKind::NonFinite {
        what: format!("column `{}`", shorten(column)),
        row,
        column: None,
        value,
    }
    .into()
}
