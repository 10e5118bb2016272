//! Categories written into names, and back into columns.

use super::KnownColumn;
use super::known::Values;
use crate::table::{Categorical, Cell, Column, ColumnKind};

/// How names and inverses call the categories that were put together: scikit-learn's word.
pub(in crate::preprocessing) const INFREQUENT: &str = "infrequent_sklearn";

/// What a row is found to have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::preprocessing) enum Decoded {
    Category(usize),
    Infrequent,
    /// No category at fit.
    Unknown,
}

impl KnownColumn {
    /// Categories row by row as a column of the kind at fit; what is unknown or missing is missing. With infrequent
    /// categories it is a column of texts, as the group of them is no number.
    pub(in crate::preprocessing) fn decoded(&self, rows: &[Decoded]) -> Column {
        if !self.infrequent.is_empty() {
            return self.decoded_texts(rows);
        }
        let category = |row: &Decoded| match *row {
            Decoded::Category(category) => Some(category),
            _ => None,
        };
        match &self.values {
            Values::Numbers(values) => {
                let number = |row| category(row).and_then(|c| values.get(c).copied());
                let numbers = rows.iter().map(|row| number(row).unwrap_or(f64::NAN));
                match self.kind {
                    ColumnKind::Integer => Column::Integer(numbers.collect()),
                    _ => Column::Float(numbers.collect()),
                }
            }
            Values::Booleans(values) => {
                let boolean = |row| category(row).and_then(|c| values.get(c).copied());
                Column::Boolean(rows.iter().map(boolean).collect())
            }
            Values::Texts(_) => self.decoded_texts(rows),
        }
    }

    fn decoded_texts(&self, rows: &[Decoded]) -> Column {
        let known = self.values.len();
        let mut texts: Vec<String> = (0..known).map(|i| self.label(&self.cell(i))).collect();
        let mut group = Categorical::MISSING;
        if !self.infrequent.is_empty() {
            // A category may have this very name.
            let at = texts.iter().position(|t| t == INFREQUENT);
            group = at.unwrap_or(known) as u32;
            if at.is_none() {
                texts.push(INFREQUENT.into());
            }
        }
        let code = |row: &Decoded| match *row {
            Decoded::Category(category) if category < known => category as u32,
            Decoded::Infrequent => group,
            _ => Categorical::MISSING,
        };
        let codes = rows.iter().map(code).collect();
        Column::Categorical(Categorical::sorted(codes, texts).observed())
    }

    /// A category as scikit-learn writes it into a name.
    pub(in crate::preprocessing) fn label(&self, cell: &Cell) -> String {
        match cell {
            Cell::Boolean(true) => "True".into(),
            Cell::Boolean(false) => "False".into(),
            Cell::Number(v) if self.kind == ColumnKind::Float => real_label(*v, self.single),
            other => other.to_string(),
        }
    }
}

/// A real number as Python writes it: `3.0`, `1e+16`, `1e-05`; NumPy writes one of single precision as `1e+06` already.
fn real_label(v: f64, single: bool) -> String {
    let magnitude = v.abs();
    let plain = 1e-4..if single { 1e6 } else { 1e16 };
    let narrow = v as f32;
    if magnitude == 0.0 || plain.contains(&magnitude) {
        return match single {
            true => format!("{narrow:?}"),
            false => format!("{v:?}"),
        };
    }
    let text = match single {
        true => format!("{narrow:e}"),
        false => format!("{v:e}"),
    };
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(exponent) => ('-', exponent),
                None => ('+', exponent),
            };
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_python_writes_them() {
        for (v, text) in [
            (3.0, "3.0"),
            (-0.5, "-0.5"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (123456789012345.0, "123456789012345.0"),
            (0.0, "0.0"),
        ] {
            assert_eq!(real_label(v, false), text);
        }
        for (v, text) in [
            (0.1f32, "0.1"),
            (3.0, "3.0"),
            (1e-5, "1e-05"),
            (1e-4, "1e-04"),
            (123456.79, "123456.79"),
            (1e6, "1e+06"),
            (16777216.0, "1.6777216e+07"),
        ] {
            assert_eq!(real_label(v.into(), true), text);
        }
    }
}
