//! What encoders of categories share: which categories a column has, which of them are rare, how values are looked up, how
//! categories are written into names and read back.

mod decode;
mod encoder;
mod infrequent;
mod input;
mod known;
mod lookup;
mod number;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::table::Cell;

pub(super) use decode::{Decoded, INFREQUENT};
pub(super) use encoder::{encoder, fitted_encoder};
pub(super) use infrequent::Grouping;
pub use infrequent::MinFrequency;
pub(super) use input::{Input, matrix_inputs, table_inputs};
pub(super) use known::{KnownColumn, Learning, validate};
pub(super) use lookup::tally;
pub(super) use number::Number;

/// Which categories a column has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Categories {
    /// Those that occur at fit, sorted; a missing value is one more, the last.
    #[default]
    Auto,
    /// For each column its categories, in the order of the codes and of the output; a missing value last.
    Given(Vec<Vec<Cell>>),
}

impl Categories {
    /// Each list has a category, none twice, a missing value last.
    pub(super) fn check(&self, estimator: &str) -> Result<()> {
        let Categories::Given(lists) = self else {
            return Ok(());
        };
        let refuse = |expected: &str, cells: &[Cell]| {
            let got = list(cells);
            Err(Error::invalid_parameter(
                estimator,
                "categories",
                expected,
                got,
            ))
        };
        for cells in lists {
            let all: std::collections::BTreeSet<&Cell> = cells.iter().collect();
            if all.len() < cells.len() || cells.is_empty() {
                return refuse("lists of at least one category, each once", cells);
            }
            if cells[..cells.len() - 1].contains(&Cell::Missing) {
                return refuse("with missing last", cells);
            }
        }
        Ok(())
    }
}

/// `[a, b, c]`, a long list shortened.
fn list(cells: &[Cell]) -> String {
    let shown: Vec<String> = cells.iter().take(20).map(Cell::to_string).collect();
    format!("[{}]", shown.join(", "))
}
