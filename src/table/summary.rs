//! What a table holds, in numbers: descriptions, counts, distinct values.

use std::collections::HashMap;

use super::rows::words;
use super::{Categorical, Column, ColumnKind, Columns, Table};
use crate::error::{Error, Result, shorten};
use crate::parallel;

/// The distinct values of a column in the order in which they first occur.
struct Distinct {
    /// The first row of each.
    first: Vec<usize>,
    /// How many rows have it.
    count: Vec<usize>,
    /// Which of them is the missing value.
    missing: Option<usize>,
}

impl Distinct {
    fn new(column: &Column) -> Self {
        let mut distinct = Distinct {
            first: Vec::new(),
            count: Vec::new(),
            missing: None,
        };
        match column {
            // Codes are small: a list of places does.
            Column::Categorical(values) => {
                let n = values.categories().len();
                let mut place = vec![usize::MAX; n + 1];
                for (row, &code) in values.codes().iter().enumerate() {
                    distinct.add(row, &mut place[(code as usize).min(n)]);
                }
            }
            _ => {
                let mut places: HashMap<u64, usize> = HashMap::new();
                for (row, word) in words(column).into_iter().enumerate() {
                    distinct.add(row, places.entry(word).or_insert(usize::MAX));
                }
            }
        }
        distinct.missing =
            (0..distinct.first.len()).find(|&i| column.is_missing(distinct.first[i]));
        distinct
    }

    #[inline]
    fn add(&mut self, row: usize, place: &mut usize) {
        if *place == usize::MAX {
            *place = self.first.len();
            self.first.push(row);
            self.count.push(0);
        }
        self.count[*place] += 1;
    }

    /// How many there are besides the missing value.
    fn present(&self) -> usize {
        self.first.len() - usize::from(self.missing.is_some())
    }

    /// The most frequent value besides the missing one, of equally frequent ones the first.
    fn top(&self) -> Option<usize> {
        (0..self.first.len())
            .filter(|&i| Some(i) != self.missing)
            .min_by_key(|&i| std::cmp::Reverse(self.count[i]))
    }
}

/// How the values of a column are counted; see [`Table::value_counts_with`]. The defaults are pandas'.
///
/// ```
/// use fitwell::table::{Column, Table, ValueCounts};
///
/// let table = Table::new([("port", Column::from([Some("S"), Some("C"), Some("S"), None]))])?;
/// let shares = table.value_counts_with("port", &ValueCounts::new().normalize(true).dropna(false))?;
/// assert_eq!(shares.column("port")?, &Column::from([Some("S"), Some("C"), None]));
/// assert_eq!(shares.column("proportion")?, &Column::from([0.5, 0.25, 0.25]));
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueCounts {
    normalize: bool,
    sort: bool,
    ascending: bool,
    dropna: bool,
}

impl Default for ValueCounts {
    fn default() -> Self {
        ValueCounts {
            normalize: false,
            sort: true,
            ascending: false,
            dropna: true,
        }
    }
}

impl ValueCounts {
    /// Counts of the values that are not missing, the most frequent first.
    pub fn new() -> Self {
        Self::default()
    }

    /// Shares of the counted rows instead of counts, in a column `proportion`.
    #[must_use]
    pub fn normalize(mut self, normalize: bool) -> Self {
        self.normalize = normalize;
        self
    }

    /// By frequency (the default), or in the order in which the values first occur.
    #[must_use]
    pub fn sort(mut self, sort: bool) -> Self {
        self.sort = sort;
        self
    }

    /// The least frequent first.
    #[must_use]
    pub fn ascending(mut self, ascending: bool) -> Self {
        self.ascending = ascending;
        self
    }

    /// Whether missing values are left out (the default), or counted as one more value.
    #[must_use]
    pub fn dropna(mut self, dropna: bool) -> Self {
        self.dropna = dropna;
        self
    }
}

impl Table {
    /// The distinct values of a column with their counts, the most frequent first; missing values are left out.
    ///
    /// The result has the column under its name, and `count` (`count_` if that is the column's name). Values that are
    /// equally frequent are in the order in which they first occur.
    ///
    /// ```
    /// use fitwell::table::{Column, Table};
    ///
    /// let table = Table::new([("port", Column::from([Some("C"), Some("S"), None, Some("S")]))])?;
    /// let counts = table.value_counts("port")?;
    /// assert_eq!(counts.column("port")?, &Column::from(["S", "C"]));
    /// assert_eq!(counts.column("count")?, &Column::from([2, 1]));
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    ///
    /// # Errors
    /// `UnknownColumn`, which lists the names there are.
    pub fn value_counts(&self, name: &str) -> Result<Table> {
        self.value_counts_with(name, &ValueCounts::new())
    }

    /// As [`value_counts`](Self::value_counts), as the options say.
    ///
    /// # Errors
    /// `UnknownColumn`, which lists the names there are.
    pub fn value_counts_with(&self, name: &str, options: &ValueCounts) -> Result<Table> {
        let column = self.column(name)?;
        let distinct = Distinct::new(column);
        let mut order: Vec<usize> = (0..distinct.first.len())
            .filter(|&i| !options.dropna || Some(i) != distinct.missing)
            .collect();
        match (options.sort, options.ascending) {
            (false, _) => {}
            (true, true) => order.sort_by_key(|&i| distinct.count[i]),
            (true, false) => order.sort_by_key(|&i| std::cmp::Reverse(distinct.count[i])),
        }
        let rows: Vec<usize> = order.iter().map(|&i| distinct.first[i]).collect();
        let counts = order.iter().map(|&i| distinct.count[i] as f64);
        let (what, counts) = if options.normalize {
            let all: usize = order.iter().map(|&i| distinct.count[i]).sum();
            (
                "proportion",
                Column::Float(counts.map(|c| c / all as f64).collect()),
            )
        } else {
            ("count", Column::Integer(counts.collect()))
        };
        let what = if what == name {
            format!("{what}_")
        } else {
            what.into()
        };
        let n = rows.len();
        Ok(Table::from_trusted(
            vec![name.into(), what],
            vec![column.take(&rows), counts],
            n,
        ))
    }

    /// The distinct values of a column in the order in which they first occur; missing is one of them.
    ///
    /// ```
    /// use fitwell::table::{Column, Table};
    ///
    /// let table = Table::new([("port", Column::from([Some("S"), None, Some("C"), Some("S")]))])?;
    /// assert_eq!(table.unique("port")?, Column::from([Some("S"), None, Some("C")]));
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    ///
    /// # Errors
    /// `UnknownColumn`, which lists the names there are.
    pub fn unique(&self, name: &str) -> Result<Column> {
        let column = self.column(name)?;
        let unique = column.take(&Distinct::new(column).first);
        Ok(match unique {
            Column::Categorical(values) => Column::Categorical(values.observed()),
            other => other,
        })
    }

    /// The number of distinct values of a column, missing not counted.
    ///
    /// # Errors
    /// `UnknownColumn`, which lists the names there are.
    #[doc(alias = "nunique")]
    pub fn n_unique(&self, name: &str) -> Result<usize> {
        Ok(Distinct::new(self.column(name)?).present())
    }

    /// Statistics of every column: a table with a row for each.
    ///
    /// | column | of | meaning |
    /// |---|---|---|
    /// | `column` | all | the name |
    /// | `count`, `missing` | all | values, and how many are missing |
    /// | `mean`, `std` | numbers | mean; standard deviation with divisor count − 1, missing for a single value |
    /// | `min`, `25%`, `50%`, `75%`, `max` | numbers | the ends and the quartiles, by linear interpolation |
    /// | `unique` | texts, booleans | distinct values |
    /// | `top`, `freq` | texts, booleans | the most frequent value, of equally frequent ones the first, and how often it occurs |
    ///
    /// The numbers are those of pandas' `describe(include="all")`. What does not apply is missing; a table without numbers
    /// has no columns for them, and likewise for texts. Infinite values go into the arithmetic as they are.
    ///
    /// ```
    /// use fitwell::table::{Column, Table};
    ///
    /// let table = Table::new([
    ///     ("age", Column::from([22.0, 38.0, f64::NAN, 35.0])),
    ///     ("port", Column::from([Some("S"), Some("C"), Some("S"), None])),
    /// ])?;
    /// let summary = table.describe()?;
    /// assert_eq!(summary.column("mean")?.number(0), Some(95.0 / 3.0));
    /// assert_eq!(summary.column("50%")?.number(0), Some(35.0));
    /// assert_eq!(summary.column("top")?.text(1).as_deref(), Some("S"));
    /// println!("{summary}");
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    ///
    /// # Errors
    /// None that a table could cause; the type is that of [`describe_with`](Self::describe_with).
    pub fn describe(&self) -> Result<Table> {
        self.describe_with(&[0.25, 0.5, 0.75])
    }

    /// As [`describe`](Self::describe), with other quantiles than the quartiles: `0.1` gives a column `10%`.
    ///
    /// # Errors
    /// `InvalidParameter` when a quantile is not in [0, 1]; `InvalidInput` when one is given twice.
    pub fn describe_with(&self, quantiles: &[f64]) -> Result<Table> {
        let unit = crate::check::Interval::closed(0.0, 1.0);
        for (i, &q) in quantiles.iter().enumerate() {
            crate::check::real("Table::describe_with", "quantiles", q, unit)?;
            if quantiles[..i].contains(&q) {
                return Err(Error::invalid_input(
                    "quantiles",
                    format!("{q} is given twice"),
                ));
            }
        }
        let numeric = |c: &Column| matches!(c.kind(), ColumnKind::Float | ColumnKind::Integer);
        let columns: Vec<(&str, &Column)> = self.iter().collect();
        let described = parallel::map(columns.len(), |i| {
            let (_, column) = columns[i];
            match column {
                Column::Float(values) | Column::Integer(values) => {
                    (Some(Numbers::of(values, quantiles)), None)
                }
                _ => (None, Some(Texts::of(column))),
            }
        });
        let n = columns.len();
        let mut names = vec!["column".to_string(), "count".into(), "missing".into()];
        let missing: Vec<usize> = columns.iter().map(|(_, c)| c.n_missing()).collect();
        let counts =
            |of: &dyn Fn(usize) -> usize| Column::Integer((0..n).map(|i| of(i) as f64).collect());
        let mut stats = vec![
            Column::Categorical(Categorical::from_texts(
                columns.iter().map(|(name, _)| Some(*name)),
            )),
            counts(&|i| self.n_rows() - missing[i]),
            counts(&|i| missing[i]),
        ];
        if columns.iter().any(|(_, c)| numeric(c)) {
            let number = |of: &dyn Fn(&Numbers) -> f64| {
                let values = described
                    .iter()
                    .map(|(numbers, _)| numbers.as_ref().map_or(f64::NAN, of));
                Column::Float(values.collect())
            };
            let mut add = |name: String, column: Column| {
                names.push(name);
                stats.push(column);
            };
            add("mean".into(), number(&|s| s.mean));
            add("std".into(), number(&|s| s.std));
            add("min".into(), number(&|s| s.min));
            for (i, q) in quantiles.iter().enumerate() {
                add(percent(*q), number(&|s| s.quantiles[i]));
            }
            add("max".into(), number(&|s| s.max));
        }
        if columns.iter().any(|(_, c)| !numeric(c)) {
            let texts = || described.iter().map(|(_, texts)| texts.as_ref());
            let count = |of: &dyn Fn(&Texts) -> Option<usize>| {
                let of = |t: Option<&Texts>| t.and_then(of).map_or(f64::NAN, |v| v as f64);
                Column::Integer(texts().map(of).collect())
            };
            names.extend(["unique".into(), "top".into(), "freq".into()]);
            let top = texts().map(|t| t.and_then(|t| t.top.as_deref()));
            stats.push(count(&|t| Some(t.unique)));
            stats.push(Column::Categorical(Categorical::from_texts(top)));
            stats.push(count(&|t| t.freq));
        }
        // Two quantiles may be written alike in per cent.
        let table = names.into_iter().zip(stats).collect::<Vec<_>>();
        Table::new(table).map_err(|e| e.within("quantiles"))
    }

    /// How many values of each of the chosen columns are missing: a table of `column` and `missing`, in their order.
    ///
    /// # Errors
    /// As [`Columns::resolve`].
    #[doc(alias = "isna")]
    pub fn count_missing(&self, columns: &Columns) -> Result<Table> {
        let chosen = self.select_columns(columns)?;
        let names: Vec<&str> = chosen.iter().map(|(name, _)| name).collect();
        let missing: Vec<usize> = chosen.iter().map(|(_, c)| c.n_missing()).collect();
        Table::new([
            ("column", Column::from(names)),
            ("missing", Column::from(missing)),
        ])
    }
}

fn percent(q: f64) -> String {
    // 0.07 * 100 is 7.000000000000001.
    let text = format!("{:.10}", q * 100.0);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{}%", shorten(text))
}

struct Numbers {
    mean: f64,
    std: f64,
    min: f64,
    max: f64,
    quantiles: Vec<f64>,
}

impl Numbers {
    fn of(values: &[f64], quantiles: &[f64]) -> Self {
        let mut present: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
        present.sort_unstable_by(f64::total_cmp);
        let n = present.len();
        let (Some(&min), Some(&max)) = (present.first(), present.last()) else {
            return Numbers {
                mean: f64::NAN,
                std: f64::NAN,
                min: f64::NAN,
                max: f64::NAN,
                quantiles: vec![f64::NAN; quantiles.len()],
            };
        };
        let mean = mean(&present);
        // Two passes over halves, in units of the largest, so that neither differences nor squares overflow or vanish.
        let half = |v: f64| 0.5 * v - 0.5 * mean;
        let unit = present.iter().fold(0.0f64, |m, &v| m.max(half(v).abs()));
        let std = if n < 2 {
            f64::NAN
        } else if unit == 0.0 {
            0.0
        } else {
            let squares = pairwise(&present, &|v| (half(v) / unit).powi(2));
            // The mean is rounded: its error goes out again (Chan, Golub and LeVeque 1983, the corrected two-pass form).
            let rest = pairwise(&present, &|v| half(v) / unit);
            let squares = squares - rest * rest / n as f64;
            (squares.max(0.0) / (n - 1) as f64).sqrt() * unit * 2.0
        };
        Numbers {
            mean,
            std,
            min,
            max,
            quantiles: quantiles.iter().map(|&q| quantile(&present, q)).collect(),
        }
    }
}

/// The mean; where the sum would overflow, of halves.
fn mean(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let sum = pairwise(values, &|v| v);
    if sum.is_finite() || values.iter().any(|v| v.is_infinite()) {
        return sum / n;
    }
    pairwise(values, &|v| v / n)
}

/// A sum in blocks, blocks in a balanced tree: its error grows with the logarithm of the length. The depth does too.
fn pairwise(values: &[f64], term: &impl Fn(f64) -> f64) -> f64 {
    const BLOCK: usize = 128;
    if values.len() <= BLOCK {
        return values.iter().map(|&v| term(v)).sum();
    }
    let (left, right) = values.split_at(values.len() / 2);
    pairwise(left, term) + pairwise(right, term)
}

/// The quantile of sorted values by linear interpolation between neighbours (NumPy's, to the bit).
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let below = at.floor();
    let i = below as usize;
    let (Some(&a), Some(&b)) = (sorted.get(i), sorted.get(i + 1).or(sorted.last())) else {
        return f64::NAN;
    };
    let t = at - below;
    if a == b || t == 0.0 {
        return a;
    }
    let step = b - a;
    if step.is_infinite() && a.is_finite() && b.is_finite() {
        return a * (1.0 - t) + b * t;
    }
    if t < 0.5 {
        a + step * t
    } else {
        b - step * (1.0 - t)
    }
}

struct Texts {
    unique: usize,
    top: Option<String>,
    freq: Option<usize>,
}

impl Texts {
    fn of(column: &Column) -> Self {
        let distinct = Distinct::new(column);
        let top = distinct.top();
        Texts {
            unique: distinct.present(),
            top: top.and_then(|i| column.text(distinct.first[i])),
            freq: top.map(|i| distinct.count[i]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table::new([
            ("x", Column::from([Some(1.0), None, Some(2.0), Some(4.0)])),
            ("n", Column::from([3, 1, 1, 2])),
            ("b", Column::from([Some(true), None, None, Some(false)])),
            ("c", Column::from([Some("v"), Some("u"), Some("u"), None])),
        ])
        .unwrap()
    }

    #[test]
    fn describe_by_hand() {
        let d = table().describe().unwrap();
        assert_eq!(
            d.names(),
            [
                "column", "count", "missing", "mean", "std", "min", "25%", "50%", "75%", "max",
                "unique", "top", "freq"
            ]
        );
        let of = |name: &str| d.column(name).unwrap().clone();
        assert_eq!(of("column"), Column::from(["x", "n", "b", "c"]));
        assert_eq!(of("count"), Column::from([3, 4, 2, 3]));
        assert_eq!(of("missing"), Column::from([1, 0, 2, 1]));
        let none = f64::NAN;
        assert_eq!(of("mean"), Column::from([7.0 / 3.0, 1.75, none, none]));
        // 7/3: deviations -4/3, -1/3, 5/3: squares sum to 42/9.
        let std = of("std").number(0).unwrap();
        assert!((std - (42.0f64 / 18.0).sqrt()).abs() < 1e-15, "{std}");
        assert_eq!(of("25%"), Column::from([1.5, 1.0, none, none]));
        assert_eq!(of("75%"), Column::from([3.0, 2.25, none, none]));
        assert_eq!(of("max"), Column::from([4.0, 3.0, none, none]));
        assert_eq!(of("unique"), Column::from([None, None, Some(2), Some(2)]));
        assert_eq!(
            of("top"),
            Column::from([None, None, Some("true"), Some("u")])
        );
        assert_eq!(of("freq"), Column::from([None, None, Some(1), Some(2)]));
    }

    #[test]
    fn describe_of_odd_tables() {
        let d = Table::new([("x", [f64::NAN; 3])])
            .unwrap()
            .describe()
            .unwrap();
        assert_eq!(d.column("count").unwrap(), &Column::from([0]));
        assert!(d.column("mean").unwrap().is_missing(0) && d.column("max").unwrap().is_missing(0));
        let one = Table::new([("x", [5.0])]).unwrap().describe().unwrap();
        assert!(one.column("std").unwrap().is_missing(0));
        assert_eq!(one.column("75%").unwrap().number(0), Some(5.0));
        let texts = Table::new([("c", Column::from([None::<&str>]))])
            .unwrap()
            .describe()
            .unwrap();
        assert_eq!(
            texts.names(),
            ["column", "count", "missing", "unique", "top", "freq"]
        );
        assert_eq!(texts.column("unique").unwrap(), &Column::from([0]));
        assert!(texts.column("freq").unwrap().is_missing(0));
        assert_eq!(Table::default().describe().unwrap().n_rows(), 0);
        let no_rows = table().head(0).describe().unwrap();
        assert_eq!(
            no_rows.column("count").unwrap(),
            &Column::from([0, 0, 0, 0])
        );
    }

    #[test]
    fn describe_at_the_ends_of_the_range() {
        let huge = Table::new([("x", [1e308, 1.5e308, -1e308, 1.7e308])])
            .unwrap()
            .describe()
            .unwrap();
        let of = |name: &str| huge.column(name).unwrap().number(0).unwrap();
        assert!((of("mean") / 0.8e308 - 1.0).abs() < 1e-15, "{}", of("mean"));
        assert!(
            (of("std") / ((4.58f64 / 3.0).sqrt() * 1e308) - 1.0).abs() < 1e-12,
            "{}",
            of("std")
        );
        assert!(of("25%").is_finite());
        let shifted: Vec<f64> = (0..1000).map(|i| 1e9 + f64::from(i % 2) * 1e-3).collect();
        let d = Table::new([("x", shifted)]).unwrap().describe().unwrap();
        let std = d.column("std").unwrap().number(0).unwrap();
        // 1e9 + 1e-3 is rounded to a multiple of 2^-23.
        let step = (1e9 + 1e-3) - 1e9;
        assert!(
            (std / (step / 2.0 * (1000.0f64 / 999.0).sqrt()) - 1.0).abs() < 1e-9,
            "{std}"
        );
        let infinite = Table::new([("x", [f64::INFINITY, 1.0])])
            .unwrap()
            .describe()
            .unwrap();
        assert_eq!(
            infinite.column("mean").unwrap().number(0),
            Some(f64::INFINITY)
        );
    }

    #[test]
    fn quantiles_are_named_in_per_cent() {
        let d = table().describe_with(&[0.07, 0.999, 1.0, 0.0]).unwrap();
        assert_eq!(&d.names()[6..10], ["7%", "99.9%", "100%", "0%"]);
        for bad in [vec![-0.1], vec![1.1], vec![f64::NAN], vec![0.5, 0.5]] {
            assert!(table().describe_with(&bad).is_err(), "{bad:?}");
        }
        assert!(table().describe_with(&[0.5, 0.5 + 1e-14]).is_err());
        assert!(table().describe_with(&[]).is_ok());
    }

    #[test]
    fn values_are_counted() {
        let t = table();
        let counts = t.value_counts("n").unwrap();
        assert_eq!(counts.names(), ["n", "count"]);
        assert_eq!(counts.column("n").unwrap(), &Column::from([1, 3, 2]));
        assert_eq!(counts.column("count").unwrap(), &Column::from([2, 1, 1]));
        let of = |options: ValueCounts| t.value_counts_with("b", &options).unwrap();
        let all = of(ValueCounts::new().dropna(false).normalize(true));
        assert_eq!(
            all.column("b").unwrap(),
            &Column::from([None, Some(true), Some(false)])
        );
        assert_eq!(
            all.column("proportion").unwrap(),
            &Column::from([0.5, 0.25, 0.25])
        );
        let up = of(ValueCounts::new().dropna(false).ascending(true));
        assert_eq!(
            up.column("b").unwrap(),
            &Column::from([Some(true), Some(false), None])
        );
        let met = of(ValueCounts::new().dropna(false).sort(false));
        assert_eq!(
            met.column("b").unwrap(),
            &Column::from([Some(true), None, Some(false)])
        );
        let zeros = Table::new([("count", [0.0, -0.0, 1.0])])
            .unwrap()
            .value_counts("count")
            .unwrap();
        assert_eq!(zeros.names(), ["count", "count_"]);
        assert_eq!(zeros.column("count_").unwrap(), &Column::from([2, 1]));
        assert!(t.value_counts("z").is_err() && t.unique("z").is_err() && t.n_unique("z").is_err());
        assert_eq!(t.head(0).value_counts("n").unwrap().n_rows(), 0);
    }

    #[test]
    fn distinct_values() {
        let t = table();
        assert_eq!(t.unique("n").unwrap(), Column::from([3, 1, 2]));
        assert_eq!(
            t.unique("b").unwrap(),
            Column::from([Some(true), None, Some(false)])
        );
        assert_eq!(t.n_unique("c").unwrap(), 2);
        let missing = t.count_missing(&Columns::from(["b", "n"])).unwrap();
        assert_eq!(missing.column("missing").unwrap(), &Column::from([2, 0]));
    }
}
