//! Parts as an indented list.

use std::fmt;

use super::{FittedPart, Kind, NoParts, Part, Parts, REMAINDER};
use crate::pipeline::{InputColumn, Remainder};
use crate::table::legible;

/// Parts as an indented list.
pub trait DescribeParts {
    /// One line or more for each part; `columns` are those at fit, empty before.
    ///
    /// # Errors
    /// The formatter's.
    fn describe(&self, columns: &[InputColumn], f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

impl DescribeParts for NoParts {
    fn describe(&self, _: &[InputColumn], _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

/// A line if the rest passes through.
impl DescribeParts for Remainder {
    fn describe(&self, _: &[InputColumn], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remainder::Drop => Ok(()),
            Remainder::Passthrough => line(f, REMAINDER, "", "Passthrough()"),
        }
    }
}

impl<A: DescribeParts, K: Kind, S: fmt::Display> DescribeParts for Parts<A, Part<K, S>> {
    fn describe(&self, columns: &[InputColumn], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.before.describe(columns, f)?;
        let part = &self.last;
        let chosen = match &part.columns {
            _ if K::WHOLE || part.name == REMAINDER => String::new(),
            chosen => chosen.to_string(),
        };
        line(f, &part.name, &chosen, &part.step.to_string())
    }
}

impl<A: DescribeParts, K: Kind, M: fmt::Display> DescribeParts for Parts<A, FittedPart<K, M>> {
    fn describe(&self, columns: &[InputColumn], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.before.describe(columns, f)?;
        let part = &self.last;
        let names = part.columns.iter().filter_map(|&c| columns.get(c));
        let names: Vec<_> = names.map(|column| legible(column.name())).collect();
        let chosen = match K::WHOLE {
            true => String::new(),
            false => format!("[{}]", shown(&names)),
        };
        match &part.model {
            Some(model) => line(f, &part.name, &chosen, &model.to_string()),
            None if part.name == REMAINDER => Ok(()),
            None => line(f, &part.name, &chosen, "no columns"),
        }
    }
}

/// `  name [columns]: step`, a step of several lines indented below.
fn line(f: &mut fmt::Formatter<'_>, name: &str, columns: &str, step: &str) -> fmt::Result {
    let space = if columns.is_empty() { "" } else { " " };
    write!(f, "\n  {}{space}{columns}:", legible(name))?;
    if step.contains('\n') {
        step.lines().try_for_each(|line| write!(f, "\n    {line}"))
    } else {
        write!(f, " {step}")
    }
}

/// `a, b, c`, a long list shortened.
fn shown<T: fmt::Display>(items: &[T]) -> String {
    const SHOWN: usize = 12;
    let first = items.iter().take(SHOWN).map(T::to_string);
    let mut text = first.collect::<Vec<_>>().join(", ");
    if items.len() > SHOWN {
        text.push_str(&format!(", ... ({} in all)", items.len()));
    }
    text
}
