//! Categories become columns of zeros and ones.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::{Array2, ArrayRef2, s};
use serde::{Deserialize, Serialize};

use super::categories::{
    Categories, Decoded, Grouping, INFREQUENT, Input, KnownColumn, Learning, MinFrequency, encoder,
    fitted_encoder, validate,
};
use crate::error::{Error, Result, shorten};
use crate::float::Float;
use crate::model::Model;
use crate::params::{Hyperparameters, describe};
use crate::table::{Cell, Table};
use crate::traits::{FeatureNamesOut, InverseTransform};
use crate::{check, parallel};

/// What a category means that was not there at fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandleUnknown {
    /// An error that names the column, the row, the category and the known ones.
    #[default]
    Error,
    /// Zeros in all columns of the feature.
    Ignore,
    /// A one in the column of the infrequent categories, if the feature has that column; otherwise zeros.
    InfrequentIfExist,
    /// As `InfrequentIfExist`, and a warning in the log that names the columns.
    Warn,
}

/// Which category of a column gets no column of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropCategory {
    /// None: every category has its column.
    #[default]
    None,
    /// The first, so that the columns are not collinear with a constant.
    First,
    /// The first of the features that have exactly two columns.
    IfBinary,
    /// For each column this one, which must not be infrequent.
    Given(Vec<Cell>),
}

/// How the names of the output are made of the name of the feature and the category.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureNameCombiner {
    /// `feature_category`.
    #[default]
    Concat,
    /// A text in which `{feature}` and `{category}` stand for the two: `"{feature}={category}"`.
    Template(String),
}

impl FeatureNameCombiner {
    fn combine(&self, feature: &str, category: &str) -> String {
        let FeatureNameCombiner::Template(template) = self else {
            return format!("{feature}_{category}");
        };
        let mut name = String::new();
        let mut rest = template.as_str();
        while let Some(at) = rest.find('{') {
            let (before, from) = rest.split_at(at);
            name.push_str(before);
            rest = if let Some(after) = from.strip_prefix("{feature}") {
                name.push_str(feature);
                after
            } else if let Some(after) = from.strip_prefix("{category}") {
                name.push_str(category);
                after
            } else {
                name.push('{');
                &from[1..]
            };
        }
        name.push_str(rest);
        name
    }
}

/// Gives each category of each column a column of its own: 1 where the category is, 0 elsewhere.
///
/// The columns may hold texts, booleans or numbers, in a [`Table`] or, numbers, in a matrix; each distinct value is a
/// category. A missing value is a category too.
///
/// Use it for categories without an order, before linear models, networks and distances. Columns with very many categories
/// make wide matrices: put the rare ones together (`min_frequency`, `max_categories`), or take a
/// [`TargetEncoder`](super::TargetEncoder).
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `categories` | `auto` | `auto`, `{"given": [[..], ..]}` | which there are, one list for each column; missing (`null`) last |
/// | `handle_unknown` | `error` | `error`, `ignore`, `infrequent_if_exist`, `warn` | what a category means that was not there at fit |
/// | `drop` | `none` | `none`, `first`, `if_binary`, `{"given": [..]}` | which category has no column of its own |
/// | `min_frequency` | none | at least 1, or in (0, 1) | categories in fewer rows, or a smaller part of them, are infrequent; raising it makes the result narrower |
/// | `max_categories` | none | at least 1 | the most columns of a feature, before one is dropped; the rarest categories beyond are infrequent |
/// | `feature_name_combiner` | `concat` | `concat`, `{"template": ".."}` | how names are made: `feature_category`, or a text with `{feature}` and `{category}` |
///
/// The infrequent categories of a feature share one column, its last, named `feature_infrequent_sklearn`. Of equally rare
/// categories those that come first are infrequent. A missing value counts as any other category.
///
/// With a dropped category, an unknown one that gives zeros looks like the dropped one; that is a warning in the log.
/// Sample weights are accepted and not used, as scikit-learn's encoder has none.
///
/// # Result
/// Of a table a dense matrix of `f64` ([`transform_to`](FittedOneHotEncoder::transform_to) gives `f32`), of a matrix one of
/// its own type. A result of more than 2³⁰ values, 64 for each of X, is refused before it is allocated.
///
/// # Complexity
/// Time O(n p + n q) with q output columns; for real numbers O(log k) more for each value with k categories. Memory beyond
/// input and result: a few numbers for each category.
///
/// # Errors
/// `EmptyInput`; `UnknownCategory`; `MissingValue` when a value is missing and that is no category; `NonFinite` for
/// infinite numbers; `InvalidParameter` when what is given does not fit the columns; `FeatureNames`, `ShapeMismatch` and
/// `WrongColumnKind` at transform; `TooLarge`.
///
/// # Source
/// scikit-learn's `OneHotEncoder`, and its names: `sex_female`, `sex_nan`, `flag_True`, `level_3`. Different: the result is
/// dense; given numbers need not be sorted; the inverse of zeros is the dropped category also where infrequent ones were put
/// together before it (scikit-learn's `ignore` then gives another); the inverse is a [`Table`], in which a feature with
/// infrequent categories is a column of texts and unknown categories are missing.
///
/// # Examples
/// ```
/// use fitwell::{preprocessing::{HandleUnknown, OneHotEncoder}, prelude::*, table::{Column, Table}};
/// use ndarray::array;
///
/// let table = Table::new([
///     ("city", Column::from(["Ulm", "Bonn", "Ulm"])),
///     ("level", Column::from([3, 1, 3])),
/// ])?;
/// let encoder = OneHotEncoder::new().fit(&table, &())?;
/// assert_eq!(encoder.feature_names_out(None)?, ["city_Bonn", "city_Ulm", "level_1", "level_3"]);
/// let x = encoder.transform(&table)?;
/// assert_eq!(x.row(0), array![0.0, 1.0, 0.0, 1.0]);
/// assert_eq!(encoder.inverse_transform(&x)?.column("city")?, table.column("city")?);
///
/// let other = Table::new([("city", Column::from(["Köln"])), ("level", Column::from([3]))])?;
/// assert_eq!(
///     encoder.transform(&other).unwrap_err().to_string(),
///     "column `city`, row 0: unknown category \"Köln\"; known: Bonn, Ulm"
/// );
/// let lenient = OneHotEncoder::new().handle_unknown(HandleUnknown::Ignore).fit(&table, &())?;
/// assert_eq!(lenient.transform(&other)?, array![[0.0, 0.0, 0.0, 1.0]]);
///
/// // Rare categories share a column, and unknown ones can join them.
/// let grouped = OneHotEncoder::new()
///     .min_frequency(2)
///     .handle_unknown(HandleUnknown::InfrequentIfExist)
///     .fit(&table, &())?;
/// assert_eq!(
///     grouped.feature_names_out(None)?,
///     ["city_Ulm", "city_infrequent_sklearn", "level_3", "level_infrequent_sklearn"]
/// );
/// assert_eq!(grouped.transform(&other)?, array![[0.0, 1.0, 1.0, 0.0]]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OneHotEncoder {
    /// Which categories there are.
    categories: Categories,
    /// What a category means that was not there at fit.
    handle_unknown: HandleUnknown,
    /// Which category has no column of its own.
    drop: DropCategory,
    /// From how many rows on a category is frequent.
    min_frequency: Option<MinFrequency>,
    /// The most columns of a feature.
    max_categories: Option<usize>,
    /// How names are made.
    feature_name_combiner: FeatureNameCombiner,
}

impl OneHotEncoder {
    /// An encoder of the categories that occur, each with its column, which refuses others.
    pub fn new() -> Self {
        Self::default()
    }

    /// Which categories there are.
    #[must_use]
    pub fn categories(mut self, categories: Categories) -> Self {
        self.categories = categories;
        self
    }

    /// What a category means that was not there at fit.
    #[must_use]
    pub fn handle_unknown(mut self, handle_unknown: HandleUnknown) -> Self {
        self.handle_unknown = handle_unknown;
        self
    }

    /// Which category has no column of its own.
    #[must_use]
    pub fn drop(mut self, drop: DropCategory) -> Self {
        self.drop = drop;
        self
    }

    /// From how many rows on a category is frequent: a count (`10`) or a fraction of the rows (`0.01`).
    #[must_use]
    pub fn min_frequency(mut self, min_frequency: impl Into<MinFrequency>) -> Self {
        self.min_frequency = Some(min_frequency.into());
        self
    }

    /// The most columns of a feature, that of the infrequent categories among them.
    #[must_use]
    pub fn max_categories(mut self, max_categories: usize) -> Self {
        self.max_categories = Some(max_categories);
        self
    }

    /// How the names of the output are made.
    #[must_use]
    pub fn feature_name_combiner(mut self, combiner: FeatureNameCombiner) -> Self {
        self.feature_name_combiner = combiner;
        self
    }

    fn refuse(name: &str, expected: impl Into<String>, got: impl fmt::Display) -> Error {
        Error::invalid_parameter(Self::NAME, name, expected, got)
    }

    fn grouping(&self) -> Grouping {
        Grouping {
            min_frequency: self.min_frequency,
            max_categories: self.max_categories,
        }
    }
}

impl Hyperparameters for OneHotEncoder {
    const NAME: &'static str = "OneHotEncoder";

    fn check(&self) -> Result<()> {
        self.categories.check(Self::NAME)?;
        self.grouping().check(Self::NAME)?;
        match &self.feature_name_combiner {
            FeatureNameCombiner::Template(text) if !text.contains("{category}") => {
                let expected = "`concat` or a template with `{category}` in it";
                Err(Self::refuse(
                    "feature_name_combiner",
                    expected,
                    format!("{:?}", shorten(text)),
                ))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for OneHotEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

encoder!(OneHotEncoder => FittedOneHotEncoder);

impl OneHotEncoder {
    fn learn<F: Float>(
        &self,
        names: &[String],
        inputs: &[Input<'_, F>],
        named: bool,
    ) -> Result<FittedOneHotEncoder> {
        if let DropCategory::Given(cells) = &self.drop
            && cells.len() != names.len()
        {
            let expected = format!("one for each of the {} columns", names.len());
            return Err(Self::refuse("drop", expected, cells.len()));
        }
        let learning = Learning {
            estimator: Self::NAME,
            categories: &self.categories,
            refuse_unknown: self.handle_unknown == HandleUnknown::Error,
            grouping: self.grouping(),
            group_missing: true,
        };
        let known = learning.columns(names, inputs)?;
        let columns = known.into_iter().enumerate().map(|(j, known)| {
            let mut column = OneHotColumn {
                known,
                dropped: None,
            };
            column.dropped = self.dropped(&column, j)?;
            Ok(column)
        });
        Ok(FittedOneHotEncoder {
            named,
            handle_unknown: self.handle_unknown,
            feature_name_combiner: self.feature_name_combiner.clone(),
            columns: columns.collect::<Result<_>>()?,
        })
    }

    /// The place of the category without a column of its own, after rare ones are put together.
    fn dropped(&self, column: &OneHotColumn, j: usize) -> Result<Option<usize>> {
        let known = &column.known;
        Ok(match &self.drop {
            DropCategory::None => None,
            DropCategory::First => Some(0),
            DropCategory::IfBinary => (column.n_groups() == 2).then_some(0),
            DropCategory::Given(cells) => {
                let name = shorten(known.name());
                let category = known.position(&cells[j]).ok_or_else(|| {
                    let expected = format!("a category of column `{name}`");
                    Self::refuse("drop", expected, &cells[j])
                })?;
                let place = known.among_frequent(category).ok_or_else(|| {
                    let expected = format!("a category of column `{name}` that is not infrequent");
                    Self::refuse("drop", expected, &cells[j])
                })?;
                Some(place)
            }
        })
    }
}

/// Categories learned by [`OneHotEncoder`].
///
/// ```
/// use fitwell::{preprocessing::OneHotEncoder, prelude::*, table::{Column, Table}};
///
/// let table = Table::new([("city", Column::from(["Ulm", "Bonn"]))])?;
/// let encoder = OneHotEncoder::new().fit(&table, &())?;
/// assert_eq!(encoder.transform_to::<f32>(&table)?, ndarray::array![[0.0f32, 1.0], [1.0, 0.0]]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedOneHotEncoder {
    /// Fitted on a table, whose names count.
    named: bool,
    handle_unknown: HandleUnknown,
    feature_name_combiner: FeatureNameCombiner,
    columns: Vec<OneHotColumn>,
}

/// The groups of a column are its frequent categories, each by itself, and then the infrequent ones together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OneHotColumn {
    known: KnownColumn,
    /// The group without a column.
    dropped: Option<usize>,
}

/// Not a category.
const UNKNOWN: u32 = u32::MAX;
/// The category without a column.
const DROPPED: u32 = u32::MAX - 1;
/// Not a category, and yet with a column.
const JOINED: u32 = 1 << 31;

impl OneHotColumn {
    fn n_frequent(&self) -> usize {
        self.known.len() - self.known.n_infrequent()
    }

    fn has_infrequent(&self) -> bool {
        self.known.n_infrequent() > 0
    }

    fn n_groups(&self) -> usize {
        self.n_frequent() + usize::from(self.has_infrequent())
    }

    /// The number of output columns.
    fn width(&self) -> usize {
        self.n_groups() - usize::from(self.dropped.is_some())
    }

    /// The group of an output column, counted from the feature's first.
    fn group_at(&self, position: usize) -> usize {
        position + usize::from(self.dropped.is_some_and(|d| position >= d))
    }

    /// What a group stands for.
    fn decoded(&self, group: usize) -> Decoded {
        match group < self.n_frequent() {
            true => Decoded::Category(self.known.frequent(group)),
            false => Decoded::Infrequent,
        }
    }

    /// A group as it is named.
    fn cell(&self, group: usize) -> Cell {
        match self.decoded(group) {
            Decoded::Category(category) => self.known.cell(category),
            _ => Cell::Text(INFREQUENT.into()),
        }
    }

    /// The output column of a category, counted from the feature's first.
    fn output(&self, category: Option<usize>, handle_unknown: HandleUnknown) -> u32 {
        let joins = matches!(
            handle_unknown,
            HandleUnknown::InfrequentIfExist | HandleUnknown::Warn
        );
        let (group, mark) = match category {
            Some(c) => (self.known.among_frequent(c).unwrap_or(self.n_frequent()), 0),
            None if joins && self.has_infrequent() => (self.n_frequent(), JOINED),
            None => return UNKNOWN,
        };
        match self.dropped {
            Some(d) if group == d => DROPPED,
            Some(d) if group > d => (group - 1) as u32 | mark,
            _ => group as u32 | mark,
        }
    }
}

impl FittedOneHotEncoder {
    /// The categories of each column, in the order of the output; dropped and infrequent ones are among them.
    pub fn categories(&self) -> Vec<Vec<Cell>> {
        self.columns.iter().map(|c| c.known.cells()).collect()
    }

    /// For each column the categories that share its last output column; `None` where there are none.
    pub fn infrequent_categories(&self) -> Vec<Option<Vec<Cell>>> {
        let columns = self.columns.iter();
        columns.map(|c| c.known.infrequent_cells()).collect()
    }

    /// For each column the position among its categories of the one that has no output column, if any; the first one, if
    /// the infrequent ones have none.
    pub fn drop_idx(&self) -> Vec<Option<usize>> {
        let position = |c: &OneHotColumn| {
            let cell = c.dropped.map(|d| c.decoded(d))?;
            match cell {
                Decoded::Category(category) => Some(category),
                _ => (0..c.known.len()).find(|&i| c.known.among_frequent(i).is_none()),
            }
        };
        self.columns.iter().map(position).collect()
    }

    /// The number of output columns.
    pub fn n_features_out(&self) -> usize {
        self.columns.iter().map(OneHotColumn::width).sum()
    }

    /// The names of the output columns, made by a function of the feature's name and the category; that of the infrequent
    /// categories is the text `infrequent_sklearn`.
    ///
    /// ```
    /// use fitwell::{preprocessing::OneHotEncoder, prelude::*, table::{Column, Table}};
    ///
    /// let table = Table::new([("city", Column::from(["Ulm", "Bonn"]))])?;
    /// let encoder = OneHotEncoder::new().fit(&table, &())?;
    /// let names = encoder.feature_names_out_with(None, |feature, category| format!("{category} is {feature}"))?;
    /// assert_eq!(names, ["Bonn is city", "Ulm is city"]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`FeatureNamesOut::feature_names_out`].
    pub fn feature_names_out_with(
        &self,
        input: Option<&[String]>,
        combine: impl Fn(&str, &Cell) -> String,
    ) -> Result<Vec<String>> {
        self.names(input, |feature, _, cell| combine(feature, cell))
    }

    fn names(
        &self,
        input: Option<&[String]>,
        combine: impl Fn(&str, &KnownColumn, &Cell) -> String,
    ) -> Result<Vec<String>> {
        let names = self.input_names(input)?;
        let mut out = Vec::with_capacity(self.n_features_out());
        for (name, column) in names.iter().zip(&self.columns) {
            for position in 0..column.width() {
                let cell = column.cell(column.group_at(position));
                out.push(combine(name, &column.known, &cell));
            }
        }
        Ok(out)
    }

    fn encode<F: Float, G: Float>(
        &self,
        inputs: &[Input<'_, G>],
        n_rows: usize,
    ) -> Result<Array2<F>> {
        let mut start = 0;
        let mut lookups = Vec::with_capacity(inputs.len());
        for (input, column) in inputs.iter().zip(&self.columns) {
            let to = |category| column.output(category, self.handle_unknown);
            lookups.push((start, column.known.lookup(*input, to)?));
            start += column.width();
        }
        parallel::result_fits::<F>(OneHotEncoder::NAME, n_rows, inputs.len(), start)?;
        let mut out = parallel::zeros::<F>((n_rows, start));
        let chunk = parallel::row_chunks(n_rows, start.max(lookups.len()));
        // For each column the first row with an unknown category.
        let unknown = Mutex::new(vec![None::<usize>; lookups.len()]);
        parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut block| {
            let rows = first..first + block.nrows();
            let mut found = Vec::new();
            for (j, (start, lookup)) in lookups.iter().enumerate() {
                let mut unknown = None;
                lookup.each(rows.clone(), |i, to| {
                    if to < JOINED {
                        block[[i, start + to as usize]] = F::one();
                    } else if to != DROPPED {
                        unknown = unknown.or(Some(first + i));
                        if to != UNKNOWN {
                            block[[i, start + (to ^ JOINED) as usize]] = F::one();
                        }
                    }
                });
                found.extend(unknown.map(|row| (j, row)));
            }
            if !found.is_empty() {
                let mut unknown = unknown.lock().unwrap_or_else(PoisonError::into_inner);
                for (j, row) in found {
                    unknown[j] = Some(unknown[j].map_or(row, |u| u.min(row)));
                }
            }
        });
        let unknown = unknown.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.check_unknown(inputs, &unknown)?;
        Ok(out)
    }

    /// Whether an unknown category is an error; of what is not, infinite numbers still are.
    fn check_unknown<G: Float>(
        &self,
        inputs: &[Input<'_, G>],
        unknown: &[Option<usize>],
    ) -> Result<()> {
        let mut names = Vec::new();
        for ((input, column), row) in inputs.iter().zip(&self.columns).zip(unknown) {
            let Some(row) = *row else { continue };
            if self.handle_unknown == HandleUnknown::Error {
                return Err(input.unknown(&column.known, row));
            }
            input.check_finite(column.known.name())?;
            names.push(shorten(column.known.name()));
        }
        let drops = self.columns.iter().any(|c| c.dropped.is_some());
        if !names.is_empty() && (drops || self.handle_unknown == HandleUnknown::Warn) {
            let become_what = match self.handle_unknown {
                HandleUnknown::Ignore => "zeros",
                _ => "the infrequent category where there is one, zeros elsewhere",
            };
            log::warn!(
                "unknown categories in columns {} become {become_what}",
                names.join(", ")
            );
        }
        Ok(())
    }
}

fitted_encoder!(FittedOneHotEncoder, known);

/// Back to a table, also of an encoder that was fitted on a matrix (`inverse_transform(&x)?.to_matrix()?` is the matrix).
///
/// Of each feature the column with the largest value counts; the infrequent categories are the text `infrequent_sklearn`.
/// A sum of zero is the dropped category; without one it is a missing value where unknown categories give zeros, and an
/// error elsewhere.
impl<F: Float> InverseTransform<ArrayRef2<F>> for FittedOneHotEncoder {
    type Output = Table;

    fn inverse_transform(&self, x: &ArrayRef2<F>) -> Result<Table> {
        check::same_width(x, self.n_features_out())?;
        let mut columns = Vec::with_capacity(self.columns.len());
        let mut start = 0;
        for column in &self.columns {
            let end = start + column.width();
            let rows = x.slice(s![.., start..end]);
            let rows = rows.rows().into_iter().enumerate().map(|(row, values)| {
                let mut best: Option<(usize, F)> = None;
                for (i, &v) in values.iter().enumerate() {
                    if best.is_none_or(|(_, most)| v > most) {
                        best = Some((i, v));
                    }
                }
                if let Some((i, _)) = best
                    && values.sum() != F::zero()
                {
                    return Ok(column.decoded(column.group_at(i)));
                }
                let gives_zeros = match self.handle_unknown {
                    HandleUnknown::Error => false,
                    HandleUnknown::Ignore => true,
                    HandleUnknown::InfrequentIfExist | HandleUnknown::Warn => {
                        !column.has_infrequent()
                    }
                };
                match column.dropped {
                    Some(dropped) => Ok(column.decoded(dropped)),
                    None if gives_zeros => Ok(Decoded::Unknown),
                    None => {
                        let name = shorten(column.known.name());
                        let reason = format!("row {row} has zeros only for `{name}`");
                        Err(Error::invalid_input("X", reason))
                    }
                }
            });
            let rows = rows.collect::<Result<Vec<Decoded>>>()?;
            let values = column.known.decoded(&rows);
            columns.push((column.known.name().into(), Arc::new(values)));
            start = end;
        }
        Ok(Table::from_shared(columns, x.nrows()))
    }
}

impl FeatureNamesOut for FittedOneHotEncoder {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        self.names(input, |feature, known, cell| {
            self.feature_name_combiner
                .combine(feature, &known.label(cell))
        })
    }
}

impl fmt::Display for FittedOneHotEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.n_features_in(), self.n_features_out());
        write!(f, "OneHotEncoder fitted on {from} columns, {to} out")
    }
}

impl Model for FittedOneHotEncoder {
    fn type_name() -> String {
        "FittedOneHotEncoder".into()
    }

    fn validate(&self) -> Result<()> {
        validate(&Self::type_name(), self.columns.iter().map(|c| &c.known))?;
        for column in &self.columns {
            if column.dropped.is_some_and(|d| d >= column.n_groups()) {
                let name = shorten(column.known.name());
                let reason = format!("FittedOneHotEncoder: the dropped category of `{name}`");
                return Err(Error::model_file(reason));
            }
        }
        match &self.feature_name_combiner {
            FeatureNameCombiner::Template(text) if !text.contains("{category}") => {
                let reason = "FittedOneHotEncoder: the template of names";
                Err(Error::model_file(reason))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
