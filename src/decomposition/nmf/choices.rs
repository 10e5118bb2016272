//! What [`Nmf`](super::Nmf) is told to do.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::feature_selection::written::{count, written};

/// How many components [`Nmf`](super::Nmf) has. By name a count, or `"auto"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NmfComponents {
    /// As many as given factors have, otherwise n_features.
    #[default]
    Auto,
    /// So many.
    Count(usize),
}

impl From<usize> for NmfComponents {
    fn from(n: usize) -> Self {
        NmfComponents::Count(n)
    }
}

impl NmfComponents {
    fn write(&self) -> Value {
        match self {
            NmfComponents::Auto => "auto".into(),
            NmfComponents::Count(n) => (*n).into(),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        if value == "auto" || value.is_null() {
            return Some(NmfComponents::Auto);
        }
        count(value).map(NmfComponents::Count)
    }
}
written!(NmfComponents, "a number of components or \"auto\"");

/// Where [`Nmf`](super::Nmf) begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NmfInit {
    /// `Nndsvda` for at most min(n_samples, n_features) components, otherwise `Random`.
    #[default]
    Auto,
    /// Absolute values of normal numbers, as large as the mean of X asks for.
    Random,
    /// The positive or negative parts of singular vectors, whichever is larger: has zeros, which the `Mu` solver keeps.
    Nndsvd,
    /// As `Nndsvd`, with the mean of X for zeros.
    Nndsvda,
    /// As `Nndsvd`, with small random numbers for zeros.
    Nndsvdar,
}

/// How [`Nmf`](super::Nmf) iterates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NmfSolver {
    /// Coordinate descent, for the Frobenius loss.
    #[default]
    Cd,
    /// Multiplicative updates, for every loss.
    Mu,
}

/// What [`Nmf`](super::Nmf) makes small. By name, or the number β.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum BetaLoss {
    /// ‖X − W H‖² / 2, β = 2.
    #[default]
    Frobenius,
    /// Σ x ln(x / (WH)) − x + WH, β = 1.
    KullbackLeibler,
    /// Σ x / (WH) − ln(x / (WH)) − 1, β = 0; X must be positive.
    ItakuraSaito,
    /// The β-divergence of this β.
    Beta(f64),
}

impl BetaLoss {
    pub(super) fn beta(&self) -> f64 {
        match self {
            BetaLoss::Frobenius => 2.0,
            BetaLoss::KullbackLeibler => 1.0,
            BetaLoss::ItakuraSaito => 0.0,
            BetaLoss::Beta(beta) => *beta,
        }
    }

    fn write(&self) -> Value {
        match self {
            BetaLoss::Frobenius => "frobenius".into(),
            BetaLoss::KullbackLeibler => "kullback-leibler".into(),
            BetaLoss::ItakuraSaito => "itakura-saito".into(),
            BetaLoss::Beta(beta) if beta.is_finite() => (*beta).into(),
            BetaLoss::Beta(beta) if beta.is_nan() => "nan".into(),
            BetaLoss::Beta(beta) if *beta > 0.0 => "inf".into(),
            BetaLoss::Beta(_) => "-inf".into(),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Number(beta) => beta.as_f64().map(BetaLoss::Beta),
            Value::String(name) => match name.as_str() {
                "frobenius" => Some(BetaLoss::Frobenius),
                "kullback-leibler" => Some(BetaLoss::KullbackLeibler),
                "itakura-saito" => Some(BetaLoss::ItakuraSaito),
                "nan" => Some(BetaLoss::Beta(f64::NAN)),
                "inf" => Some(BetaLoss::Beta(f64::INFINITY)),
                "-inf" => Some(BetaLoss::Beta(f64::NEG_INFINITY)),
                _ => None,
            },
            _ => None,
        }
    }
}
written!(
    BetaLoss,
    "\"frobenius\", \"kullback-leibler\", \"itakura-saito\" or a number"
);
