//! The categories of a column: those that occur, or those that are given.

use std::cmp::Ordering;

use ndarray::{ArrayView1, s};
use serde::{Deserialize, Serialize};

use super::input::Place;
use super::{Categories, Grouping, Input, tally};
use crate::error::{Error, Result, shorten};
use crate::float::Float;
use crate::parallel;
use crate::preprocessing::unique_names;
use crate::table::{Categorical, Cell, ColumnKind, LARGEST_INTEGER};

/// The categories of one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::preprocessing) struct KnownColumn {
    pub(super) name: String,
    pub(super) kind: ColumnKind,
    /// The numbers were `f32`.
    pub(super) single: bool,
    pub(super) values: Values,
    /// The positions of the values in sorted order; empty if they are sorted.
    pub(super) order: Vec<u32>,
    /// A missing value is a category, after the others.
    pub(super) missing: bool,
    /// The categories that are one group, ascending; empty for none.
    pub(super) infrequent: Vec<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Values {
    Numbers(Vec<f64>),
    Booleans(Vec<bool>),
    Texts(Vec<String>),
}

impl Values {
    pub(super) fn len(&self) -> usize {
        match self {
            Values::Numbers(v) => v.len(),
            Values::Booleans(v) => v.len(),
            Values::Texts(v) => v.len(),
        }
    }

    fn cell(&self, i: usize) -> Option<Cell> {
        match self {
            Values::Numbers(v) => v.get(i).copied().map(Cell::Number),
            Values::Booleans(v) => v.get(i).copied().map(Cell::Boolean),
            Values::Texts(v) => v.get(i).cloned().map(Cell::Text),
        }
    }

    fn compare(&self, i: usize, j: usize) -> Ordering {
        match self {
            Values::Numbers(v) => v[i].total_cmp(&v[j]),
            Values::Booleans(v) => v[i].cmp(&v[j]),
            Values::Texts(v) => v[i].cmp(&v[j]),
        }
    }

    /// The positions in sorted order; empty if the values are sorted.
    fn order(&self) -> Vec<u32> {
        if (1..self.len()).all(|i| self.compare(i - 1, i) != Ordering::Greater) {
            return Vec::new();
        }
        let mut order: Vec<u32> = (0..self.len()).zip(0..).map(|(_, i)| i).collect();
        order.sort_by(|&i, &j| self.compare(i as usize, j as usize));
        order
    }
}

/// How an encoder learns its columns.
pub(in crate::preprocessing) struct Learning<'a> {
    pub(in crate::preprocessing) estimator: &'static str,
    pub(in crate::preprocessing) categories: &'a Categories,
    /// A value that is no given category is an error.
    pub(in crate::preprocessing) refuse_unknown: bool,
    pub(in crate::preprocessing) grouping: Grouping,
    /// A missing value may be infrequent.
    pub(in crate::preprocessing) group_missing: bool,
}

impl Learning<'_> {
    pub(in crate::preprocessing) fn columns<F: Float>(
        &self,
        names: &[String],
        inputs: &[Input<'_, F>],
    ) -> Result<Vec<KnownColumn>> {
        if let Categories::Given(lists) = self.categories
            && lists.len() != inputs.len()
        {
            let expected = format!("a list for each of the {} columns", inputs.len());
            return Err(self.refuse(expected, lists.len().to_string()));
        }
        let columns = parallel::map(inputs.len(), |j| self.column(&names[j], inputs[j], j));
        columns.into_iter().collect()
    }

    fn refuse(&self, expected: String, got: String) -> Error {
        Error::invalid_parameter(self.estimator, "categories", expected, got)
    }

    fn column<F: Float>(&self, name: &str, input: Input<'_, F>, j: usize) -> Result<KnownColumn> {
        let (mut column, counts) = match self.categories {
            Categories::Auto => observed(name, input)?,
            Categories::Given(lists) => {
                let column = self.given(name, input.kind(), &lists[j], F::NAME)?;
                input.check_finite(name)?;
                let counts = if self.refuse_unknown || self.grouping.is_on() {
                    self.counts(&column, input)?
                } else {
                    Vec::new()
                };
                (column, counts)
            }
        };
        if self.grouping.is_on() {
            let groupable = match self.group_missing {
                true => column.len(),
                false => column.values.len(),
            };
            column.infrequent = self.grouping.infrequent(&counts[..groupable], input.len());
        }
        Ok(column)
    }

    /// The categories that the user names.
    fn given(
        &self,
        name: &str,
        kind: ColumnKind,
        cells: &[Cell],
        float: &str,
    ) -> Result<KnownColumn> {
        let missing = cells.last() == Some(&Cell::Missing);
        let cells = &cells[..cells.len() - usize::from(missing)];
        let wrong = |cell: &Cell| {
            let column = shorten(name);
            let expected = format!("of the kind of column `{column}`, which is {kind}");
            self.refuse(expected, cell.to_string())
        };
        let values = match kind {
            ColumnKind::Float | ColumnKind::Integer => Values::Numbers(
                cells
                    .iter()
                    .map(|cell| match cell {
                        Cell::Number(v) if v.is_finite() => Ok(v + 0.0),
                        other => Err(wrong(other)),
                    })
                    .collect::<Result<_>>()?,
            ),
            ColumnKind::Boolean => Values::Booleans(
                cells
                    .iter()
                    .map(|cell| match cell {
                        Cell::Boolean(v) => Ok(*v),
                        other => Err(wrong(other)),
                    })
                    .collect::<Result<_>>()?,
            ),
            ColumnKind::Categorical => Values::Texts(
                cells
                    .iter()
                    .map(|cell| match cell {
                        Cell::Text(v) => Ok(v.clone()),
                        other => Err(wrong(other)),
                    })
                    .collect::<Result<_>>()?,
            ),
        };
        // A column of whole numbers may be given others: its categories are then real numbers.
        let whole = |v: &f64| v.fract() == 0.0 && v.abs() <= LARGEST_INTEGER;
        let kind = match &values {
            Values::Numbers(v) if kind == ColumnKind::Integer && !v.iter().all(whole) => {
                ColumnKind::Float
            }
            _ => kind,
        };
        Ok(KnownColumn::new(
            name,
            kind,
            float == "f32",
            values,
            missing,
        ))
    }

    /// How often each category occurs.
    fn counts<F: Float>(&self, column: &KnownColumn, input: Input<'_, F>) -> Result<Vec<u64>> {
        let unknown = column.len();
        let lookup = column.lookup(input, |category| category.unwrap_or(unknown) as u32)?;
        let counts = tally(input.len(), unknown + 1, |rows, counts| {
            lookup.each(rows, |_, category| counts[category as usize] += 1);
        });
        if self.refuse_unknown && counts[unknown] > 0 {
            let mut first = None;
            lookup.each(0..input.len(), |row, category| {
                if category as usize == unknown {
                    first = first.or(Some(row));
                }
            });
            if let Some(row) = first {
                return Err(input.unknown(column, row));
            }
        }
        Ok(counts)
    }
}

/// The categories that occur, and how often each does, a missing value last.
fn observed<F: Float>(name: &str, input: Input<'_, F>) -> Result<(KnownColumn, Vec<u64>)> {
    let (values, mut counts, n_missing) = match input {
        Input::Numbers(values, _, place) => {
            let (numbers, counts, n_missing) = distinct(name, values, place)?;
            (Values::Numbers(numbers), counts, n_missing)
        }
        Input::Booleans(values) => {
            let slot = |v: &Option<bool>| v.map_or(2, usize::from);
            let counts = tally(values.len(), 3, |rows, counts| {
                values[rows].iter().for_each(|v| counts[slot(v)] += 1);
            });
            let seen = [false, true].into_iter().zip(&counts);
            let (seen, of_seen) = seen.filter(|(_, c)| **c > 0).unzip();
            (Values::Booleans(seen), of_seen, counts[2])
        }
        Input::Texts(values) => {
            let known = values.categories();
            let last = known.len();
            let counts = tally(values.len(), last + 1, |rows, counts| {
                for &code in &values.codes()[rows] {
                    // The code of a missing value is beyond the end.
                    counts[(code as usize).min(last)] += 1;
                }
            });
            let seen = known.iter().cloned().zip(counts.iter().copied());
            let (texts, of_seen) = seen.filter(|(_, c)| *c > 0).unzip();
            (Values::Texts(texts), of_seen, counts[last])
        }
    };
    if n_missing > 0 {
        counts.push(n_missing);
    }
    let single = F::NAME == "f32";
    let column = KnownColumn::new(name, input.kind(), single, values, n_missing > 0);
    Ok((column, counts))
}

/// The distinct numbers in order, how often each occurs, and how many are missing.
fn distinct<F: Float>(
    name: &str,
    values: ArrayView1<'_, F>,
    place: Place,
) -> Result<(Vec<f64>, Vec<u64>, u64)> {
    /// Rows that are sorted together.
    const TOGETHER: usize = 1 << 16;
    if let Some((low, span)) = small_range(name, values, place)? {
        let counts = tally(values.len(), span + 1, |rows, counts| {
            for v in values.slice(s![rows]) {
                let v = v.f64();
                let slot = if v.is_nan() { span } else { (v - low) as usize };
                counts[slot] += 1;
            }
        });
        let seen = (0..span).filter(|&i| counts[i] > 0);
        let (numbers, of_numbers) = seen.map(|i| (low + i as f64, counts[i])).unzip();
        return Ok((numbers, of_numbers, counts[span]));
    }
    let parts = parallel::map_chunks(values.len(), TOGETHER, |rows| {
        // -0.0 + 0.0 is 0.0: one zero.
        let values = values.slice(s![rows]);
        let mut numbers: Vec<f64> = values.iter().map(|v| v.f64() + 0.0).collect();
        let all = numbers.len();
        numbers.retain(|v| !v.is_nan());
        numbers.sort_unstable_by(f64::total_cmp);
        let n_missing = all - numbers.len();
        let runs = numbers.chunk_by(|a, b| a == b);
        let runs: Vec<(f64, u64)> = runs.map(|run| (run[0], run.len() as u64)).collect();
        (runs, n_missing as u64)
    });
    let n_missing = parts.iter().map(|(_, n)| n).sum();
    let mut runs: Vec<(f64, u64)> = parts.into_iter().flat_map(|(runs, _)| runs).collect();
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let merged = runs.chunk_by(|a, b| a.0 == b.0);
    let merged = merged.map(|run| (run[0].0, run.iter().map(|r| r.1).sum::<u64>()));
    let (numbers, counts) = merged.unzip();
    Ok((numbers, counts, n_missing))
}

/// The least of whole numbers that lie close together, and how many whole numbers there are from it to the greatest.
fn small_range<F: Float>(
    name: &str,
    values: ArrayView1<'_, F>,
    place: Place,
) -> Result<Option<(f64, usize)>> {
    let parts = parallel::map_chunks(values.len(), 1 << 16, |rows| {
        let (mut low, mut high, mut whole) = (f64::INFINITY, f64::NEG_INFINITY, true);
        for v in values.slice(s![rows]) {
            let v = v.f64();
            low = low.min(v);
            high = high.max(v);
            whole &= v.is_nan() || v.trunc() == v;
        }
        (low, high, whole)
    });
    let (low, high, whole) = parts.into_iter().fold(
        (f64::INFINITY, f64::NEG_INFINITY, true),
        |(low, high, whole), part| (low.min(part.0), high.max(part.1), whole && part.2),
    );
    if low > high {
        return Ok(None); // all are missing
    }
    if (low.is_infinite() || high.is_infinite())
        && let Some(row) = values.iter().position(|v| v.is_infinite())
    {
        return Err(place.infinite(name, row, values[row].f64()));
    }
    let most = (2 * values.len()).clamp(1 << 10, 1 << 24) as f64;
    let exact = low.abs() <= LARGEST_INTEGER && high.abs() <= LARGEST_INTEGER;
    let small = whole && exact && high - low < most;
    // -0.0 + 0.0 is 0.0.
    Ok(small.then(|| (low + 0.0, (high - low) as usize + 1)))
}

impl KnownColumn {
    fn new(name: &str, kind: ColumnKind, single: bool, values: Values, missing: bool) -> Self {
        KnownColumn {
            name: name.into(),
            kind,
            single,
            order: values.order(),
            values,
            missing,
            infrequent: Vec::new(),
        }
    }

    pub(in crate::preprocessing) fn name(&self) -> &str {
        &self.name
    }

    /// The number of categories, a missing value among them.
    pub(in crate::preprocessing) fn len(&self) -> usize {
        self.values.len() + usize::from(self.missing)
    }

    /// The position of the missing value among the categories.
    pub(in crate::preprocessing) fn missing_category(&self) -> Option<usize> {
        self.missing.then_some(self.values.len())
    }

    pub(in crate::preprocessing) fn cell(&self, category: usize) -> Cell {
        self.values.cell(category).unwrap_or(Cell::Missing)
    }

    pub(in crate::preprocessing) fn cells(&self) -> Vec<Cell> {
        (0..self.len()).map(|i| self.cell(i)).collect()
    }

    /// The categories as an error lists them.
    pub(in crate::preprocessing) fn texts(&self) -> Vec<String> {
        (0..self.len()).map(|i| self.cell(i).to_string()).collect()
    }

    /// The position of a category.
    pub(in crate::preprocessing) fn position(&self, cell: &Cell) -> Option<usize> {
        (0..self.len()).find(|&i| self.cell(i) == *cell)
    }

    /// The infrequent categories; `None` if there are none.
    pub(in crate::preprocessing) fn infrequent_cells(&self) -> Option<Vec<Cell>> {
        let cells = self.infrequent.iter().map(|&i| self.cell(i as usize));
        (!self.infrequent.is_empty()).then(|| cells.collect())
    }

    /// The number of infrequent categories.
    pub(in crate::preprocessing) fn n_infrequent(&self) -> usize {
        self.infrequent.len()
    }

    /// The place of a category among the frequent ones; `None` if it is infrequent.
    pub(in crate::preprocessing) fn among_frequent(&self, category: usize) -> Option<usize> {
        if self.infrequent.is_empty() {
            return Some(category);
        }
        match self.infrequent.binary_search(&(category as u32)) {
            Ok(_) => None,
            Err(before) => Some(category - before),
        }
    }

    /// The category at a place among the frequent ones.
    pub(in crate::preprocessing) fn frequent(&self, place: usize) -> usize {
        // The infrequent ones before it are those whose own place among the frequent ones is not after it.
        let (mut low, mut high) = (0, self.infrequent.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.infrequent[middle] as usize - middle <= place {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        place + low
    }
}

/// What every list of columns read from a file satisfies.
pub(in crate::preprocessing) fn validate<'a>(
    type_name: &str,
    columns: impl Iterator<Item = &'a KnownColumn> + Clone,
) -> Result<()> {
    let wrong = |what: String| Err(Error::model_file(format!("{type_name}: {what}")));
    if columns.clone().next().is_none() {
        return wrong("no columns".into());
    }
    for column in columns.clone() {
        let name = shorten(&column.name);
        let whole = |v: &f64| v.fract() == 0.0 && v.abs() <= LARGEST_INTEGER;
        let kind_fits = match (&column.values, column.kind) {
            (Values::Numbers(v), ColumnKind::Float) => v.iter().all(|v| v.is_finite()),
            (Values::Numbers(v), ColumnKind::Integer) => v.iter().all(whole),
            (Values::Booleans(_), ColumnKind::Boolean)
            | (Values::Texts(_), ColumnKind::Categorical) => true,
            _ => false,
        };
        if !kind_fits {
            return wrong(format!("the categories of `{name}` are not of its kind"));
        }
        if column.len() == 0 || column.len() >= Categorical::MISSING as usize / 2 {
            return wrong(format!("the number of categories of `{name}`"));
        }
        if column.order != column.values.order() {
            return wrong(format!("the order of the categories of `{name}`"));
        }
        let at = |i: usize| column.order.get(i).map_or(i, |&i| i as usize);
        let repeats = |i: usize| column.cell(at(i - 1)) == column.cell(at(i));
        if (1..column.values.len()).any(repeats) {
            return wrong(format!("a category of `{name}` repeats"));
        }
        let sorted = column.infrequent.windows(2).all(|pair| pair[0] < pair[1]);
        let inside = (column.infrequent.last()).is_none_or(|&i| (i as usize) < column.len());
        if !sorted || !inside {
            return wrong(format!("the infrequent categories of `{name}`"));
        }
    }
    unique_names(columns.map(|c| c.name.as_str()))
        .or_else(|name| wrong(format!("two columns named `{}`", shorten(name))))
}
