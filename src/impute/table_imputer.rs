//! Imputation of tables: numbers, booleans and texts, names kept.

use std::fmt;
use std::sync::Arc;

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::missing::{MissingValues, indicator_name, replaced};
use super::simple_imputer::{SimpleImputer, Strategy, without_indicator};
use super::statistics::{means, median, most_frequent};
use crate::check;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::params::Hyperparameters;
use crate::preprocessing::{infinite_cell, names_at_fit, not_empty_table, same_names, wrong_kind};
use crate::table::{Categorical, Cell, Column, ColumnKind, LARGEST_INTEGER, Table};
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, InverseTransform, Transform};

/// The text in a column of texts that were all missing.
const EMPTY_TEXT: &str = "missing_value";

impl<Y: Targets + ?Sized> Estimator<Table, Y> for SimpleImputer {
    type Fitted = FittedTableImputer;

    fn fit(&self, x: &Table, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        not_empty_table(x)?;
        check::target(y, x.n_rows())?;
        let x = &self.missing_values.in_table_at_fit(Self::NAME, x)?;
        let columns = x
            .iter()
            .map(|(name, column)| {
                Ok(ImputedColumn {
                    name: name.into(),
                    kind: column.kind(),
                    fill: self.fill_of(name, column)?,
                    whole: self.stays_whole(column),
                    indicated: self.add_indicator && column.n_missing() > 0,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let imputer = FittedTableImputer {
            missing_values: self.missing_values.clone(),
            add_indicator: self.add_indicator,
            columns,
        };
        imputer.check_indicator_names()?;
        Ok(imputer)
    }
}

impl SimpleImputer {
    /// Whether a column of whole numbers remains one, whatever its values.
    fn stays_whole(&self, column: &Column) -> bool {
        matches!(column, Column::Integer(_))
            && match &self.strategy {
                Strategy::MostFrequent => true,
                Strategy::Constant(Cell::Number(v)) => is_whole(*v),
                Strategy::Constant(Cell::Missing) => true,
                _ => false,
            }
    }

    /// What stands in for the missing values of a column; `None` if it is to be dropped.
    fn fill_of(&self, name: &str, column: &Column) -> Result<Option<Cell>> {
        let empty = column.n_missing() == column.len();
        let keep = |cell: Cell| Ok((!empty || self.keep_empty_features).then_some(cell));
        if let Column::Float(values) | Column::Integer(values) = column
            && let Some(row) = values.iter().position(|v| v.is_infinite())
        {
            return Err(infinite_cell(name, row, values[row]));
        }
        match (&self.strategy, column) {
            (Strategy::Constant(cell @ Cell::Number(_)), Column::Float(_) | Column::Integer(_))
            | (Strategy::Constant(cell @ Cell::Boolean(_)), Column::Boolean(_))
            | (Strategy::Constant(cell @ Cell::Text(_)), Column::Categorical(_)) => {
                keep(cell.clone())
            }
            (Strategy::Constant(Cell::Missing), column) => keep(default_fill(column)),
            (Strategy::Constant(cell), _) => Err(wrong_kind(
                name,
                column,
                &format!("a column that {} {cell:?} can fill", cell.kind()),
            )),
            (_, Column::Float(_) | Column::Integer(_)) if empty => keep(Cell::Number(0.0)),
            (Strategy::MostFrequent, column) if empty => keep(default_fill(column)),
            (Strategy::Custom(statistic), Column::Float(values) | Column::Integer(values)) => {
                let f = statistic.function();
                let v = f.map_or(f64::NAN, |f| f(&observed(values)));
                check::learned(Self::NAME, "a statistic", [&v])
                    .map_err(|e| e.within(format!("column `{name}`")))?;
                keep(Cell::Number(v))
            }
            (Strategy::Mean, Column::Float(values) | Column::Integer(values)) => {
                let values = ArrayView2::from_shape((values.len(), 1), values)
                    .map_err(|e| Error::invalid_input("table", e.to_string()))?;
                let mean = means(&values).map_err(|e| e.within(format!("column `{name}`")))?;
                keep(Cell::Number(mean.first().copied().flatten().unwrap_or(0.0)))
            }
            (Strategy::Median, Column::Float(values) | Column::Integer(values)) => {
                keep(Cell::Number(median(&mut observed(values))))
            }
            (Strategy::MostFrequent, Column::Float(values) | Column::Integer(values)) => {
                keep(Cell::Number(most_frequent(&mut observed(values))))
            }
            (Strategy::MostFrequent, Column::Boolean(values)) => {
                let count = |which| values.iter().filter(|v| **v == Some(which)).count();
                keep(Cell::Boolean(count(true) > count(false)))
            }
            (Strategy::MostFrequent, Column::Categorical(values)) => {
                keep(Cell::Text(most_frequent_text(values)))
            }
            (
                Strategy::Mean | Strategy::Median | Strategy::Custom(_),
                Column::Boolean(_) | Column::Categorical(_),
            ) => Err(wrong_kind(name, column, "float or integer")),
        }
    }
}

/// What stands in where nothing was observed and nothing was said.
fn default_fill(column: &Column) -> Cell {
    match column {
        Column::Float(_) | Column::Integer(_) => Cell::Number(0.0),
        Column::Boolean(_) => Cell::Boolean(false),
        Column::Categorical(_) => Cell::Text(EMPTY_TEXT.into()),
    }
}

fn observed(values: &[f64]) -> Vec<f64> {
    values.iter().copied().filter(|v| !v.is_nan()).collect()
}

/// The text that occurs most often, of several the first in order.
fn most_frequent_text(values: &Categorical) -> String {
    let mut counts = vec![0usize; values.categories().len()];
    for &code in values.codes() {
        if let Some(count) = counts.get_mut(code as usize) {
            *count += 1;
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let texts = values.categories().iter().zip(&counts);
    let first = texts.into_iter().find(|(_, count)| **count == most);
    first.map_or_else(String::new, |(text, _)| text.clone())
}

/// Fill values learned by [`SimpleImputer`] from a table.
///
/// The output has the kept columns in order, then boolean indicator columns. Numbers stay whole where the fill value is
/// whole by nature (the most frequent value, a whole constant); the mean and the median make real numbers of them.
///
/// ```
/// use fitwell::{impute::SimpleImputer, prelude::*, table::{Cell, Column, Table}};
///
/// let table = Table::new([("age", Column::from([Some(1), None, Some(4)]))])?;
/// let imputer = SimpleImputer::median().fit(&table, &())?;
/// assert_eq!(imputer.statistic("age"), Some(&Cell::Number(2.5)));
/// assert_eq!(imputer.transform(&table)?.column("age")?, &Column::from([1.0, 2.5, 4.0]));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedTableImputer {
    missing_values: MissingValues,
    add_indicator: bool,
    columns: Vec<ImputedColumn>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ImputedColumn {
    name: String,
    kind: ColumnKind,
    fill: Option<Cell>,
    /// Whole numbers in give whole numbers out.
    whole: bool,
    indicated: bool,
}

fn is_whole(v: f64) -> bool {
    v.fract() == 0.0 && v.abs() <= LARGEST_INTEGER
}

impl FittedTableImputer {
    /// The fill value of each column; `None` for a column that is dropped because all of it was missing.
    pub fn statistics(&self) -> Vec<Option<&Cell>> {
        self.columns.iter().map(|c| c.fill.as_ref()).collect()
    }

    /// The fill value of a column; `None` if there is no such column or it is dropped.
    pub fn statistic(&self, name: &str) -> Option<&Cell> {
        let column = self.columns.iter().find(|c| c.name == name)?;
        column.fill.as_ref()
    }

    /// The names of the columns at fit.
    pub fn feature_names_in(&self) -> Vec<String> {
        self.columns.iter().map(|c| c.name.clone()).collect()
    }

    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.columns.len()
    }

    /// An indicator must not have the name of a column.
    fn check_indicator_names(&self) -> Result<()> {
        for column in self.columns.iter().filter(|c| c.indicated) {
            let name = indicator_name(&column.name);
            if self.columns.iter().any(|c| c.name == name) {
                let reason = format!("column `{name}` has the name of the indicator");
                return Err(Error::invalid_input("table", reason));
            }
        }
        Ok(())
    }
}

impl Transform<Table> for FittedTableImputer {
    type Output = Table;

    fn transform(&self, x: &Table) -> Result<Table> {
        same_names(x, self.columns.iter().map(|c| c.name.as_str()))?;
        let x = &self.missing_values.in_table(x)?;
        let mut out = Vec::with_capacity(self.columns.len());
        for (position, column) in self.columns.iter().enumerate() {
            let (name, values) = x.shared(position);
            if let Some(filled) = column.filled(&values)? {
                out.push((name, filled));
            }
        }
        for (position, column) in self.columns.iter().enumerate() {
            if column.indicated {
                let values = x.shared(position).1;
                let missing = (0..values.len()).map(|row| Some(values.is_missing(row)));
                let missing = Column::Boolean(missing.collect());
                out.push((indicator_name(&column.name).into(), Arc::new(missing)));
            }
        }
        Ok(Table::from_shared(out, x.n_rows()))
    }
}

/// What came out of `transform`, back to what went in: missing where an indicator says so, and throughout in columns that
/// were dropped. A column without an indicator keeps the values that stood in.
impl InverseTransform<Table> for FittedTableImputer {
    type Output = Table;

    fn inverse_transform(&self, x: &Table) -> Result<Table> {
        if !self.add_indicator {
            return Err(without_indicator());
        }
        let names = self.feature_names_out(None)?;
        same_names(x, names.iter().map(String::as_str))?;
        let n = x.n_rows();
        let missing = self.missing_values.cell();
        let kept = self.columns.iter().filter(|c| c.fill.is_some()).count();
        let (mut value, mut indicator) = (0usize.., kept..);
        let columns = self.columns.iter().map(|column| {
            let name: Arc<str> = column.name.as_str().into();
            let values = (column.fill.is_some().then(|| value.next()).flatten())
                .map_or_else(|| Arc::new(column.all_missing(n)), |at| x.shared(at).1);
            let flags = column.indicated.then(|| indicator.next()).flatten();
            let flags = flags.map(|at| x.shared(at).1);
            let flagged = |row: usize| {
                let flag = flags.as_ref().map(|flags| flags.number(row));
                column.fill.is_none() || flag.flatten().is_some_and(|v| v != 0.0)
            };
            let values = replaced(&values, flagged, &missing).map_or(values, Arc::new);
            (name, column.whole_again(values))
        });
        Ok(Table::from_shared(columns.collect(), n))
    }
}

impl ImputedColumn {
    /// A column of the kind at fit without any value.
    fn all_missing(&self, n: usize) -> Column {
        match self.kind {
            ColumnKind::Float => Column::Float(vec![f64::NAN; n]),
            ColumnKind::Integer => Column::Integer(vec![f64::NAN; n]),
            ColumnKind::Boolean => Column::Boolean(vec![None; n]),
            ColumnKind::Categorical => {
                Column::Categorical(Categorical::from_texts(vec![None::<&str>; n]))
            }
        }
    }

    /// Whole numbers at fit are whole numbers again, once the mean of them is gone.
    fn whole_again(&self, column: Arc<Column>) -> Arc<Column> {
        match column.as_ref() {
            Column::Float(values)
                if self.kind == ColumnKind::Integer
                    && values.iter().all(|v| v.is_nan() || is_whole(*v)) =>
            {
                Arc::new(Column::Integer(values.clone()))
            }
            _ => column,
        }
    }

    /// The column without missing values, the same one where there are none; `None` if it is dropped.
    fn filled(&self, column: &Arc<Column>) -> Result<Option<Arc<Column>>> {
        self.check_values(column)?;
        let Some(fill) = &self.fill else {
            return Ok(None);
        };
        let n_missing = column.n_missing();
        Ok(Some(match (fill, column.as_ref()) {
            (Cell::Number(fill), Column::Float(values) | Column::Integer(values)) => {
                let or_fill = |v: &f64| if v.is_nan() { *fill } else { *v };
                match (column.as_ref(), self.whole) {
                    (Column::Integer(_), true) | (Column::Float(_), _) if n_missing == 0 => {
                        Arc::clone(column)
                    }
                    (Column::Integer(_), true) => {
                        Arc::new(Column::Integer(values.iter().map(or_fill).collect()))
                    }
                    _ => Arc::new(Column::Float(values.iter().map(or_fill).collect())),
                }
            }
            (Cell::Boolean(_), Column::Boolean(_)) | (Cell::Text(_), Column::Categorical(_))
                if n_missing == 0 =>
            {
                Arc::clone(column)
            }
            (Cell::Boolean(fill), Column::Boolean(values)) => {
                let filled = values.iter().map(|v| Some(v.unwrap_or(*fill)));
                Arc::new(Column::Boolean(filled.collect()))
            }
            (Cell::Text(fill), Column::Categorical(values)) => {
                Arc::new(Column::Categorical(fill_texts(values, fill)))
            }
            // A column without values has the kind it had at fit.
            (Cell::Number(fill), other) => Arc::new(Column::Float(vec![*fill; other.len()])),
            (Cell::Boolean(fill), other) => {
                Arc::new(Column::Boolean(vec![Some(*fill); other.len()]))
            }
            (Cell::Text(fill), other) => {
                let all = std::iter::repeat_n(Some(fill.as_str()), other.len());
                Arc::new(Column::Categorical(Categorical::from_texts(all)))
            }
            (Cell::Missing, _) => Arc::clone(column),
        }))
    }

    /// The kind is the one at fit, integers and floats being one kind, unless nothing was observed; no number is infinite.
    fn check_values(&self, column: &Column) -> Result<()> {
        let numeric = |kind| matches!(kind, ColumnKind::Float | ColumnKind::Integer);
        let same = self.kind == column.kind() || numeric(self.kind) && numeric(column.kind());
        if !same && column.n_missing() < column.len() {
            return Err(wrong_kind(
                &self.name,
                column,
                &format!("{}, as at fit", self.kind),
            ));
        }
        if let Column::Float(values) | Column::Integer(values) = column
            && let Some(row) = values.iter().position(|v| v.is_infinite())
        {
            return Err(infinite_cell(&self.name, row, values[row]));
        }
        Ok(())
    }
}

/// The texts with `fill` for what is missing.
fn fill_texts(values: &Categorical, fill: &str) -> Categorical {
    let with = |texts: Arc<Vec<String>>, missing: usize, first_moved: usize| {
        let code = |c: &u32| match *c {
            Categorical::MISSING => missing as u32,
            c if c as usize >= first_moved => c + 1,
            c => c,
        };
        Categorical::from_trusted(values.codes().iter().map(code).collect(), texts)
    };
    let texts = values.categories();
    match texts.binary_search_by(|t| t.as_str().cmp(fill)) {
        Ok(code) => with(values.shared_categories(), code, texts.len()),
        // A long list is not copied for a few rows.
        Err(_) if values.len() < texts.len() => {
            Categorical::from_texts(values.iter().map(|t| Some(t.unwrap_or(fill))))
        }
        Err(code) => {
            let mut texts = texts.to_vec();
            texts.insert(code, fill.into());
            with(Arc::new(texts), code, code)
        }
    }
}

impl FeatureNamesOut for FittedTableImputer {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        names_at_fit(input, &self.feature_names_in())?;
        let kept = self.columns.iter().filter(|c| c.fill.is_some());
        let indicated = self.columns.iter().filter(|c| c.indicated);
        let indicators = indicated.map(|c| indicator_name(&c.name));
        Ok(kept.map(|c| c.name.clone()).chain(indicators).collect())
    }
}

impl fmt::Display for FittedTableImputer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimpleImputer fitted on {} columns", self.columns.len())
    }
}

impl Model for FittedTableImputer {
    fn type_name() -> String {
        "FittedTableImputer".into()
    }

    fn validate(&self) -> Result<()> {
        let wrong = |what: String| Err(Error::model_file(format!("FittedTableImputer: {what}")));
        if self.columns.is_empty() {
            return wrong("no columns".into());
        }
        if let Err(e) = self.missing_values.check(SimpleImputer::NAME) {
            return wrong(e.to_string());
        }
        if !self.add_indicator && self.columns.iter().any(|c| c.indicated) {
            return wrong("indicators without add_indicator".into());
        }
        for column in &self.columns {
            if column.whole
                && column
                    .fill
                    .as_ref()
                    .is_some_and(|c| !matches!(c, Cell::Number(v) if is_whole(*v)))
            {
                return wrong(format!("the fill value of `{}` is not whole", column.name));
            }
            let fits = match (&column.fill, column.kind) {
                (None, _) => true,
                (Some(Cell::Number(v)), ColumnKind::Float | ColumnKind::Integer) => v.is_finite(),
                (Some(Cell::Boolean(_)), ColumnKind::Boolean) => true,
                (Some(Cell::Text(_)), ColumnKind::Categorical) => true,
                _ => false,
            };
            if !fits {
                return wrong(format!("the fill value of `{}`", column.name));
            }
        }
        crate::preprocessing::unique_names(self.columns.iter().map(|c| c.name.as_str()))
            .or_else(|name| wrong(format!("two columns named `{name}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::traits::FitTransform;

    fn table() -> Table {
        Table::new([
            ("whole", Column::from([Some(2), None, Some(3), Some(3)])),
            ("real", Column::from([1.0, f64::NAN, 4.0, 4.5])),
            ("flag", Column::from([Some(true), None, Some(false), None])),
            ("text", Column::from([Some("b"), Some(""), None, Some("b")])),
            ("full", Column::from(["u", "v", "w", "x"])),
        ])
        .unwrap()
    }

    #[test]
    fn most_frequent_on_every_kind() {
        let imputer = SimpleImputer::most_frequent().fit(&table(), &()).unwrap();
        let filled = imputer.transform(&table()).unwrap();
        assert_eq!(filled.names(), table().names());
        assert_eq!(filled.column("whole").unwrap(), &Column::from([2, 3, 3, 3]));
        assert_eq!(
            filled.column("real").unwrap(),
            &Column::from([1.0, 1.0, 4.0, 4.5])
        );
        // One true, one false: the smaller.
        assert_eq!(
            filled.column("flag").unwrap(),
            &Column::from([true, false, false, false])
        );
        assert_eq!(
            filled.column("text").unwrap(),
            &Column::from(["b", "", "b", "b"])
        );
        assert_eq!(
            filled.column("full").unwrap(),
            table().column("full").unwrap()
        );
        imputer.validate().unwrap();
        assert_eq!(
            FittedTableImputer::from_json(&imputer.to_json().unwrap()).unwrap(),
            imputer
        );
        assert_eq!(
            FittedTableImputer::from_bytes(&imputer.to_bytes().unwrap()).unwrap(),
            imputer
        );
    }

    #[test]
    fn mean_and_median_are_for_numbers() {
        let numbers = table()
            .select_columns(&crate::table::Columns::numeric())
            .unwrap();
        let filled = SimpleImputer::mean().fit_transform(&numbers).unwrap();
        let mean = (2.0 + 3.0 + 3.0) / 3.0;
        assert_eq!(
            filled.column("whole").unwrap(),
            &Column::from([2.0, mean, 3.0, 3.0])
        );
        let median = SimpleImputer::median().fit(&numbers, &()).unwrap();
        assert_eq!(
            median.statistics(),
            [Some(&Cell::Number(3.0)), Some(&Cell::Number(4.0))]
        );
        // Real numbers come out whether or not the median happens to be whole.
        assert_eq!(
            median.transform(&numbers).unwrap().kinds(),
            [ColumnKind::Float; 2]
        );
        let refused = SimpleImputer::mean().fit(&table(), &()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "column `flag` is boolean, expected float or integer"
        );
    }

    #[test]
    fn constants_fit_their_column() {
        let texts = table().select_columns(&"text".into()).unwrap();
        let filled = SimpleImputer::constant("?").fit_transform(&texts).unwrap();
        assert_eq!(
            filled.column("text").unwrap(),
            &Column::from(["b", "", "?", "b"])
        );
        let filled = SimpleImputer::constant("c").fit_transform(&texts).unwrap();
        assert_eq!(
            filled.column("text").unwrap(),
            &Column::from(["b", "", "c", "b"])
        );
        let refused = SimpleImputer::constant(1).fit(&texts, &()).unwrap_err();
        assert!(
            matches!(refused.kind(), ErrorKind::WrongColumnKind { column, .. } if column == "text")
        );
        let whole = table().select_columns(&"whole".into()).unwrap();
        let filled = SimpleImputer::constant(-1).fit_transform(&whole).unwrap();
        assert_eq!(
            filled.column("whole").unwrap(),
            &Column::from([2, -1, 3, 3])
        );
        let filled = SimpleImputer::constant(0.5).fit_transform(&whole).unwrap();
        assert_eq!(
            filled.column("whole").unwrap(),
            &Column::from([2.0, 0.5, 3.0, 3.0])
        );
        // Three is there, but so is a value that is missing already.
        assert!(
            SimpleImputer::mean()
                .missing_values(3.0)
                .fit(&whole, &())
                .is_err()
        );
        let filled = SimpleImputer::constant(Cell::Missing)
            .fit_transform(&table())
            .unwrap();
        assert_eq!(filled.column("whole").unwrap(), &Column::from([2, 0, 3, 3]));
        assert_eq!(
            filled.column("flag").unwrap(),
            &Column::from([true, false, false, false])
        );
        let texts = ["b", "", "missing_value", "b"];
        assert_eq!(filled.column("text").unwrap(), &Column::from(texts));
    }

    #[test]
    fn a_value_that_means_missing() {
        let table = Table::new([
            ("code", Column::from([2, -1, 3, 3])),
            ("text", Column::from(["b", "?", "c", "b"])),
        ])
        .unwrap();
        let imputer = SimpleImputer::most_frequent()
            .missing_values("?")
            .add_indicator(true);
        let fitted = imputer.fit(&table, &()).unwrap();
        let filled = fitted.transform(&table).unwrap();
        assert_eq!(filled.names(), ["code", "text", "missingindicator_text"]);
        assert_eq!(
            filled.column("text").unwrap(),
            &Column::from(["b", "b", "c", "b"])
        );
        assert_eq!(fitted.inverse_transform(&filled).unwrap(), table);
        let numbers = table.select_columns(&"code".into()).unwrap();
        let imputer = SimpleImputer::mean().missing_values(-1).add_indicator(true);
        let fitted = imputer.fit(&numbers, &()).unwrap();
        let filled = fitted.transform(&numbers).unwrap();
        assert_eq!(
            filled.column("code").unwrap(),
            &Column::from([2.0, 8.0 / 3.0, 3.0, 3.0])
        );
        assert_eq!(fitted.inverse_transform(&filled).unwrap(), numbers);
        // A missing value is then a mistake, at fit and afterwards.
        let holes = Table::new([("code", Column::from([Some(1), None]))]).unwrap();
        assert!(fitted.transform(&holes).is_err());
    }

    #[test]
    fn inverse_gives_back_what_was_missing() {
        let whole = Table::new([("none", Column::from([None::<&str>; 4]))]).unwrap();
        let table = table()
            .with_column("none", whole.column("none").unwrap().clone())
            .unwrap();
        for keep in [false, true] {
            let imputer = SimpleImputer::most_frequent();
            let imputer = imputer.add_indicator(true).keep_empty_features(keep);
            let fitted = imputer.fit(&table, &()).unwrap();
            let back = fitted
                .inverse_transform(&fitted.transform(&table).unwrap())
                .unwrap();
            assert_eq!(back, table);
            let rows = table.select_rows(&[1, 1]).unwrap();
            let back = fitted
                .inverse_transform(&fitted.transform(&rows).unwrap())
                .unwrap();
            assert_eq!(back, rows);
        }
        let without = SimpleImputer::most_frequent().fit(&table, &()).unwrap();
        assert!(without.inverse_transform(&table).is_err());
    }

    #[test]
    fn columns_without_values_are_dropped_or_kept() {
        let table = Table::new([
            ("n", Column::from([f64::NAN, f64::NAN])),
            ("t", Column::from([None::<&str>, None])),
            ("b", Column::from([None::<bool>, None])),
            ("x", Column::from([Some(1), None])),
        ])
        .unwrap();
        let dropping = SimpleImputer::most_frequent().add_indicator(true);
        let imputer = dropping.fit(&table, &()).unwrap();
        let filled = imputer.transform(&table).unwrap();
        let names = [
            "x",
            "missingindicator_n",
            "missingindicator_t",
            "missingindicator_b",
            "missingindicator_x",
        ];
        assert_eq!(filled.names(), names);
        assert_eq!(imputer.feature_names_out(None).unwrap(), names);
        let filled = SimpleImputer::most_frequent()
            .keep_empty_features(true)
            .fit_transform(&table)
            .unwrap();
        assert_eq!(filled.column("n").unwrap(), &Column::from([0.0, 0.0]));
        assert_eq!(
            filled.column("t").unwrap(),
            &Column::from(["missing_value"; 2])
        );
        assert_eq!(filled.column("b").unwrap(), &Column::from([false; 2]));
    }

    #[test]
    fn other_rows_and_other_columns() {
        let imputer = SimpleImputer::most_frequent().fit(&table(), &()).unwrap();
        // One row, in which everything is missing and of no kind in particular.
        let row = Table::new(
            table()
                .names()
                .into_iter()
                .map(|n| (n, Column::from([f64::NAN]))),
        )
        .unwrap();
        let filled = imputer.transform(&row).unwrap();
        assert_eq!(filled.column("text").unwrap(), &Column::from(["b"]));
        assert_eq!(filled.column("flag").unwrap(), &Column::from([false]));
        // Fewer rows than texts, and no rows.
        let one = imputer
            .transform(&table().select_rows(&[2]).unwrap())
            .unwrap();
        assert_eq!(one.column("text").unwrap(), &Column::from(["b"]));
        assert_eq!(imputer.transform(&table().head(0)).unwrap().n_rows(), 0);

        let refused = imputer
            .transform(&table().drop_columns(&"real".into()).unwrap())
            .unwrap_err();
        assert!(
            matches!(refused.kind(), ErrorKind::FeatureNames { missing, .. } if missing == &["real"])
        );
        let swapped = table()
            .select_columns(&["real", "whole", "flag", "text", "full"].into())
            .unwrap();
        let refused = imputer.transform(&swapped).unwrap_err();
        assert!(matches!(
            refused.kind(),
            ErrorKind::FeatureNames {
                reordered: true,
                ..
            }
        ));
        let other = Table::new(
            table()
                .names()
                .into_iter()
                .map(|n| (n, Column::from([1.0]))),
        )
        .unwrap();
        let refused = imputer.transform(&other).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "column `flag` is float, expected boolean, as at fit"
        );
    }

    #[test]
    fn infinite_numbers_and_taken_names_are_refused() {
        let table = Table::new([("x", Column::from([1.0, f64::INFINITY]))]).unwrap();
        let refused = SimpleImputer::mean().fit(&table, &()).unwrap_err();
        assert_eq!(refused.to_string(), "column `x`: row 1 is inf");
        let table = Table::new([
            ("x", Column::from([1.0, f64::NAN])),
            ("missingindicator_x", Column::from([1.0, 2.0])),
        ])
        .unwrap();
        assert!(
            SimpleImputer::mean()
                .add_indicator(true)
                .fit(&table, &())
                .is_err()
        );
        assert!(SimpleImputer::mean().fit(&Table::default(), &()).is_err());
        assert!(SimpleImputer::mean().fit(&table.head(0), &()).is_err());
    }
}
