//! What models learn to predict.

use std::borrow::Borrow;
use std::sync::LazyLock;

use ndarray::{
    Array, Array1, ArrayBase, ArrayRef, ArrayRef1, ArrayRef2, ArrayView2, Axis, Data, Ix1, Ix2,
    RemoveAxis,
};

use crate::error::{Error, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::samples::{check_rows, fingerprint};

/// What a model learns to predict: [`Labels`] for classes, a one-dimensional array for one real target, a
/// two-dimensional one for several, `()` for unsupervised learning.
///
/// [`weighted`](Self::weighted) attaches sample weights, [`grouped`](Self::grouped) the group of each row. Both then travel
/// through every pipeline, split and score.
///
/// ```
/// use fitwell::{linear_model::Ridge, prelude::*};
/// use ndarray::array;
///
/// let (x, y) = (array![[0.0], [1.0], [2.0]], array![0.0, 1.0, 8.0]);
/// let weights = array![1.0, 1.0, 0.0];
/// let model = Ridge::new().alpha(0.0).fit(&x, &y.weighted(&weights))?;
/// assert!(f64::abs(model.coef()[0] - 1.0) < 1e-12);
/// # Ok::<(), Error>(())
/// ```
///
/// An estimator that cannot use sample weights implements [`Estimator`](crate::Estimator) for the plain target only, and
/// does not compile with a weighted one:
///
/// ```compile_fail,E0277
/// use fitwell::prelude::*;
/// use ndarray::{ArrayRef2, array};
///
/// struct Commonest; // predicts the most frequent class; cannot use weights
///
/// impl Estimator<ArrayRef2<f64>, Labels> for Commonest {
///     type Fitted = Option<Class>;
///     fn fit(&self, _: &ArrayRef2<f64>, y: &Labels) -> Result<Option<Class>> {
///         Ok(y.classes().iter().zip(y.counts()).max_by_key(|(_, n)| *n).map(|(class, _)| class.clone()))
///     }
/// }
///
/// let (x, y) = (array![[0.0], [1.0]], Labels::from(["a", "b"]));
/// let fitted = Commonest.fit(&x, &y); // compiles
/// let fitted = Commonest.fit(&x, &y.weighted(&array![1.0, 2.0])); // does not
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a target to learn",
    label = "expected `Labels`, a real array, or `()`",
    note = "classes: `Labels::from(values)`; real targets: a 1- or 2-dimensional `ndarray` array; unsupervised: `&()`"
)]
pub trait Targets: Sync {
    /// What a selection of rows gives.
    type Owned: Borrow<Self> + Send + Sync;

    /// The number of rows, or `None` for a target that has none, as `()`.
    fn n_rows(&self) -> Option<usize>;

    /// The rows at the given positions.
    ///
    /// # Errors
    /// `InvalidInput` when a position is out of range.
    fn select(&self, rows: &[usize]) -> Result<Self::Owned>;

    /// The whole target, owned.
    fn to_owned_target(&self) -> Self::Owned;

    /// The sample weights, if the target carries any.
    fn sample_weight(&self) -> Option<&Array1<f64>> {
        None
    }

    /// The group of each row, if the target carries groups.
    fn groups(&self) -> Option<&Labels> {
        None
    }

    /// The classes, if this is a target of classes; used to stratify.
    fn as_labels(&self) -> Option<&Labels> {
        None
    }

    /// The values of the rows at the given positions, one position for each row; weights and groups stay where they are.
    /// What [`permutation_test_score`](crate::model_selection::permutation_test_score) shuffles.
    ///
    /// # Errors
    /// As [`select`](Self::select).
    fn rearranged(&self, rows: &[usize]) -> Result<Self::Owned> {
        self.select(rows)
    }

    /// What tells this target from others, but for chance: of its values, weights and groups where they are known, of their
    /// number otherwise.
    #[doc(hidden)]
    fn fingerprint(&self) -> u64 {
        fingerprint(self.n_rows().map(|n| n as u64))
    }

    /// This target with a weight for each row. `fit` refuses weights of the wrong length, negative or not finite.
    fn weighted<S: Data<Elem = f64>>(&self, weights: &ArrayBase<S, Ix1>) -> Weighted<Self> {
        Weighted {
            target: self.to_owned_target(),
            weights: Some(weights.to_owned()),
            groups: None,
        }
    }

    /// This target with a group for each row: rows of one patient, one day, one machine, which must not be on both sides
    /// of a split.
    ///
    /// Splitters such as [`GroupKFold`](crate::model_selection::GroupKFold) read them. They are part of the target, as
    /// weights are, and not of the splitter: whatever selects rows of the target selects their groups too, so that a search
    /// inside a cross-validation, which sees some rows only, splits those by their own groups. `fit` refuses groups of the
    /// wrong length and uses them for nothing else.
    ///
    /// ```
    /// use fitwell::model_selection::{DefaultScore, GroupKFold, cross_val_score};
    /// use fitwell::{linear_model::Ridge, prelude::*};
    /// use ndarray::{Array1, Array2};
    ///
    /// let x = Array2::from_shape_fn((12, 1), |(i, _)| i as f64);
    /// let y = Array1::from_shape_fn(12, |i| 3.0 * i as f64 + 1.0);
    /// let patients: Labels = (0..12).map(|i| format!("patient {}", i % 4)).collect();
    /// let cv = GroupKFold::new().n_splits(2);
    /// let scores = cross_val_score(&Ridge::new(), &x, &y.grouped(&patients), &cv, &DefaultScore)?;
    /// assert_eq!(scores.len(), 2);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// An estimator that is implemented for the plain target only is validated with the splits themselves: a list of splits
    /// is a splitter too, [`GroupKFold::split`](crate::model_selection::CrossValidator::split) makes it.
    fn grouped(&self, groups: &Labels) -> Weighted<Self> {
        Weighted {
            target: self.to_owned_target(),
            weights: None,
            groups: Some(groups.clone()),
        }
    }
}

impl Targets for () {
    type Owned = ();
    fn n_rows(&self) -> Option<usize> {
        None
    }
    fn select(&self, _: &[usize]) -> Result<()> {
        Ok(())
    }
    fn to_owned_target(&self) {}
}

impl Targets for Labels {
    type Owned = Labels;
    fn n_rows(&self) -> Option<usize> {
        Some(self.len())
    }
    fn select(&self, rows: &[usize]) -> Result<Labels> {
        check_rows(rows, self.len())?;
        Ok(self.take(rows))
    }
    fn to_owned_target(&self) -> Labels {
        self.clone()
    }
    fn as_labels(&self) -> Option<&Labels> {
        Some(self)
    }
    fn fingerprint(&self) -> u64 {
        let classes: Vec<u64> = self.classes().iter().map(of_class).collect();
        fingerprint(self.codes().iter().map(|&code| classes[code as usize]))
    }
}

/// A class by its kind and text.
fn of_class(class: &Class) -> u64 {
    let kind = match class {
        Class::Int(_) => 0,
        Class::Bool(_) => 1,
        Class::Text(_) => 2,
    };
    let text = class.to_string();
    fingerprint(std::iter::once(kind).chain(text.bytes().map(u64::from)))
}

impl<F: Float, D: TargetDim> Targets for ArrayRef<F, D> {
    type Owned = Array<F, D>;
    fn n_rows(&self) -> Option<usize> {
        Some(self.len_of(Axis(0)))
    }
    fn select(&self, rows: &[usize]) -> Result<Array<F, D>> {
        check_rows(rows, self.len_of(Axis(0)))?;
        Ok(ArrayRef::select(self, Axis(0), rows))
    }
    fn to_owned_target(&self) -> Array<F, D> {
        self.to_owned()
    }
    fn fingerprint(&self) -> u64 {
        let shape = self.shape().iter().map(|&n| n as u64);
        fingerprint(shape.chain(self.iter().map(|v| v.f64().to_bits())))
    }
}

/// [`Targets`] in any container: what generic functions such as
/// [`cross_validate`](crate::model_selection::cross_validate) accept, so that an owned array or a view can be passed as it is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a target",
    label = "expected `Labels`, a real array, either of them `weighted`, or `()`"
)]
pub trait AsTargets {
    /// The target inside: [`ArrayRef`] for arrays, the type itself otherwise.
    type Targets: Targets + ?Sized;

    /// The target inside.
    fn as_targets(&self) -> &Self::Targets;
}

impl<Y: Targets + ?Sized> AsTargets for Y {
    type Targets = Y;
    fn as_targets(&self) -> &Y {
        self
    }
}

impl<F: Float, D: TargetDim, S: Data<Elem = F>> AsTargets for ArrayBase<S, D, F> {
    type Targets = ArrayRef<F, D>;
    fn as_targets(&self) -> &ArrayRef<F, D> {
        self
    }
}

/// A target that carries sample weights, groups, or both; made by [`Targets::weighted`] and [`Targets::grouped`].
pub struct Weighted<Y: Targets + ?Sized> {
    target: Y::Owned,
    weights: Option<Array1<f64>>,
    groups: Option<Labels>,
}

impl<Y: Targets + ?Sized> Weighted<Y> {
    /// The target without its weights and groups.
    pub fn target(&self) -> &Y {
        self.target.borrow()
    }

    /// The weights; empty if the target carries groups alone.
    pub fn weights(&self) -> &Array1<f64> {
        static NONE: LazyLock<Array1<f64>> = LazyLock::new(|| Array1::zeros(0));
        self.weights.as_ref().unwrap_or(&NONE)
    }

    /// The same target and groups with these weights.
    #[must_use]
    pub fn weighted<S: Data<Elem = f64>>(&self, weights: &ArrayBase<S, Ix1>) -> Self {
        Weighted {
            target: self.target().to_owned_target(),
            weights: Some(weights.to_owned()),
            groups: self.groups.clone(),
        }
    }

    /// The same target and weights with these groups.
    #[must_use]
    pub fn grouped(&self, groups: &Labels) -> Self {
        Weighted {
            target: self.target().to_owned_target(),
            weights: self.weights.clone(),
            groups: Some(groups.clone()),
        }
    }

    /// Another target with the same weights and groups.
    pub(crate) fn with_target<Z: Targets + ?Sized>(&self, target: Z::Owned) -> Weighted<Z> {
        Weighted {
            target,
            weights: self.weights.clone(),
            groups: self.groups.clone(),
        }
    }

    /// The number of rows of the first part that has rows.
    pub(crate) fn count(&self) -> usize {
        let weights = || self.weights.as_ref().map(Array1::len);
        let groups = || self.groups.as_ref().map(Labels::len);
        self.n_rows().or_else(weights).or_else(groups).unwrap_or(0)
    }
}

impl<Y: Targets + ?Sized> Clone for Weighted<Y>
where
    Y::Owned: Clone,
{
    fn clone(&self) -> Self {
        Weighted {
            target: self.target.clone(),
            weights: self.weights.clone(),
            groups: self.groups.clone(),
        }
    }
}

impl<Y: Targets + ?Sized> std::fmt::Debug for Weighted<Y>
where
    Y::Owned: std::fmt::Debug,
{
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = f.debug_struct("Weighted");
        out.field("target", &self.target);
        if let Some(weights) = &self.weights {
            out.field("weights", weights);
        }
        if let Some(groups) = &self.groups {
            out.field("groups", groups);
        }
        out.finish()
    }
}

impl<Y: Targets + ?Sized> Targets for Weighted<Y> {
    type Owned = Weighted<Y>;
    fn n_rows(&self) -> Option<usize> {
        self.target().n_rows()
    }
    fn select(&self, rows: &[usize]) -> Result<Self> {
        let n = self.count();
        for (what, got) in [
            (
                "number of sample weights",
                self.weights.as_ref().map(Array1::len),
            ),
            ("number of groups", self.groups.as_ref().map(Labels::len)),
        ] {
            if let Some(got) = got
                && got != n
            {
                return Err(Error::shape(what, n, got));
            }
        }
        check_rows(rows, n)?;
        Ok(Weighted {
            target: self.target().select(rows)?,
            weights: self.weights.as_ref().map(|w| w.select(Axis(0), rows)),
            groups: self.groups.as_ref().map(|g| g.take(rows)),
        })
    }
    fn rearranged(&self, rows: &[usize]) -> Result<Self> {
        Ok(self.with_target(self.target().rearranged(rows)?))
    }
    fn to_owned_target(&self) -> Self {
        self.with_target(self.target().to_owned_target())
    }
    fn sample_weight(&self) -> Option<&Array1<f64>> {
        self.weights
            .as_ref()
            .or_else(|| self.target().sample_weight())
    }
    fn groups(&self) -> Option<&Labels> {
        self.groups.as_ref().or_else(|| self.target().groups())
    }
    fn as_labels(&self) -> Option<&Labels> {
        self.target().as_labels()
    }
    fn fingerprint(&self) -> u64 {
        let weights = self.weights.iter().map(|w| {
            let bits = w.iter().map(|w| w.to_bits());
            fingerprint(std::iter::once(1).chain(bits))
        });
        let groups = self
            .groups
            .iter()
            .map(|g| fingerprint([2, g.fingerprint()]));
        let target = std::iter::once(self.target().fingerprint());
        fingerprint(target.chain(weights).chain(groups))
    }
}

/// A target of classes, with or without weights: what a classifier learns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a target of classes",
    label = "a classifier learns `Labels`",
    note = "convert integers, booleans or texts with `Labels::from(values)`; real targets need a regressor"
)]
pub trait ClassTarget: Targets {
    /// The class of each row.
    fn labels(&self) -> &Labels;
}

impl ClassTarget for Labels {
    fn labels(&self) -> &Labels {
        self
    }
}

impl ClassTarget for Weighted<Labels> {
    fn labels(&self) -> &Labels {
        self.target()
    }
}

/// One real target, with or without weights.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not one real target of `{F}`",
    label = "a regressor of one target learns a 1-dimensional array of the samples' element type"
)]
pub trait RealTarget<F>: Targets {
    /// The value of each row.
    fn values(&self) -> &ArrayRef1<F>;
}

impl<F: Float> RealTarget<F> for ArrayRef1<F> {
    fn values(&self) -> &ArrayRef1<F> {
        self
    }
}

impl<F: Float> RealTarget<F> for Weighted<ArrayRef1<F>> {
    fn values(&self) -> &ArrayRef1<F> {
        self.target()
    }
}

/// One or several real targets, with or without weights; predictions have the same number of dimensions.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a real target of `{F}`",
    label = "a regressor learns a 1- or 2-dimensional array of the samples' element type",
    note = "integers convert with `y.mapv(|v| v as f64)`; classes need a classifier"
)]
pub trait RealTargets<F>: Targets {
    /// [`Ix1`](type@Ix1) for one target, [`Ix2`](type@Ix2) for several.
    type Dim: TargetDim;
    /// The targets as columns, (n_samples, n_targets).
    fn columns(&self) -> ArrayView2<'_, F>;
}

impl<F: Float, D: TargetDim> RealTargets<F> for ArrayRef<F, D> {
    type Dim = D;
    fn columns(&self) -> ArrayView2<'_, F> {
        D::columns(self)
    }
}

impl<F: Float, D: TargetDim> RealTargets<F> for Weighted<ArrayRef<F, D>> {
    type Dim = D;
    fn columns(&self) -> ArrayView2<'_, F> {
        D::columns(self.target())
    }
}

/// The shape of a real target: [`Ix1`](type@Ix1) for one, [`Ix2`](type@Ix2) for several. Sealed.
pub trait TargetDim: RemoveAxis + sealed::Sealed {
    /// `"1"` or `"2"`, as model files name it.
    const NAME: &'static str;
    /// Any array of this shape as columns.
    fn columns<F>(values: &ArrayRef<F, Self>) -> ArrayView2<'_, F>;
    /// Columns as an array of this shape; of several columns, `Ix1` keeps the first.
    fn from_columns<F: Float>(columns: ndarray::Array2<F>) -> Array<F, Self>;
}

#[allow(unnameable_types)]
mod sealed {
    pub trait Sealed {}
    impl Sealed for ndarray::Ix1 {}
    impl Sealed for ndarray::Ix2 {}
}

impl TargetDim for Ix1 {
    const NAME: &'static str = "1";
    fn columns<F>(values: &ArrayRef1<F>) -> ArrayView2<'_, F> {
        values.view().insert_axis(Axis(1))
    }
    fn from_columns<F: Float>(columns: ndarray::Array2<F>) -> Array1<F> {
        if columns.ncols() == 1 && columns.is_standard_layout() {
            let n = columns.nrows();
            let (values, offset) = columns.into_raw_vec_and_offset();
            if offset.unwrap_or(0) == 0 && values.len() == n {
                return Array1::from_vec(values);
            }
            return Array1::from_iter(values.into_iter().skip(offset.unwrap_or(0)).take(n));
        }
        columns.column(0).to_owned()
    }
}

impl TargetDim for Ix2 {
    const NAME: &'static str = "2";
    fn columns<F>(values: &ArrayRef2<F>) -> ArrayView2<'_, F> {
        values.view()
    }
    fn from_columns<F: Float>(columns: ndarray::Array2<F>) -> ndarray::Array2<F> {
        columns
    }
}
