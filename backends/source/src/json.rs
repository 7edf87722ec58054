//! Reads JSON and refuses duplicate keys, at any depth.
//!
//! JSON leaves open which of two equal keys counts. Two readers that decide differently would read different values from
//! one document, and a signature over the document would cover both.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, SeqAccess, Visitor},
};

/// Reads a document of type `T`.
///
/// # Errors
/// Where the bytes are not a JSON document of that type, and where an object has a key twice, whether `T` knows the key
/// or not.
///
/// # Examples
/// ```
/// use serde_json::Value;
///
/// assert!(loom_source::json::strict::<Value>(br#"{"a": 1}"#).is_ok());
/// assert!(loom_source::json::strict::<Value>(br#"{"a": 1, "a": 2}"#).is_err());
/// ```
pub fn strict<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice::<NoDuplicates>(bytes)?;
    serde_json::from_slice(bytes)
}

/// A JSON value that is read without its content, to find duplicate keys.
struct NoDuplicates;

impl<'de> Deserialize<'de> for NoDuplicates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DuplicateKeyVisitor)
    }
}

struct DuplicateKeyVisitor;

macro_rules! leaf {
    ($($visit:ident: $type:ty),*) => {
        $(fn $visit<E>(self, _: $type) -> Result<NoDuplicates, E> { Ok(NoDuplicates) })*
    };
}

impl<'de> Visitor<'de> for DuplicateKeyVisitor {
    type Value = NoDuplicates;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    leaf!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E>(self) -> Result<NoDuplicates, E> {
        Ok(NoDuplicates)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<NoDuplicates, A::Error> {
        while seq.next_element::<NoDuplicates>()?.is_some() {}
        Ok(NoDuplicates)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<NoDuplicates, A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if seen.contains(&key) {
                return Err(serde::de::Error::custom(format_args!("duplicate key {key:?}")));
            }
            map.next_value::<NoDuplicates>()?;
            seen.insert(key);
        }
        Ok(NoDuplicates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicate_keys_are_refused_at_any_depth() {
        assert!(
            strict::<serde_json::Value>(br#"{"a":[{"b":1,"c":null},2.5,"x",true,-1]}"#).is_ok()
        );
        for bad in [r#"{"a":1,"a":1}"#, r#"[{"x":{"b":1,"b":2}}]"#, r#"{"a":1,"\u0061":2}"#] {
            let error = strict::<serde_json::Value>(bad.as_bytes()).unwrap_err();
            assert!(error.to_string().contains("duplicate key"), "{bad}: {error}");
        }
    }
}
