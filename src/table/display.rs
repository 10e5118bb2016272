//! The head of a table, as aligned text.

use std::fmt;

use super::{Column, ColumnKind, Table};

/// A table of up to so many rows is shown whole.
const WHOLE: usize = 20;
/// Rows shown of a longer one.
const ROWS: usize = 10;
/// Characters of one cell.
const CELL: usize = 24;
/// Characters of one line, where the columns do not need less.
const LINE: usize = 110;
/// The same for a table of up to [`FEW`] columns, which had better be seen together: those of a description.
const LONG_LINE: usize = 160;
const FEW: usize = 16;
/// What stands for a missing value.
const MISSING: &str = "-";

/// The first 10 rows, or all of up to 20, aligned under names and kinds, a missing value as `-`. Of a wide table the first and
/// last columns are shown, of a long text its beginning; control characters are escaped. `{:#}` shows all rows and columns.
///
/// ```
/// use fitwell::table::{Column, Table};
///
/// let table = Table::new([
///     ("age", Column::from([31.5, f64::NAN])),
///     ("city", Column::from(["Ulm", "Bonn"])),
/// ])?;
/// assert_eq!(
///     table.to_string(),
///     "     age  city
///    float  categorical
/// 0   31.5  Ulm
/// 1      -  Bonn
/// 2 rows, 2 columns"
/// );
/// # Ok::<(), fitwell::Error>(())
/// ```
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = f.alternate();
        let shown = match self.n_rows() {
            n if all || n <= WHOLE => n,
            _ => ROWS,
        };
        let line_length = match self.n_columns() {
            _ if all => usize::MAX,
            0..=FEW => LONG_LINE,
            _ => LINE,
        };
        let index = (shown.max(1) - 1).to_string().len();
        // Only columns that can fit are laid out: from the front, then from the back, until the line is full.
        let mut front: Vec<Vec<String>> = Vec::new();
        let mut back: Vec<Vec<String>> = Vec::new();
        let mut width = index;
        let n = self.n_columns();
        let (mut next_front, mut next_back) = (0, n);
        while next_front < next_back {
            let from_back = front.len() > 2 * (back.len() + 1);
            let at = if from_back { next_back - 1 } else { next_front };
            let (Some(name), Some(column)) = (self.name_at(at), self.column_at(at)) else {
                break;
            };
            let cells = lay_out(name, column, shown);
            let needed = 2 + cells.first().map_or(0, |c| c.chars().count());
            // Room for the mark that columns are left out.
            let reserve = if next_back - next_front == 1 { 0 } else { 5 };
            if !front.is_empty() && width + needed + reserve > line_length {
                break;
            }
            width += needed;
            if from_back {
                back.push(cells);
                next_back -= 1;
            } else {
                front.push(cells);
                next_front += 1;
            }
        }
        back.reverse();
        for line in 0..shown + 2 {
            let mut text = match line {
                0 | 1 => " ".repeat(index),
                _ => format!("{:>index$}", line - 2),
            };
            for cells in &front {
                text.push_str("  ");
                text.push_str(&cells[line]);
            }
            if next_front < next_back {
                text.push_str("  ...");
            }
            for cells in &back {
                text.push_str("  ");
                text.push_str(&cells[line]);
            }
            if n > 0 {
                writeln!(f, "{}", text.trim_end())?;
            }
        }
        let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        write!(f, "{}, {}", count(self.n_rows(), "row"), count(n, "column"))?;
        if shown < self.n_rows() {
            write!(f, "; the first {shown} rows")?;
        }
        if next_front < next_back {
            write!(f, "; {} not shown", count(next_back - next_front, "column"))?;
        }
        Ok(())
    }
}

/// Name, kind and the first values of a column, all of one width: texts to the left, numbers to the right.
fn lay_out(name: &str, column: &Column, rows: usize) -> Vec<String> {
    let mut cells = vec![clean(name), column.kind().to_string()];
    match column {
        Column::Float(values) => cells.extend(decimals(&values[..rows])),
        _ => cells.extend((0..rows).map(|row| match column.text(row) {
            Some(text) => clean(&text),
            None => MISSING.into(),
        })),
    }
    let width = cells.iter().map(|c| c.chars().count()).max().unwrap_or(0);
    let left = matches!(column.kind(), ColumnKind::Categorical | ColumnKind::Boolean);
    for cell in &mut cells {
        let padding = " ".repeat(width - cell.chars().count());
        *cell = if left {
            format!("{cell}{padding}")
        } else {
            format!("{padding}{cell}")
        };
    }
    cells
}

/// Real numbers with as many decimals as they need, at most four; by powers of ten where that would mislead.
fn decimals(values: &[f64]) -> Vec<String> {
    let finite = || values.iter().filter(|v| v.is_finite());
    let plain = finite().all(|v| *v == 0.0 || (1e-3..1e9).contains(&v.abs()));
    let needed = finite()
        .map(|v| {
            let text = format!("{v:.4}");
            let digits = text.split_once('.').map_or("", |(_, digits)| digits);
            digits.trim_end_matches('0').len()
        })
        .max()
        .unwrap_or(0)
        .max(1);
    let show = |v: &f64| match *v {
        v if v.is_nan() => MISSING.into(),
        v if v.is_infinite() => format!("{v}"),
        v if plain => format!("{v:.needed$}"),
        v => format!("{v:.4e}"),
    };
    values.iter().map(show).collect()
}

/// At most [`CELL`] characters on one line.
fn clean(text: &str) -> String {
    let mut shown = String::new();
    let mut count = 0;
    for c in text.chars() {
        let escaped = c.is_control();
        count += if escaped {
            c.escape_default().count()
        } else {
            1
        };
        if count > CELL {
            // Make room for the mark.
            while shown.chars().count() > CELL - 3 {
                shown.pop();
            }
            shown.push_str("...");
            break;
        }
        if escaped {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_right_texts_left_missing_marked() {
        let t = Table::new([
            ("price", Column::from([1.25, f64::NAN, 100.0])),
            ("n", Column::from([Some(1), Some(20), None])),
            ("ok", Column::from([Some(true), None, Some(false)])),
            ("name", Column::from([Some("a\nb"), None, Some("c")])),
        ])
        .unwrap();
        let expected = "    price        n  ok       name
    float  integer  boolean  categorical
0    1.25        1  true     a\\nb
1       -       20  -        -
2  100.00        -  false    c
3 rows, 4 columns";
        assert_eq!(t.to_string(), expected);
    }

    #[test]
    fn a_wide_and_long_table_stays_readable() {
        let t = Table::new((0..1000).map(|i| (format!("column_{i}"), vec![0.5; 2000]))).unwrap();
        let text = t.to_string();
        assert!(text.lines().all(|l| l.chars().count() <= LINE), "{text}");
        assert_eq!(text.lines().count(), ROWS + 3);
        assert!(text.contains("column_0 ") && text.contains("column_999"));
        assert!(
            text.ends_with("2000 rows, 1000 columns; the first 10 rows; 991 columns not shown"),
            "{text}"
        );
    }

    #[test]
    fn a_short_table_is_shown_whole_and_a_long_one_when_asked() {
        let t = |n: usize| Table::new([("x", (0..n).collect::<Vec<_>>())]).unwrap();
        assert_eq!(t(WHOLE).to_string().lines().count(), WHOLE + 3);
        assert_eq!(t(WHOLE + 1).to_string().lines().count(), ROWS + 3);
        assert_eq!(format!("{:#}", t(50)).lines().count(), 53);
        let wide = Table::new((0..100).map(|i| (format!("column_{i}"), [0.5]))).unwrap();
        assert!(format!("{wide:#}").contains("column_50"));
        assert!(!wide.to_string().contains("column_50"));
    }

    #[test]
    fn a_description_is_shown_whole() {
        let summary = crate::datasets::load_titanic().unwrap().describe().unwrap();
        let text = summary.to_string();
        assert!(
            !text.contains("not shown") && !text.contains("first"),
            "{text}"
        );
        assert!(
            text.lines().all(|l| l.chars().count() <= LONG_LINE),
            "{text}"
        );
    }

    #[test]
    fn long_texts_are_cut_and_odd_tables_do_not_break() {
        let long = "x".repeat(1000);
        let t = Table::new([(long.clone(), Column::from([long.as_str()]))]).unwrap();
        assert!(t.to_string().lines().all(|l| l.len() <= 40), "{t}");
        assert_eq!(clean(&"é".repeat(25)).chars().count(), CELL);
        assert_eq!(clean(&"é".repeat(24)), "é".repeat(24));
        assert_eq!(
            clean(&"\u{7}".repeat(24)),
            format!("{}...", r"\u{7}".repeat(4))
        );
        assert_eq!(Table::default().to_string(), "0 rows, 0 columns");
        assert_eq!(
            Table::new([("a", Vec::<f64>::new())]).unwrap().to_string(),
            "       a\n   float\n0 rows, 1 column"
        );
    }

    #[test]
    fn decimals_follow_the_values() {
        assert_eq!(decimals(&[1.0, 2.0]), ["1.0", "2.0"]);
        assert_eq!(decimals(&[0.1 + 0.2, 2.5]), ["0.3", "2.5"]);
        assert_eq!(decimals(&[1e-12, 1.0]), ["1.0000e-12", "1.0000e0"]);
        assert_eq!(decimals(&[f64::INFINITY, -0.5]), ["inf", "-0.5"]);
    }
}
