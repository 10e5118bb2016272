//! One value of a table by itself.

use std::cmp::Ordering;
use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// One value of a table: a number, a boolean, a text, or missing.
///
/// Categories of encoders and fill values of imputers are cells. In JSON a cell is the plain value: `3.5`, `true`, `"a"`,
/// `null`.
///
/// ```
/// use fitwell::table::Cell;
///
/// assert_eq!(Cell::from(3), Cell::Number(3.0));
/// assert_eq!(Cell::from("a").to_string(), "a");
/// assert!(Cell::from(1) < Cell::from("a") && Cell::from("a") < Cell::Missing);
/// assert_eq!(serde_json::to_string(&Cell::from("a"))?, "\"a\"");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Cell {
    Number(f64),
    Boolean(bool),
    Text(String),
    Missing,
}

impl Cell {
    /// What the cell holds, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Cell::Number(_) => "number",
            Cell::Boolean(_) => "boolean",
            Cell::Text(_) => "text",
            Cell::Missing => "missing value",
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Cell::Number(_) => 0,
            Cell::Boolean(_) => 1,
            Cell::Text(_) => 2,
            Cell::Missing => 3,
        }
    }
}

/// Numbers, then booleans, then texts, each in its own order; missing last.
impl Ord for Cell {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Cell::Number(a), Cell::Number(b)) => {
                // Both zeros are one number.
                if a == b {
                    Ordering::Equal
                } else {
                    a.total_cmp(b)
                }
            }
            (Cell::Boolean(a), Cell::Boolean(b)) => a.cmp(b),
            (Cell::Text(a), Cell::Text(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Cell {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Cell {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Cell {}

/// The plain value; `nan` for missing.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Number(v) => v.fmt(f),
            Cell::Boolean(v) => v.fmt(f),
            Cell::Text(v) => v.fmt(f),
            Cell::Missing => f.write_str("nan"),
        }
    }
}

macro_rules! cell_from {
    ($($variant:ident($via:ty): $($t:ty),+;)+) => {$($(
        impl From<$t> for Cell {
            fn from(value: $t) -> Self {
                Cell::$variant(<$via>::from(value))
            }
        }
    )+)+};
}
cell_from! {
    Number(f64): f64, f32, i8, i16, i32, u8, u16, u32;
    Boolean(bool): bool;
    Text(String): String, &str, &String;
}

/// The same cell for formats that are not self-describing.
#[derive(Serialize, Deserialize)]
enum Tagged {
    Number(f64),
    Boolean(bool),
    Text(String),
    Missing,
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return match self {
                Cell::Number(v) => crate::params::number::serialize(v, serializer),
                Cell::Boolean(v) => v.serialize(serializer),
                Cell::Text(v) => v.serialize(serializer),
                Cell::Missing => serializer.serialize_unit(),
            };
        }
        match self.clone() {
            Cell::Number(v) => Tagged::Number(v),
            Cell::Boolean(v) => Tagged::Boolean(v),
            Cell::Text(v) => Tagged::Text(v),
            Cell::Missing => Tagged::Missing,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(Plain);
        }
        Ok(match Tagged::deserialize(deserializer)? {
            Tagged::Number(v) => Cell::Number(v),
            Tagged::Boolean(v) => Cell::Boolean(v),
            Tagged::Text(v) => Cell::Text(v),
            Tagged::Missing => Cell::Missing,
        })
    }
}

struct Plain;

impl Visitor<'_> for Plain {
    type Value = Cell;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a boolean, a text or null")
    }
    fn visit_f64<E: de::Error>(self, v: f64) -> Result<Cell, E> {
        Ok(Cell::Number(v))
    }
    fn visit_i64<E: de::Error>(self, v: i64) -> Result<Cell, E> {
        whole(i128::from(v))
    }
    fn visit_u64<E: de::Error>(self, v: u64) -> Result<Cell, E> {
        whole(i128::from(v))
    }
    fn visit_bool<E: de::Error>(self, v: bool) -> Result<Cell, E> {
        Ok(Cell::Boolean(v))
    }
    fn visit_str<E: de::Error>(self, v: &str) -> Result<Cell, E> {
        Ok(Cell::Text(v.into()))
    }
    fn visit_string<E: de::Error>(self, v: String) -> Result<Cell, E> {
        Ok(Cell::Text(v))
    }
    fn visit_unit<E: de::Error>(self) -> Result<Cell, E> {
        Ok(Cell::Missing)
    }
}

/// Whole numbers that are one f64 each.
fn whole<E: de::Error>(v: i128) -> Result<Cell, E> {
    if v.unsigned_abs() > 1 << 53 {
        return Err(E::custom("expected a number of magnitude up to 2^53"));
    }
    Ok(Cell::Number(v as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_in_json_and_tagged_in_binary() {
        let cells = vec![
            Cell::from(-3),
            Cell::from(0.1),
            Cell::from(true),
            Cell::from("null"),
            Cell::from(""),
            Cell::Missing,
        ];
        let json = serde_json::to_string(&cells).unwrap();
        assert_eq!(json, r#"[-3.0,0.1,true,"null","",null]"#);
        assert_eq!(serde_json::from_str::<Vec<Cell>>(&json).unwrap(), cells);
        let bytes = postcard::to_stdvec(&cells).unwrap();
        assert_eq!(postcard::from_bytes::<Vec<Cell>>(&bytes).unwrap(), cells);
        assert_eq!(
            serde_json::from_str::<Vec<Cell>>("[7]").unwrap(),
            [Cell::Number(7.0)]
        );
        assert!(serde_json::from_str::<Cell>("9007199254740993").is_err());
        assert!(serde_json::from_str::<Cell>("[1]").is_err());
    }

    #[test]
    fn order() {
        let mut cells = [
            Cell::Missing,
            Cell::from("b"),
            Cell::from(true),
            Cell::from(""),
            Cell::from(2),
            Cell::from(false),
            Cell::from(-1),
        ];
        cells.sort();
        let shown: Vec<String> = cells.iter().map(Cell::to_string).collect();
        assert_eq!(shown, ["-1", "2", "false", "true", "", "b", "nan"]);
        assert_eq!(Cell::from(0.0), Cell::from(-0.0));
    }
}
