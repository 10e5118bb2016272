//! How similar rows are: all pairs, or neighbours alone.

use ndarray::{Array1, Array2, ArrayRef2, Axis};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::feature_selection::written::written;
use crate::linalg::matmul;
use crate::metrics::pairwise::{Kernel, Metric};
use crate::neighbors::NeighborsAlgorithm;
use crate::neighbors::search::{Index, Settings};
use crate::parallel;

/// What makes rows similar in [`SpectralClustering`](super::SpectralClustering). By name that of a [`Kernel`], or
/// `"nearest_neighbors"`, `"precomputed"`, `"precomputed_nearest_neighbors"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpectralAffinity {
    /// A kernel whose values are not negative.
    Kernel(Kernel),
    /// 1 for rows that are neighbours of each other, 1/2 where one is a neighbour of the other alone.
    NearestNeighbors,
    /// The samples are the similarities, (n_samples, n_samples).
    Precomputed,
    /// As `NearestNeighbors`; the samples are the distances, (n_samples, n_samples).
    PrecomputedNearestNeighbors,
}

impl Default for SpectralAffinity {
    /// The radial basis functions.
    fn default() -> Self {
        SpectralAffinity::Kernel(Kernel::Rbf)
    }
}

impl From<Kernel> for SpectralAffinity {
    fn from(kernel: Kernel) -> Self {
        match kernel {
            Kernel::Precomputed => SpectralAffinity::Precomputed,
            kernel => SpectralAffinity::Kernel(kernel),
        }
    }
}

impl SpectralAffinity {
    fn write(&self) -> Value {
        match self {
            SpectralAffinity::Kernel(kernel) => serde_json::to_value(kernel).unwrap_or_default(),
            SpectralAffinity::NearestNeighbors => "nearest_neighbors".into(),
            SpectralAffinity::Precomputed => "precomputed".into(),
            SpectralAffinity::PrecomputedNearestNeighbors => "precomputed_nearest_neighbors".into(),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        Some(match value.as_str()? {
            "nearest_neighbors" => SpectralAffinity::NearestNeighbors,
            "precomputed" => SpectralAffinity::Precomputed,
            "precomputed_nearest_neighbors" => SpectralAffinity::PrecomputedNearestNeighbors,
            _ => SpectralAffinity::Kernel(serde_json::from_value(value.clone()).ok()?),
        })
    }
}
written!(
    SpectralAffinity,
    "the name of a kernel, \"nearest_neighbors\", \"precomputed\" or \"precomputed_nearest_neighbors\""
);

/// The similarities that [`SpectralClustering`](super::SpectralClustering) used.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AffinityMatrix {
    /// All of them, (n_samples, n_samples).
    Dense(Array2<f64>),
    /// Those that are not 0, in compressed rows: row i has `data[indptr[i]..indptr[i + 1]]` in the columns
    /// `indices[indptr[i]..indptr[i + 1]]`.
    Sparse {
        /// Where each row begins, and at the end where the last one ends.
        indptr: Vec<usize>,
        /// The columns, rising in each row.
        indices: Vec<usize>,
        /// The similarities.
        data: Vec<f64>,
    },
}

impl AffinityMatrix {
    /// The number of rows.
    pub fn n_rows(&self) -> usize {
        match self {
            AffinityMatrix::Dense(a) => a.nrows(),
            AffinityMatrix::Sparse { indptr, .. } => indptr.len().saturating_sub(1),
        }
    }

    /// All similarities, (n_samples, n_samples), with the zeros.
    ///
    /// # Errors
    /// `TooLarge`, `InvalidInput` where the matrix does not fit in memory.
    pub fn to_dense(&self) -> Result<Array2<f64>> {
        match self {
            AffinityMatrix::Dense(a) => Ok(a.clone()),
            AffinityMatrix::Sparse {
                indptr,
                indices,
                data,
            } => {
                let n = self.n_rows();
                parallel::fits::<f64>("a similarity matrix", (n, n))?;
                let mut out = parallel::zeros((n, n));
                for (mut out, range) in out.rows_mut().into_iter().zip(indptr.windows(2)) {
                    for at in range[0]..range[1] {
                        out[indices[at]] = data[at];
                    }
                }
                Ok(out)
            }
        }
    }

    /// The mean of a neighbourhood relation and its transpose: each row has its neighbours' numbers in `neighbors`.
    fn mutual(neighbors: &Array2<usize>) -> Self {
        let n = neighbors.nrows();
        let mut back = vec![Vec::new(); n];
        for ((i, _), &j) in neighbors.indexed_iter() {
            back[j].push(i);
        }
        let (mut indptr, mut indices, mut data) = (vec![0], Vec::new(), Vec::new());
        for (own, back) in neighbors.rows().into_iter().zip(back) {
            let mut all: Vec<usize> = own.iter().copied().chain(back).collect();
            all.sort_unstable();
            for same in all.chunk_by(|a, b| a == b) {
                indices.push(same[0]);
                data.push(0.5 * same.len() as f64);
            }
            indptr.push(indices.len());
        }
        AffinityMatrix::Sparse {
            indptr,
            indices,
            data,
        }
    }

    /// Neighbours of rows, or by distances: each row counts among its own.
    pub(super) fn of_neighbors(
        estimator: &str,
        x: &ArrayRef2<f64>,
        n_neighbors: usize,
        metric: Metric,
    ) -> Result<Self> {
        let settings = Settings {
            metric,
            params: None,
            p: 2.0,
            algorithm: NeighborsAlgorithm::Auto,
            leaf_size: 30,
            n_neighbors: Some(n_neighbors),
        };
        let index = Index::new(estimator, x, settings)?;
        let (_, neighbors) = index.nearest(x, n_neighbors)?;
        Ok(Self::mutual(&neighbors))
    }
}

/// D^(−1/2) A D^(−1/2) with zeros on the diagonal, of symmetric similarities A of degrees D: one less the normalised
/// Laplacian.
pub(super) struct Normalised {
    pub(super) matrix: AffinityMatrix,
    /// √D; 1 for a row without neighbours.
    pub(super) roots: Array1<f64>,
}

impl Normalised {
    pub(super) fn new(affinity: &AffinityMatrix) -> Result<Self> {
        let mut matrix = match affinity {
            AffinityMatrix::Dense(a) => {
                let n = a.nrows();
                parallel::fits::<f64>("similarities that are normalised", (n, n))?;
                let mut out = parallel::fresh((n, n));
                let rows = parallel::row_chunks(n, n);
                parallel::for_each_row_chunk_mut(&mut out, rows, |first, mut out| {
                    for (i, mut out) in out.rows_mut().into_iter().enumerate() {
                        let both = a.row(first + i).into_iter().zip(a.column(first + i));
                        for (out, (v, w)) in out.iter_mut().zip(both) {
                            *out = 0.5 * v + 0.5 * w;
                        }
                        out[first + i] = 0.0;
                    }
                });
                AffinityMatrix::Dense(out)
            }
            sparse => sparse.clone(),
        };
        let n = matrix.n_rows();
        let degrees: Array1<f64> = match &matrix {
            AffinityMatrix::Dense(a) => a.sum_axis(Axis(1)),
            AffinityMatrix::Sparse {
                indptr,
                indices,
                data,
            } => {
                let others = |i: usize| {
                    let range = indptr[i]..indptr[i + 1];
                    let each = indices[range.clone()].iter().zip(&data[range]);
                    each.filter(|(j, _)| **j != i).map(|(_, v)| v).sum()
                };
                (0..n).map(others).collect()
            }
        };
        for (i, &degree) in degrees.iter().enumerate() {
            if !(degree >= 0.0 && degree.is_finite()) {
                let reason = format!(
                    "row {i} has {degree} as its sum: similarities must not be negative, nor too large"
                );
                return Err(Error::invalid_input("the affinity matrix", reason));
            }
        }
        let roots = degrees.mapv(|d| if d == 0.0 { 1.0 } else { d.sqrt() });
        match &mut matrix {
            AffinityMatrix::Dense(a) => {
                let rows = parallel::row_chunks(n, n);
                parallel::for_each_row_chunk_mut(a, rows, |first, mut a| {
                    for (i, mut a) in a.rows_mut().into_iter().enumerate() {
                        let root = roots[first + i];
                        a.zip_mut_with(&roots, |v, other| *v = *v / root / other);
                    }
                });
            }
            AffinityMatrix::Sparse {
                indptr,
                indices,
                data,
            } => {
                for i in 0..n {
                    for at in indptr[i]..indptr[i + 1] {
                        let j = indices[at];
                        data[at] = match i == j {
                            true => 0.0,
                            false => data[at] / roots[i] / roots[j],
                        };
                    }
                }
            }
        }
        Ok(Normalised { matrix, roots })
    }

    /// Times some columns, (n, b).
    pub(super) fn times(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        match &self.matrix {
            AffinityMatrix::Dense(a) => matmul(a, x),
            AffinityMatrix::Sparse {
                indptr,
                indices,
                data,
            } => {
                let (n, b) = x.dim();
                let mut out = parallel::zeros((n, b));
                let rows = parallel::row_chunks(n, 16 * b);
                parallel::for_each_row_chunk_mut(&mut out, rows, |first, mut out| {
                    for (i, mut out) in out.rows_mut().into_iter().enumerate() {
                        for at in indptr[first + i]..indptr[first + i + 1] {
                            out.scaled_add(data[at], &x.row(indices[at]));
                        }
                    }
                });
                out
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn neighbours_of_each_other_count_twice() {
        let x = array![[0.0], [1.0], [1.5], [9.0]];
        let affinity = AffinityMatrix::of_neighbors("t", &x, 2, Metric::Euclidean).unwrap();
        let expected = array![
            [1.0, 0.5, 0.0, 0.0],
            [0.5, 1.0, 1.0, 0.0],
            [0.0, 1.0, 1.0, 0.5],
            [0.0, 0.0, 0.5, 1.0]
        ];
        assert_eq!(affinity.to_dense().unwrap(), expected);
        let sparse = Normalised::new(&affinity).unwrap();
        let dense = Normalised::new(&AffinityMatrix::Dense(expected)).unwrap();
        assert_eq!(sparse.roots, dense.roots);
        assert_eq!(sparse.roots[0], 0.5f64.sqrt());
        assert_eq!(
            sparse.matrix.to_dense().unwrap(),
            dense.matrix.to_dense().unwrap()
        );
        let v = array![[1.0, 2.0], [0.0, -1.0], [3.0, 0.5], [1.0, 1.0]];
        let d = sparse.times(&v) - dense.times(&v);
        assert!(d.iter().all(|d| d.abs() < 1e-15));
        // The roots of the degrees are the eigenvector of the eigenvalue 1.
        let roots = sparse.roots.clone().insert_axis(Axis(1));
        let d = sparse.times(&roots) - &roots;
        assert!(d.iter().all(|d| d.abs() < 1e-15));
    }

    #[test]
    fn affinities_have_names() {
        for name in [
            "rbf",
            "poly",
            "nearest_neighbors",
            "precomputed",
            "precomputed_nearest_neighbors",
        ] {
            let read = SpectralAffinity::read(&name.into()).unwrap();
            assert_eq!(read.write(), name);
        }
        assert_eq!(
            SpectralAffinity::read(&"polynomial".into()),
            Some(Kernel::Poly.into())
        );
        assert_eq!(SpectralAffinity::read(&"far".into()), None);
    }

    #[test]
    fn negative_sums_are_refused() {
        let a = AffinityMatrix::Dense(array![[1.0, -0.5], [-0.5, 1.0]]);
        assert!(Normalised::new(&a).is_err());
        let alone = AffinityMatrix::Dense(array![[1.0, 0.0], [0.0, 1.0]]);
        assert_eq!(Normalised::new(&alone).unwrap().roots, array![1.0, 1.0]);
    }
}
