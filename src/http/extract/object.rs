//! JSON objects, and nothing that merely resembles one.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, value::MapAccessDeserializer},
};

/// What a JSON object says. A derived `Deserialize` alone also takes a list of the fields' values,
/// which no schema allows.
#[derive(Debug)]
pub(in crate::http) struct Object<T>(pub(in crate::http) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnlyMaps<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> de::Visitor<'de> for OnlyMaps<T> {
            type Value = T;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_map(OnlyMaps(PhantomData)).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Named<'a> {
        #[serde(borrow)]
        name: &'a str,
    }

    #[test]
    fn only_an_object_is_taken() {
        let object: Object<Named<'_>> = serde_json::from_str("{\"name\":\"n\"}").expect("an object");
        assert_eq!(object.0, Named { name: "n" });
        for other in ["[\"n\"]", "\"n\"", "null", "{\"name\":\"n\",\"more\":1}", "{}"] {
            assert!(serde_json::from_str::<Object<Named<'_>>>(other).is_err(), "{other}");
        }
    }
}
