//! Matrices of nearly low rank.

use ndarray::Array2;
use rand_chacha::ChaCha8Rng;

use super::normals;
use super::settings::setters;
use crate::check::{self, Interval};
use crate::error::Result;
use crate::{linalg, random};

const NAME: &str = "make_low_rank_matrix";

/// A matrix whose singular values fall off like a bell over a fat tail; set up with the methods of
/// [`MakeLowRankMatrix`], then [`build`](MakeLowRankMatrix::build).
///
/// ```
/// use fitwell::{datasets::make_low_rank_matrix, linalg};
///
/// let x = make_low_rank_matrix().n_samples(50).n_features(25).effective_rank(5).tail_strength(0.0).build()?;
/// let s = linalg::thin_svd(&x)?.s;
/// assert!((s[5] - f64::exp(-1.0)).abs() < 1e-12);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn make_low_rank_matrix() -> MakeLowRankMatrix {
    MakeLowRankMatrix::default()
}

/// Settings of [`make_low_rank_matrix`].
///
/// | setting | default | range |
/// | --- | --- | --- |
/// | `n_samples` | 100 | at least 1 |
/// | `n_features` | 100 | at least 1 |
/// | `effective_rank` | 10 | at least 1: raising it widens the bell |
/// | `tail_strength` | 0.5 | `[0, 1]`: the share of the tail |
/// | `random_state` | 0 | |
///
/// The singular vectors are random; the singular value number i, from 0, is
///
/// ```text
/// (1 − tail_strength) exp(−(i / effective_rank)²) + tail_strength exp(−0.1 i / effective_rank)
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MakeLowRankMatrix {
    n_samples: usize,
    n_features: usize,
    effective_rank: usize,
    tail_strength: f64,
    random_state: u64,
}

impl Default for MakeLowRankMatrix {
    fn default() -> Self {
        MakeLowRankMatrix {
            n_samples: 100,
            n_features: 100,
            effective_rank: 10,
            tail_strength: 0.5,
            random_state: 0,
        }
    }
}

impl MakeLowRankMatrix {
    setters! {
        /// The number of rows.
        n_samples: usize,
        /// The number of columns.
        n_features: usize,
        /// The number of singular vectors that explain most of the matrix.
        effective_rank: usize,
        /// The share of the tail in the singular values.
        tail_strength: f64,
        /// The seed.
        random_state: u64,
    }

    /// The matrix, (n_samples, n_features).
    ///
    /// # Errors
    /// `InvalidParameter` for a setting out of range; `TooLarge`.
    pub fn build(&self) -> Result<Array2<f64>> {
        check::count(NAME, "n_samples", self.n_samples, 1)?;
        check::count(NAME, "n_features", self.n_features, 1)?;
        check::count(NAME, "effective_rank", self.effective_rank, 1)?;
        let share = Interval::closed(0.0, 1.0);
        check::real(NAME, "tail_strength", self.tail_strength, share)?;
        let shape = (self.n_samples, self.n_features);
        let mut rng = random::generator(self.random_state);
        low_rank(
            NAME,
            shape,
            self.effective_rank,
            self.tail_strength,
            &mut rng,
        )
    }
}

/// U S V' with random orthonormal U and V.
pub(super) fn low_rank(
    maker: &str,
    (rows, columns): (usize, usize),
    effective_rank: usize,
    tail_strength: f64,
    rng: &mut ChaCha8Rng,
) -> Result<Array2<f64>> {
    let n = rows.min(columns);
    let mut u = linalg::qr(&normals(maker, rows, n, rng)?)?.q;
    let v = linalg::qr(&normals(maker, columns, n, rng)?)?.q;
    for (i, mut column) in u.columns_mut().into_iter().enumerate() {
        let i = i as f64 / effective_rank as f64;
        column *= (1.0 - tail_strength) * (-i * i).exp() + tail_strength * (-0.1 * i).exp();
    }
    linalg::dot(&u, &v.t().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singular_values_follow_the_profile() -> Result<()> {
        for (rows, columns, rank, tail) in [(40, 25, 5, 0.3), (10, 60, 3, 1.0), (1, 1, 1, 0.0)] {
            let maker = make_low_rank_matrix().n_samples(rows).n_features(columns);
            let x = maker.effective_rank(rank).tail_strength(tail).build()?;
            assert_eq!(x.dim(), (rows, columns));
            for (i, &s) in linalg::thin_svd(&x)?.s.iter().enumerate() {
                let i = i as f64 / rank as f64;
                let expected = (1.0 - tail) * f64::exp(-i.powi(2)) + tail * f64::exp(-0.1 * i);
                assert!((s - expected).abs() < 1e-13, "{s} {expected}");
            }
        }
        assert_eq!(
            make_low_rank_matrix().build()?,
            make_low_rank_matrix().build()?
        );
        assert_ne!(
            make_low_rank_matrix().build()?,
            make_low_rank_matrix().random_state(1).build()?
        );
        Ok(())
    }

    #[test]
    fn bad_settings_are_refused() {
        let refused = |maker: MakeLowRankMatrix| maker.build().unwrap_err().to_string();
        assert!(refused(make_low_rank_matrix().n_samples(0)).contains("`n_samples`"));
        assert!(refused(make_low_rank_matrix().n_features(0)).contains("`n_features`"));
        assert!(refused(make_low_rank_matrix().effective_rank(0)).contains("`effective_rank`"));
        for bad in [-0.1, 1.1, f64::NAN] {
            assert!(refused(make_low_rank_matrix().tail_strength(bad)).contains("`tail_strength`"));
        }
        assert!(
            refused(make_low_rank_matrix().n_samples(usize::MAX).n_features(2)).contains("limit")
        );
    }
}
