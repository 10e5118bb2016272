//! Serde for a hyper-parameter of two numbers: a list of two in JSON, with the names of [`number`](crate::params::number)
//! for what JSON cannot hold.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
struct Number(#[serde(with = "crate::params::number")] f64);

pub(crate) fn serialize<S: Serializer>(
    pair: &(f64, f64),
    serializer: S,
) -> Result<S::Ok, S::Error> {
    (Number(pair.0), Number(pair.1)).serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<(f64, f64), D::Error> {
    let (Number(a), Number(b)) = Deserialize::deserialize(deserializer)?;
    Ok((a, b))
}
