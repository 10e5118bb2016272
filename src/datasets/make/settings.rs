//! Settings that take more than one form.

use ndarray::Array2;

/// One value for all, or one for each.
#[derive(Clone, Debug, PartialEq)]
pub enum OneOrMany<T> {
    /// The same for all.
    One(T),
    /// One for each, in order.
    Many(Vec<T>),
}

impl<T: Copy> OneOrMany<T> {
    /// The values, for error messages and checks.
    pub(super) fn values(&self) -> &[T] {
        match self {
            OneOrMany::One(value) => std::slice::from_ref(value),
            OneOrMany::Many(values) => values,
        }
    }
}

/// What is done to each feature in the end.
#[derive(Clone, Debug, PartialEq)]
pub enum Adjustment {
    /// The same number for all features.
    All(f64),
    /// One number for each feature.
    Each(Vec<f64>),
    /// Numbers drawn at random, one for each feature.
    Random,
}

impl Adjustment {
    pub(super) fn values(&self) -> &[f64] {
        match self {
            Adjustment::All(value) => std::slice::from_ref(value),
            Adjustment::Each(values) => values,
            Adjustment::Random => &[],
        }
    }
}

/// Where clusters lie.
#[derive(Clone, Debug, PartialEq)]
pub enum Centers {
    /// So many, at random places.
    Count(usize),
    /// At the rows of a matrix, (n_centers, n_features).
    At(Array2<f64>),
}

macro_rules! one_or_many {
    ($($t:ty),+) => {$(
        impl From<$t> for OneOrMany<$t> {
            fn from(value: $t) -> Self {
                OneOrMany::One(value)
            }
        }
        impl From<Vec<$t>> for OneOrMany<$t> {
            fn from(values: Vec<$t>) -> Self {
                OneOrMany::Many(values)
            }
        }
        impl From<&[$t]> for OneOrMany<$t> {
            fn from(values: &[$t]) -> Self {
                OneOrMany::Many(values.to_vec())
            }
        }
        impl<const N: usize> From<[$t; N]> for OneOrMany<$t> {
            fn from(values: [$t; N]) -> Self {
                OneOrMany::Many(values.to_vec())
            }
        }
    )+};
}
one_or_many!(usize, f64);

impl From<f64> for Adjustment {
    fn from(value: f64) -> Self {
        Adjustment::All(value)
    }
}

impl From<Vec<f64>> for Adjustment {
    fn from(values: Vec<f64>) -> Self {
        Adjustment::Each(values)
    }
}

impl<const N: usize> From<[f64; N]> for Adjustment {
    fn from(values: [f64; N]) -> Self {
        Adjustment::Each(values.to_vec())
    }
}

impl From<usize> for Centers {
    fn from(count: usize) -> Self {
        Centers::Count(count)
    }
}

impl From<Array2<f64>> for Centers {
    fn from(places: Array2<f64>) -> Self {
        Centers::At(places)
    }
}

/// `pub fn name(mut self, name: Type) -> Self` for plain settings.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $t:ty),+ $(,)?) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $name: $t) -> Self {
            self.$name = $name;
            self
        }
    )+};
}
pub(super) use setters;
