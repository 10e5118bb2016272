//! Embedding: categories become learned vectors.

use crate::error::{Error, Result};
use crate::float::Float;

/// The row of a category in its table: 0 for an unknown one.
#[inline]
fn row<F: Float>(code: F, n_categories: usize) -> usize {
    let code = code.f64();
    if code >= 0.0 && code < n_categories as f64 {
        code as usize + 1
    } else {
        0
    }
}

/// Columns of categories hold whole numbers; how many categories each has.
///
/// # Errors
/// `InvalidInput` with the first value that is no whole number.
pub(super) fn categories<F: Float>(
    x: &ndarray::ArrayRef2<F>,
    columns: &[usize],
) -> Result<Vec<usize>> {
    let mut counts = Vec::with_capacity(columns.len());
    for &column in columns.iter().filter(|&&c| c < x.ncols()) {
        let mut most = 0.0f64;
        for (i, code) in x.column(column).iter().enumerate() {
            let code = code.f64();
            if code.fract() != 0.0 || code >= 2_147_483_647.0 {
                return Err(Error::invalid_input(
                    format!("column {column} of X, which is embedded"),
                    format!("row {i} is {code}, categories are 0, 1, 2, ..."),
                ));
            }
            most = most.max(code + 1.0);
        }
        counts.push(most as usize);
    }
    Ok(counts)
}

/// The sizes of an embedding layer.
pub(super) struct Shape<'a> {
    /// The width of the input and of the output.
    pub(super) n_inputs: usize,
    pub(super) n_outputs: usize,
    pub(super) columns: &'a [usize],
    /// Of each column; its table has one row more, the first, for unknown categories.
    pub(super) n_categories: &'a [usize],
    pub(super) output_dim: usize,
}

impl Shape<'_> {
    /// The other columns, and then the vectors of the embedded ones.
    pub(super) fn forward<F: Float>(&self, x: &[F], tables: &[F], out: &mut [F]) {
        let dim = self.output_dim;
        let rows = x.chunks_exact(self.n_inputs);
        for (x, out) in rows.zip(out.chunks_exact_mut(self.n_outputs)) {
            let mut at = 0;
            for (j, &v) in x.iter().enumerate() {
                if !self.columns.contains(&j) {
                    out[at] = v;
                    at += 1;
                }
            }
            let mut table = 0;
            for (&column, &k) in self.columns.iter().zip(self.n_categories) {
                let from = table + row(x[column], k) * dim;
                out[at..at + dim].copy_from_slice(&tables[from..from + dim]);
                at += dim;
                table += (k + 1) * dim;
            }
        }
    }

    /// The derivative by each vector: the sum over the rows that use it.
    pub(super) fn backward<F: Float>(&self, x: &[F], delta: &[F], gradient: &mut [F]) {
        gradient.fill(F::zero());
        let dim = self.output_dim;
        let vectors = self.n_outputs - self.columns.len() * dim;
        let rows = x.chunks_exact(self.n_inputs);
        for (x, delta) in rows.zip(delta.chunks_exact(self.n_outputs)) {
            let mut at = vectors;
            let mut table = 0;
            for (&column, &k) in self.columns.iter().zip(self.n_categories) {
                let to = table + row(x[column], k) * dim;
                for (g, &d) in gradient[to..to + dim].iter_mut().zip(&delta[at..at + dim]) {
                    *g += d;
                }
                at += dim;
                table += (k + 1) * dim;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn vectors_follow_the_other_columns() {
        let shape = Shape {
            n_inputs: 3,
            n_outputs: 4,
            columns: &[1],
            n_categories: &[2],
            output_dim: 2,
        };
        let tables = [0.5, 0.25, 1.0, 2.0, 3.0, 4.0];
        let x = [7.0, 1.0, 8.0, 7.0, -1.0, 8.0, 7.0, 2.0, 8.0];
        let mut out = [0.0; 12];
        shape.forward(&x, &tables, &mut out);
        let unknown = [7.0, 8.0, 0.5, 0.25];
        assert_eq!(out[..4], [7.0, 8.0, 3.0, 4.0]);
        assert_eq!(out[4..8], unknown);
        assert_eq!(out[8..], unknown);
        let mut gradient = [9.0; 6];
        let delta: Vec<f64> = (0..12).map(f64::from).collect();
        shape.backward(&x, &delta, &mut gradient);
        assert_eq!(gradient, [6.0 + 10.0, 7.0 + 11.0, 0.0, 0.0, 2.0, 3.0]);
    }

    #[test]
    fn categories_are_whole_numbers() {
        let x = array![[0.0, 5.0], [-1.0, 2.0]];
        assert_eq!(categories(&x, &[0, 1]).unwrap(), [1, 6]);
        let bad = categories(&array![[0.0], [0.5]], &[0]).unwrap_err();
        assert!(bad.to_string().contains("row 1 is 0.5"), "{bad}");
        assert!(categories(&array![[1e300]], &[0]).is_err());
    }
}
