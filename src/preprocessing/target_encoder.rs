//! Categories become the mean of the target among the rows that have them.

mod means;
mod settings;

use std::fmt;

use ndarray::{Array2, ArrayRef1, ArrayRef2};
use serde::{Deserialize, Serialize};

use self::means::{Numbers, Training};
pub use self::settings::{CrossFit, Smooth, TargetType};
use super::categories::{
    Categories, Grouping, Input, KnownColumn, Learning, fitted_encoder, matrix_inputs,
    table_inputs, validate,
};
use super::names_or_numbers;
use crate::error::{Error, Result, shorten};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::model::Model;
use crate::model_selection::{CrossValidator, KFold, StratifiedKFold};
use crate::params::{Hyperparameters, describe};
use crate::table::{Cell, Table};
use crate::targets::{Targets, Weighted};
use crate::traits::{Estimator, FeatureNamesOut, Known, Transform};
use crate::{check, parallel};

/// A target that a [`TargetEncoder`] learns from: `Labels`, or one real target.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a target that categories can be encoded by",
    label = "expected `Labels` or a 1-dimensional real array",
    note = "a `TargetEncoder` needs the target: `fit(&x, &y)`, not `fit(&x, &())`"
)]
pub trait EncoderTarget: Targets {
    /// The values of a real target; `None` for classes.
    fn real(&self) -> Option<Vec<f64>>;
}

impl EncoderTarget for Labels {
    fn real(&self) -> Option<Vec<f64>> {
        None
    }
}

impl EncoderTarget for Weighted<Labels> {
    fn real(&self) -> Option<Vec<f64>> {
        None
    }
}

impl<F: Float> EncoderTarget for ArrayRef1<F> {
    fn real(&self) -> Option<Vec<f64>> {
        Some(self.iter().map(|v| v.f64()).collect())
    }
}

impl<F: Float> EncoderTarget for Weighted<ArrayRef1<F>> {
    fn real(&self) -> Option<Vec<f64>> {
        self.target().real()
    }
}

/// Gives each category of each column one number: the mean of the target among the rows that have it, drawn to the mean of
/// all rows.
///
/// With n_c rows of category c, the sum s_c of their target y, their variance v_c, and mean m and variance v of all rows:
///
/// ```text
/// smooth = r       (s_c + r m) / (n_c + r)
/// smooth = auto    λ s_c / n_c + (1 − λ) m,    λ = n_c v / (n_c v + v_c)
/// ```
///
/// For classes y is 1 for the rows of a class and 0 for the others: of two classes the second one, of more each in turn, a
/// column of the result for each. A missing value is a category too; one that was not there at fit gives m.
///
/// Use it for columns of many categories, of which a [`OneHotEncoder`](super::OneHotEncoder) would make too many columns.
/// The columns may hold texts, booleans or numbers, in a [`Table`] or, numbers, in a matrix.
///
/// # Cross-fitting
/// The mean of a category holds the target of each of its rows: a model fitted on it would see its own answer.
/// [`fit_transform`](Self::fit_transform), and every pipeline while it is fitted, therefore encodes each training row by
/// what the *other* folds say. `fit(x, y)?.transform(x)` does not: it is for rows that were not there at fit.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `categories` | `auto` | `auto`, `{"given": [[..], ..]}` | which there are, one list for each column; missing (`null`) last |
/// | `target_type` | `auto` | `auto`, `binary`, `multiclass`, `continuous` | what the target is; `auto`: an array is continuous, [`Labels`] are classes |
/// | `smooth` | `auto` | `auto`, at least 0 | how many rows the mean of all counts for; raising it draws rare categories nearer to it |
/// | `cv` | 5 | at least 2, or `{"k_fold": ..}`, `{"stratified_k_fold": ..}`, `{"splits": ..}` | the folds of cross-fitting, see [`CrossFit`] |
/// | `shuffle` | `true` | | whether rows are drawn into the folds at random, if `cv` is a number |
/// | `random_state` | 0 | | the seed for that |
///
/// Sample weights are accepted and not used, as scikit-learn's encoder has none.
///
/// # Units
/// The result is in units of the target; for classes it is a probability.
///
/// # Result
/// Of a table `f64` ([`transform_to`](FittedTargetEncoder::transform_to) gives `f32`), of a matrix its own type. All sums
/// are `f64`.
///
/// # Complexity
/// Time O(n p) to fit and to transform, O(n p cv) to cross-fit; memory beyond input and result: 4 bytes for each value, 8
/// for each row, and for each category some numbers for each class.
///
/// # Errors
/// `EmptyInput`; `NonFinite` for infinite numbers and targets that are not finite; `ShapeMismatch`; `InvalidParameter` when
/// what is given does not fit columns or target; `TooFewSamples` for more folds than rows, and when no class has as many
/// rows as there are folds; `Overflow` when sums of the target are not finite; `FeatureNames` and `WrongColumnKind` at
/// transform; `TooLarge` for results of more than 2³⁰ values, 64 for each of X.
///
/// # Source
/// D. Micci-Barreca, "A preprocessing scheme for high-cardinality categorical attributes in classification and prediction
/// problems", SIGKDD Explorations 3 (2001), equations 3 to 7; scikit-learn's `TargetEncoder`, whose numbers these are, the
/// cross-fitted ones for the same folds. Different: an array is a continuous target whatever its values; more than two
/// classes are no binary target; two classes may be encoded as `multiclass`, a column for each; a training row whose value
/// is outside the given categories counts for none of them (scikit-learn counts it for the first), and is encoded by the
/// mean of its own training folds while cross-fitting (there by that of the last ones).
///
/// # Examples
/// ```
/// use fitwell::{preprocessing::TargetEncoder, prelude::*, table::{Column, Table}};
/// use ndarray::array;
///
/// let x = Table::new([("city", Column::from(["Ulm", "Ulm", "Ulm", "Bonn", "Bonn", "Köln"]))])?;
/// let y = array![1.0, 2.0, 3.0, 7.0, 9.0, 2.0];
/// let encoder = TargetEncoder::new().smooth(1.0).fit(&x, &y)?;
/// assert_eq!(encoder.target_mean(), [4.0]);
/// // Sorted: Bonn (16 + 4) / 3, Köln (2 + 4) / 2, Ulm (6 + 4) / 4.
/// assert_eq!(encoder.encodings(), [[20.0 / 3.0, 3.0, 2.5]]);
/// let new = Table::new([("city", Column::from(["Ulm", "Oslo"]))])?;
/// assert_eq!(encoder.transform(&new)?, array![[2.5], [4.0]]);
///
/// // A training row does not see its own target: Köln occurs once, so nothing is known of it elsewhere.
/// let training = TargetEncoder::new().smooth(1.0).cv(6usize).fit_transform(&x, &y)?;
/// assert_eq!(training[[5, 0]], 22.0 / 5.0);
///
/// // Of three classes there are three columns.
/// let species = Labels::from(["owl", "fox", "owl", "cat", "cat", "fox"]);
/// let encoder = TargetEncoder::new().fit(&x, &species)?;
/// assert_eq!(encoder.feature_names_out(None)?, ["city_cat", "city_fox", "city_owl"]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TargetEncoder {
    /// Which categories there are.
    categories: Categories,
    /// What the target is.
    target_type: TargetType,
    /// How much means are drawn to the mean of all rows.
    smooth: Smooth,
    /// The folds of cross-fitting.
    cv: CrossFit,
    /// Whether rows are drawn into folds at random.
    shuffle: bool,
    /// The seed.
    random_state: u64,
}

impl Default for TargetEncoder {
    fn default() -> Self {
        TargetEncoder {
            categories: Categories::Auto,
            target_type: TargetType::Auto,
            smooth: Smooth::Auto,
            cv: CrossFit::Folds(5),
            shuffle: true,
            random_state: 0,
        }
    }
}

impl TargetEncoder {
    /// An encoder that infers the kind of target, smooths as the data say, and cross-fits in five shuffled folds.
    pub fn new() -> Self {
        Self::default()
    }

    /// Which categories there are.
    #[must_use]
    pub fn categories(mut self, categories: Categories) -> Self {
        self.categories = categories;
        self
    }

    /// What the target is.
    #[must_use]
    pub fn target_type(mut self, target_type: TargetType) -> Self {
        self.target_type = target_type;
        self
    }

    /// How many rows the mean of all counts for: [`Smooth::Auto`] or a number.
    #[must_use]
    pub fn smooth(mut self, smooth: impl Into<Smooth>) -> Self {
        self.smooth = smooth.into();
        self
    }

    /// The folds of cross-fitting: a number, [`KFold`], [`StratifiedKFold`], or a list of
    /// [`Split`](crate::model_selection::Split)s.
    #[must_use]
    pub fn cv(mut self, cv: impl Into<CrossFit>) -> Self {
        self.cv = cv.into();
        self
    }

    /// Whether rows are drawn into the folds at random, if `cv` is a number.
    #[must_use]
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// The seed of the folds.
    #[must_use]
    pub fn random_state(mut self, seed: u64) -> Self {
        self.random_state = seed;
        self
    }

    /// Fits, and encodes each training row by what was learned from the other folds: what a pipeline does while it is
    /// fitted.
    ///
    /// [`fit_and_transform`](Estimator::fit_and_transform) gives the model as well.
    ///
    /// # Errors
    /// As `fit`, and those of the folds.
    #[allow(clippy::type_complexity)] // the output of the fitted encoder, no more
    pub fn fit_transform<X: ?Sized, Y: ?Sized>(
        &self,
        x: &X,
        y: &Y,
    ) -> Result<<<Self as Estimator<X, Y>>::Fitted as Transform<X>>::Output>
    where
        Self: Estimator<X, Y>,
        <Self as Estimator<X, Y>>::Fitted: Transform<X>,
    {
        Ok(self.fit_and_transform(x, y)?.1)
    }

    fn refuse(name: &str, expected: impl Into<String>, got: impl fmt::Display) -> Error {
        Error::invalid_parameter(Self::NAME, name, expected, got)
    }
}

impl Hyperparameters for TargetEncoder {
    const NAME: &'static str = "TargetEncoder";

    fn check(&self) -> Result<()> {
        self.categories.check(Self::NAME)?;
        self.smooth.check(Self::NAME)?;
        self.cv.check(Self::NAME)
    }
}

impl fmt::Display for TargetEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<Y: EncoderTarget + ?Sized> Estimator<Table, Y> for TargetEncoder {
    type Fitted = FittedTargetEncoder;

    fn fit(&self, x: &Table, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        super::not_empty_table(x)?;
        check::target(y, x.n_rows())?;
        Ok(self.learn(&x.names(), &table_inputs(x), y, true)?.0)
    }

    fn fit_for_transform(&self, x: &Table, y: &Y) -> Result<(Self::Fitted, Known)> {
        self.check()?;
        super::not_empty_table(x)?;
        check::target(y, x.n_rows())?;
        let (fitted, rows) = self.learn(&x.names(), &table_inputs(x), y, true)?;
        let known = self.cross_fit::<f64, Y>(&fitted, &rows, y)?;
        Ok((fitted, Known::new(known)))
    }
}

/// Each distinct number of a column is a category, NaN a missing one.
impl<F: Float, Y: EncoderTarget + ?Sized> Estimator<ArrayRef2<F>, Y> for TargetEncoder {
    type Fitted = FittedTargetEncoder;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::not_empty(x)?;
        check::target(y, x.nrows())?;
        let names = names_or_numbers(None, x.ncols())?;
        Ok(self.learn(&names, &matrix_inputs(x), y, false)?.0)
    }

    fn fit_for_transform(&self, x: &ArrayRef2<F>, y: &Y) -> Result<(Self::Fitted, Known)> {
        self.check()?;
        check::not_empty(x)?;
        check::target(y, x.nrows())?;
        let names = names_or_numbers(None, x.ncols())?;
        let (fitted, rows) = self.learn(&names, &matrix_inputs(x), y, false)?;
        let known = self.cross_fit::<F, Y>(&fitted, &rows, y)?;
        Ok((fitted, Known::new(known)))
    }
}

/// The training rows: the category of each value, column by column (the number of categories where it is none), and the
/// target.
struct Rows {
    codes: Vec<Vec<u32>>,
    target: Numbers,
}

impl TargetEncoder {
    fn learn<F: Float, Y: EncoderTarget + ?Sized>(
        &self,
        names: &[String],
        inputs: &[Input<'_, F>],
        y: &Y,
        named: bool,
    ) -> Result<(FittedTargetEncoder, Rows)> {
        let (target, target_type, classes) = self.target(y)?;
        let learning = Learning {
            estimator: Self::NAME,
            categories: &self.categories,
            refuse_unknown: false,
            grouping: Grouping {
                min_frequency: None,
                max_categories: None,
            },
            group_missing: true,
        };
        let columns = learning.columns(names, inputs)?;
        let codes = parallel::map(inputs.len(), |j| codes(&columns[j], inputs[j]));
        let codes = codes.into_iter().collect::<Result<Vec<_>>>()?;
        let moments = target.moments(Training::All);
        let encodings = parallel::map(columns.len(), |j| {
            let k = columns[j].len();
            target.encodings(&codes[j], k, Training::All, &moments, self.smooth)
        });
        let encodings: Vec<Vec<f64>> = encodings.into_iter().flatten().collect();
        let target_mean: Vec<f64> = moments.iter().map(|m| m.mean).collect();
        check::learned(Self::NAME, "the mean of the target", &target_mean)?;
        check::learned(Self::NAME, "an encoding", encodings.iter().flatten())?;
        let fitted = FittedTargetEncoder {
            named,
            target_type,
            classes,
            columns,
            encodings,
            target_mean,
        };
        Ok((fitted, Rows { codes, target }))
    }

    /// The target as numbers, what it is, and its classes.
    fn target<Y: EncoderTarget + ?Sized>(
        &self,
        y: &Y,
    ) -> Result<(Numbers, TargetType, Vec<Class>)> {
        if let Some(values) = y.real() {
            if matches!(
                self.target_type,
                TargetType::Binary | TargetType::Multiclass
            ) {
                let expected = "`auto` or `continuous` for a real target; classes are `Labels`";
                return Err(Self::refuse("target_type", expected, self.target_type));
            }
            check::finite_vector(&*ndarray::aview1(&values), "y")?;
            return Ok((Numbers::Real(values), TargetType::Continuous, Vec::new()));
        }
        let Some(labels) = y.as_labels() else {
            return Err(Error::invalid_input("y", "is neither real nor of classes"));
        };
        let labels = labels.observed();
        if self.target_type == TargetType::Continuous {
            let number = |class: &Class| match class {
                Class::Int(v) => Ok(*v as f64),
                Class::Bool(v) => Ok(f64::from(u8::from(*v))),
                Class::Text(text) => {
                    let expected = "`auto` or of classes for a target of texts";
                    let got = format!("continuous for {:?}", shorten(text));
                    Err(Self::refuse("target_type", expected, got))
                }
            };
            let numbers = labels.classes().iter().map(number);
            let numbers = numbers.collect::<Result<Vec<f64>>>()?;
            let values = labels.codes().iter().map(|&c| numbers[c as usize]);
            return Ok((
                Numbers::Real(values.collect()),
                TargetType::Continuous,
                Vec::new(),
            ));
        }
        let k = labels.classes().len();
        let binary = match self.target_type {
            TargetType::Binary if k > 2 => {
                let expected = "`multiclass` for more than two classes";
                let got = format!("binary for {k} classes");
                return Err(Self::refuse("target_type", expected, got));
            }
            TargetType::Multiclass => false,
            _ => k <= 2,
        };
        let (target_type, columns) = match binary {
            true => (TargetType::Binary, vec![1]),
            false => (TargetType::Multiclass, (0..k).collect()),
        };
        let target = Numbers::Classes {
            codes: labels.codes().to_vec(),
            n_classes: k.max(2),
            columns,
        };
        Ok((target, target_type, labels.classes().to_vec()))
    }

    /// Each training row encoded by what the rows outside its fold say.
    fn cross_fit<F: Float, Y: Targets + ?Sized>(
        &self,
        fitted: &FittedTargetEncoder,
        rows: &Rows,
        y: &Y,
    ) -> Result<Array2<F>> {
        let n = rows.codes.first().map_or(0, Vec::len);
        let (fold_of, splits) = self.folds(n, y, fitted.target_type)?;
        let n_folds = match &splits {
            Some(splits) => splits.len(),
            None => fold_of.iter().max().map_or(0, |&last| last as usize + 1),
        };
        let moments = match splits {
            Some(splits) => parallel::map(n_folds, |fold| {
                let training = Training::Rows(&splits[fold].train);
                rows.target.moments(training)
            }),
            None => rows.target.cross_moments(&fold_of, n_folds),
        };
        let p = fitted.columns.len();
        // Column by column, fold by fold the encodings.
        let encodings = parallel::map(p, |j| {
            let (codes, k) = (&rows.codes[j], fitted.columns[j].len());
            if let Some(splits) = splits {
                return parallel::map(n_folds, |fold| {
                    let training = Training::Rows(&splits[fold].train);
                    let moments = &moments[fold];
                    (rows.target).encodings(codes, k, training, moments, self.smooth)
                });
            }
            (rows.target).cross_encodings(codes, k, &fold_of, &moments, self.smooth)
        });
        let all = encodings.iter().flatten().flatten().flatten();
        check::learned(Self::NAME, "an encoding", all)?;
        let width = rows.target.width();
        parallel::result_fits::<F>(Self::NAME, n, p, p.saturating_mul(width))?;
        let mut out = parallel::zeros::<F>((n, p * width));
        let chunk = parallel::row_chunks(n, p * width);
        parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut block| {
            let range = first..first + block.nrows();
            for (j, codes) in rows.codes.iter().enumerate() {
                for c in 0..width {
                    let mut column = block.column_mut(j * width + c);
                    for (i, row) in range.clone().enumerate() {
                        let fold = fold_of[row] as usize;
                        let known = &encodings[j][fold][c];
                        let value = known.get(codes[row] as usize);
                        column[i] = F::of(*value.unwrap_or(&moments[fold][c].mean));
                    }
                }
            }
        });
        Ok(out)
    }

    /// The test fold of each row, and the splits where they are given.
    #[allow(clippy::type_complexity)]
    fn folds<Y: Targets + ?Sized>(
        &self,
        n: usize,
        y: &Y,
        target_type: TargetType,
    ) -> Result<(Vec<u32>, Option<&[crate::model_selection::Split]>)> {
        let fold_of = match &self.cv {
            CrossFit::Folds(n_splits) if target_type == TargetType::Continuous => {
                let folds = KFold::new().n_splits(*n_splits).shuffle(self.shuffle);
                folds.random_state(self.random_state).fold_of(n, y)?
            }
            CrossFit::Folds(n_splits) => {
                let folds = StratifiedKFold::new().n_splits(*n_splits);
                let folds = folds.shuffle(self.shuffle);
                folds.random_state(self.random_state).fold_of(n, y, 1)?
            }
            CrossFit::KFold(folds) => folds.fold_of(n, y)?,
            CrossFit::StratifiedKFold(folds) => folds.fold_of(n, y, 1)?,
            CrossFit::Splits(splits) => {
                splits.split(n, y)?;
                let mut fold_of = vec![u32::MAX; n];
                for (fold, split) in splits.iter().enumerate() {
                    for &row in &split.test {
                        if fold_of[row] != u32::MAX {
                            let reason = format!("row {row} is a test row more than once");
                            return Err(Error::invalid_input("splits", reason));
                        }
                        fold_of[row] = fold as u32;
                    }
                }
                if let Some(row) = fold_of.iter().position(|&fold| fold == u32::MAX) {
                    let reason = format!("row {row} is no test row");
                    return Err(Error::invalid_input("splits", reason));
                }
                return Ok((fold_of, Some(splits)));
            }
        };
        Ok((fold_of.into_iter().map(|fold| fold as u32).collect(), None))
    }
}

/// The category of each value; the number of categories where it is none.
fn codes<F: Float>(column: &KnownColumn, input: Input<'_, F>) -> Result<Vec<u32>> {
    let lookup = column.lookup(input, |c| c.unwrap_or(column.len()) as u32)?;
    let mut codes = vec![0; input.len()];
    parallel::large(&codes);
    lookup.each(0..codes.len(), |row, code| codes[row] = code);
    Ok(codes)
}

/// Means learned by [`TargetEncoder`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedTargetEncoder {
    /// Fitted on a table, whose names count.
    named: bool,
    target_type: TargetType,
    classes: Vec<Class>,
    columns: Vec<KnownColumn>,
    /// For each column, for each column of the target.
    encodings: Vec<Vec<f64>>,
    target_mean: Vec<f64>,
}

impl FittedTargetEncoder {
    /// The encodings of the categories: one list for each column; for a multiclass target one for each column and class, the
    /// lists of a column together.
    pub fn encodings(&self) -> &[Vec<f64>] {
        &self.encodings
    }

    /// The categories of each column, in the order of the encodings.
    pub fn categories(&self) -> Vec<Vec<Cell>> {
        self.columns.iter().map(KnownColumn::cells).collect()
    }

    /// What the target was, never [`TargetType::Auto`].
    pub fn target_type(&self) -> TargetType {
        self.target_type
    }

    /// The mean of the target, which encodes what is no category: one number, for a multiclass target one for each class.
    pub fn target_mean(&self) -> &[f64] {
        &self.target_mean
    }

    /// The classes, sorted; `None` for a continuous target.
    pub fn classes(&self) -> Option<&[Class]> {
        (self.target_type != TargetType::Continuous).then_some(&self.classes)
    }

    /// The number of output columns.
    pub fn n_features_out(&self) -> usize {
        self.encodings.len()
    }

    fn encode<F: Float, G: Float>(
        &self,
        inputs: &[Input<'_, G>],
        n_rows: usize,
    ) -> Result<Array2<F>> {
        let n_columns_out = self.encodings.len();
        parallel::result_fits::<F>(TargetEncoder::NAME, n_rows, inputs.len(), n_columns_out)?;
        let width = self.target_mean.len();
        let mut lookups = Vec::with_capacity(self.encodings.len());
        for (j, (input, column)) in inputs.iter().zip(&self.columns).enumerate() {
            input.check_finite(column.name())?;
            for (c, mean) in self.target_mean.iter().enumerate() {
                let encodings = &self.encodings[j * width + c];
                let value = |category: Option<usize>| {
                    let known = category.and_then(|category| encodings.get(category));
                    F::of(*known.unwrap_or(mean))
                };
                lookups.push(column.lookup(*input, value)?);
            }
        }
        let mut out = parallel::zeros::<F>((n_rows, lookups.len()));
        let chunk = parallel::row_chunks(n_rows, lookups.len());
        parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut block| {
            let rows = first..first + block.nrows();
            for (lookup, mut column) in lookups.iter().zip(block.columns_mut()) {
                lookup.each(rows.clone(), |i, value| column[i] = value);
            }
        });
        Ok(out)
    }
}

fitted_encoder!(FittedTargetEncoder);

/// The names of the columns; for a multiclass target `column_class`.
impl FeatureNamesOut for FittedTargetEncoder {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let names = self.input_names(input)?;
        if self.target_type != TargetType::Multiclass {
            return Ok(names);
        }
        let of_classes = names.iter().flat_map(|name| {
            let classes = self.classes.iter();
            classes.map(move |class| match class {
                Class::Bool(true) => format!("{name}_True"),
                Class::Bool(false) => format!("{name}_False"),
                other => format!("{name}_{other}"),
            })
        });
        Ok(of_classes.collect())
    }
}

impl fmt::Display for FittedTargetEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (columns, target) = (self.columns.len(), self.target_type);
        write!(
            f,
            "TargetEncoder fitted on {columns} columns, {target} target"
        )
    }
}

impl Model for FittedTargetEncoder {
    fn type_name() -> String {
        "FittedTargetEncoder".into()
    }

    fn validate(&self) -> Result<()> {
        let wrong = |what: &str| Err(Error::model_file(format!("FittedTargetEncoder: {what}")));
        validate(&Self::type_name(), self.columns.iter())?;
        if self.columns.iter().any(|c| c.n_infrequent() > 0) {
            return wrong("infrequent categories");
        }
        let width = self.target_mean.len();
        let classes = self.classes.len();
        let fits = match self.target_type {
            TargetType::Auto => false,
            TargetType::Continuous => classes == 0 && width == 1,
            TargetType::Binary => (1..=2).contains(&classes) && width == 1,
            TargetType::Multiclass => classes > 0 && width == classes,
        };
        if !fits || crate::labels::check_classes(&self.classes).is_err() {
            return wrong("its classes do not fit its kind of target");
        }
        let lists = self.columns.iter().flat_map(|c| vec![c.len(); width]);
        if !lists.eq(self.encodings.iter().map(Vec::len)) {
            return wrong("its encodings are not one for each category");
        }
        let mut numbers = self
            .target_mean
            .iter()
            .chain(self.encodings.iter().flatten());
        if !numbers.clone().all(|v| v.is_finite()) {
            return wrong("an encoding is not finite");
        }
        let probabilities = numbers.all(|v| (-1e-9..=1.0 + 1e-9).contains(v));
        if self.target_type != TargetType::Continuous && !probabilities {
            return wrong("an encoding is no probability");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
