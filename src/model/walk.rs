//! A serializer that writes nothing and looks at everything: numbers that are not finite, arrays whose announced shape no
//! file could hold, texts that are too long.

use std::fmt::{self, Display};

use serde::ser::{self, Serialize};

/// Walks a model, refusing floats that are not finite, dimensions of arrays above `max_dim` and texts above `max_text` bytes.
///
/// Hyper-parameters that may be infinite pass as texts (see [`crate::params::number`]): the walk asks for the readable
/// form.
pub(super) fn inspect<T: Serialize>(
    model: &T,
    max_dim: u64,
    max_text: usize,
) -> Result<(), String> {
    let mut walk = Walk {
        max_dim,
        max_text,
        path: Vec::new(),
        position: 0,
    };
    model.serialize(&mut walk).map_err(|e| e.0)
}

struct Walk {
    max_dim: u64,
    max_text: usize,
    /// The fields on the way to the current value.
    path: Vec<&'static str>,
    /// How many numbers of the current field came before.
    position: u64,
}

impl Walk {
    fn at(&self) -> String {
        format!("{} value {}", self.path.join("."), self.position)
    }

    fn float(&mut self, value: f64) -> Result<(), Refused> {
        if !value.is_finite() {
            return Err(Refused(format!("{} is {value}", self.at())));
        }
        self.position += 1;
        Ok(())
    }

    fn integer(&mut self, value: u64) -> Result<(), Refused> {
        // ndarray writes an array as `Array { v, dim, data }`. Data and shape agree, unless one dimension is zero.
        if value > self.max_dim && self.path.ends_with(&["Array", "dim"]) {
            return Err(Refused(format!(
                "{} is {value}, more than the file could hold",
                self.at()
            )));
        }
        self.position += 1;
        Ok(())
    }

    fn field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        let before = std::mem::take(&mut self.position);
        self.path.push(name);
        value.serialize(&mut *self)?;
        self.path.pop();
        self.position = before;
        Ok(())
    }
}

#[derive(Debug)]
struct Refused(String);

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: Display>(message: T) -> Self {
        Refused(message.to_string())
    }
}

/// The parts of a compound value; structs keep their name until they end.
struct Parts<'a> {
    walk: &'a mut Walk,
    named: bool,
}

impl Walk {
    fn parts(&mut self, name: Option<&'static str>) -> Parts<'_> {
        self.path.extend(name);
        Parts {
            walk: self,
            named: name.is_some(),
        }
    }
}

impl Parts<'_> {
    fn finish(self) {
        if self.named {
            self.walk.path.pop();
        }
    }
}

type Looked = Result<(), Refused>;

impl<'a> ser::Serializer for &'a mut Walk {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    fn serialize_bool(self, _: bool) -> Looked {
        Ok(())
    }
    fn serialize_i8(self, _: i8) -> Looked {
        Ok(())
    }
    fn serialize_i16(self, _: i16) -> Looked {
        Ok(())
    }
    fn serialize_i32(self, _: i32) -> Looked {
        Ok(())
    }
    fn serialize_i64(self, _: i64) -> Looked {
        Ok(())
    }
    fn serialize_u8(self, value: u8) -> Looked {
        self.integer(u64::from(value))
    }
    fn serialize_u16(self, value: u16) -> Looked {
        self.integer(u64::from(value))
    }
    fn serialize_u32(self, value: u32) -> Looked {
        self.integer(u64::from(value))
    }
    fn serialize_u64(self, value: u64) -> Looked {
        self.integer(value)
    }
    fn serialize_f32(self, value: f32) -> Looked {
        self.float(f64::from(value))
    }
    fn serialize_f64(self, value: f64) -> Looked {
        self.float(value)
    }
    fn serialize_char(self, _: char) -> Looked {
        Ok(())
    }
    fn serialize_str(self, value: &str) -> Looked {
        if value.len() > self.max_text {
            return Err(Refused(format!(
                "{} is a text of {} bytes, the limit is {}",
                self.path.join("."),
                value.len(),
                self.max_text
            )));
        }
        Ok(())
    }
    fn serialize_bytes(self, _: &[u8]) -> Looked {
        Ok(())
    }
    fn serialize_none(self) -> Looked {
        Ok(())
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Looked {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Looked {
        Ok(())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Looked {
        Ok(())
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Looked {
        Ok(())
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Looked {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Looked {
        self.field(name, value)
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a>, Refused> {
        Ok(self.parts(None))
    }
    fn serialize_tuple(self, _: usize) -> Result<Parts<'a>, Refused> {
        Ok(self.parts(None))
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Refused> {
        Ok(self.parts(None))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Refused> {
        Ok(self.parts(Some(name)))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'a>, Refused> {
        Ok(self.parts(None))
    }
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Parts<'a>, Refused> {
        Ok(self.parts(Some(name)))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Refused> {
        Ok(self.parts(Some(name)))
    }
}

macro_rules! elements {
    ($($trait:ident :: $method:ident),+) => {$(
        impl ser::$trait for Parts<'_> {
            type Ok = ();
            type Error = Refused;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Looked {
                value.serialize(&mut *self.walk)
            }
            fn end(self) -> Looked {
                self.finish();
                Ok(())
            }
        }
    )+};
}
elements!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

macro_rules! fields {
    ($($trait:ident),+) => {$(
        impl ser::$trait for Parts<'_> {
            type Ok = ();
            type Error = Refused;
            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Looked {
                self.walk.field(name, value)
            }
            fn end(self) -> Looked {
                self.finish();
                Ok(())
            }
        }
    )+};
}
fields!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Refused;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Looked {
        key.serialize(&mut *self.walk)
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Looked {
        value.serialize(&mut *self.walk)
    }
    fn end(self) -> Looked {
        self.finish();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ndarray::{Array1, Array2, array};
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Serialize, Deserialize)]
    enum Part {
        Unit,
        Values(Vec<f32>),
        Pair(f64, f64),
        Named { depth: Option<f64> },
    }

    #[derive(Serialize, Deserialize)]
    struct Outer {
        name: String,
        parts: Vec<Part>,
        coef: Array2<f64>,
        more: BTreeMap<String, Array1<f32>>,
    }

    fn outer() -> Outer {
        Outer {
            name: "a name".into(),
            parts: vec![
                Part::Unit,
                Part::Values(vec![1.0]),
                Part::Pair(1.0, 2.0),
                Part::Named { depth: Some(1.0) },
            ],
            coef: array![[1.0, 2.0], [3.0, 4.0]],
            more: BTreeMap::from([("b".to_string(), array![1.0])]),
        }
    }

    fn refused(change: impl FnOnce(&mut Outer)) -> String {
        let mut model = outer();
        change(&mut model);
        inspect(&model, 100, 100).unwrap_err()
    }

    #[test]
    fn every_place_is_looked_at_and_named() {
        assert_eq!(inspect(&outer(), 100, 100), Ok(()));
        assert_eq!(
            refused(|m| m.coef[[1, 1]] = f64::NAN),
            "Outer.coef.Array.data value 3 is NaN"
        );
        assert_eq!(
            refused(|m| m.parts[1] = Part::Values(vec![0.0, f32::INFINITY])),
            "Outer.parts.Values value 1 is inf"
        );
        assert_eq!(
            refused(|m| m.parts[2] = Part::Pair(0.0, f64::NEG_INFINITY)),
            "Outer.parts.Pair value 1 is -inf"
        );
        let depth = Some(f64::NAN);
        assert!(refused(|m| m.parts[3] = Part::Named { depth }).contains("Named.depth"));
        assert!(refused(|m| m.more = [("c".into(), array![f32::NAN])].into()).contains("more"));
        assert_eq!(
            refused(|m| m.name = "x".repeat(101)),
            "Outer.name is a text of 101 bytes, the limit is 100"
        );
        assert_eq!(
            refused(|m| m.coef = Array2::zeros((0, 101))),
            "Outer.coef.Array.dim value 1 is 101, more than the file could hold"
        );
    }
}
