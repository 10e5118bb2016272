//! Means and centred products of columns.

use ndarray::{Array1, Array2, ArrayRef2, ArrayView2, Axis, s};

use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::parallel;

/// Weighted means and centred products of the columns of x (n, p) and y (n, q), with weights w (n).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Moments<F> {
    /// Σ w, the number of rows when there are no weights.
    pub weight_sum: f64,
    /// Weighted means of the columns of x (p); zeros when not centred.
    pub x_mean: Array1<F>,
    /// Weighted means of the columns of y (q); zeros when not centred.
    pub y_mean: Array1<F>,
    /// Σ w (x - x_mean)(x - x_mean)', symmetric, (p, p).
    pub xtx: Array2<F>,
    /// Σ w (x - x_mean)(y - y_mean)', (p, q); q is 0 without y.
    pub xty: Array2<F>,
}

/// The sums over some rows, in f64.
struct Partial {
    weight: f64,
    /// Means of the columns of [x y].
    mean: Array1<f64>,
    /// Centred products, (p, p + q), of which the upper triangle of the first p columns counts.
    products: Array2<f64>,
}

/// Column means and the centred products X'X and X'y in one pass over the rows, without a copy of X.
///
/// Each block of rows is centred about its own mean before its products are formed, and blocks are joined by the update
/// of Chan, Golub and LeVeque (1983), in f64: a large mean does not cancel the digits of a small variance. With
/// `center` false the products are those of the columns as they are, and the means are 0. A row of weight 0 counts as
/// absent. n p (p + 2 q) operations.
///
/// ```
/// use fitwell::linalg::moments;
/// use ndarray::array;
///
/// let m = moments(&array![[1.0], [3.0]], Some(&array![[10.0], [14.0]]), None, true)?;
/// assert_eq!((m.x_mean[0], m.y_mean[0]), (2.0, 12.0));
/// assert_eq!((m.xtx[[0, 0]], m.xty[[0, 0]]), (2.0, 4.0));
/// # Ok::<(), fitwell::Error>(())
/// ```
///
/// # Errors
/// `ShapeMismatch` when y or the weights have another number of rows than x; `NonFinite` with the position of a value
/// of x or y that is not finite; what [`check::weights`] says of the weights; `Overflow` when a sum is too large.
pub fn moments<F: Float>(
    x: &ArrayRef2<F>,
    y: Option<&ArrayRef2<F>>,
    weights: Option<&[f64]>,
    center: bool,
) -> Result<Moments<F>> {
    let (n, p) = x.dim();
    let none = Array2::zeros((n, 0));
    let y: ArrayView2<'_, F> = y.map_or(none.view(), |y| y.view());
    let q = y.ncols();
    if y.nrows() != n {
        return Err(Error::shape("number of rows of y", n, y.nrows()));
    }
    if let Some(w) = weights {
        check::weights(&Array1::from(w.to_vec()), n)?;
    }
    let partials = parallel::map_chunks(n, parallel::row_chunks(n, p + q), |rows| {
        partial(
            x.slice(s![rows.clone(), ..]),
            y.slice(s![rows.clone(), ..]),
            weights.map(|w| &w[rows]),
            center,
        )
    });
    let mut total = Partial {
        weight: 0.0,
        mean: Array1::zeros(p + q),
        products: Array2::zeros((p, p + q)),
    };
    for part in partials {
        total.add(&part, p);
    }
    let mut xtx = Array2::zeros((p, p));
    for i in 0..p {
        for j in i..p {
            let v = F::of(total.products[[i, j]]);
            xtx[[i, j]] = v;
            xtx[[j, i]] = v;
        }
    }
    let moments = Moments {
        weight_sum: total.weight,
        x_mean: total.mean.slice(s![..p]).mapv(F::of),
        y_mean: total.mean.slice(s![p..]).mapv(F::of),
        xtx,
        xty: total.products.slice(s![.., p..]).mapv(F::of),
    };
    let sums = [moments.xtx.view(), moments.xty.view()];
    let finite = sums.iter().all(|a| parallel::all_finite(a))
        && (moments.x_mean.iter().chain(&moments.y_mean)).all(|v| v.is_finite());
    if !finite {
        check::finite(x, "X")?;
        check::finite(&y, "y")?;
        return Err(ErrorKind::Overflow {
            estimator: "moments".into(),
            what: "a sum of products".into(),
        }
        .into());
    }
    Ok(moments)
}

fn partial<F: Float>(
    x: ArrayView2<'_, F>,
    y: ArrayView2<'_, F>,
    weights: Option<&[f64]>,
    center: bool,
) -> Partial {
    let (n, p) = x.dim();
    let q = y.ncols();
    let weight: f64 = weights.map_or(n as f64, |w| w.iter().sum());
    let mut mean = Array1::<f64>::zeros(p + q);
    if center && weight > 0.0 {
        for i in 0..n {
            let w = weights.map_or(1.0, |w| w[i]);
            for (m, v) in mean.iter_mut().zip(x.row(i).iter().chain(y.row(i))) {
                *m += w * v.f64();
            }
        }
        mean /= weight;
    }
    let mut z = Array2::<F>::zeros((n, p + q));
    for i in 0..n {
        let w = F::of(weights.map_or(1.0, |w| w[i].sqrt()));
        for ((z, v), m) in (z.row_mut(i).iter_mut())
            .zip(x.row(i).iter().chain(y.row(i)))
            .zip(&mean)
        {
            *z = w * F::of(v.f64() - m);
        }
    }
    let mut products = Array2::zeros((p, p + q));
    if n > 0 && p > 0 {
        F::gemm(
            F::one(),
            z.slice(s![.., ..p]).t(),
            z.view(),
            F::zero(),
            products.view_mut(),
        );
    }
    Partial {
        weight,
        mean,
        products: products.mapv(|v| v.f64()),
    }
}

impl Partial {
    /// The sums over the rows of both.
    fn add(&mut self, other: &Partial, p: usize) {
        self.products += &other.products;
        let weight = self.weight + other.weight;
        if weight > 0.0 {
            let between = self.weight * other.weight / weight;
            let apart = &other.mean - &self.mean;
            for (mut row, &d) in self
                .products
                .axis_iter_mut(Axis(0))
                .zip(&apart.slice(s![..p]))
            {
                row.scaled_add(between * d, &apart);
            }
            self.mean.scaled_add(other.weight / weight, &apart);
        }
        self.weight = weight;
    }
}
