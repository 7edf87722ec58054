//! Reads JSON, refuses duplicate keys at any depth, and limits the lengths of lists.
//!
//! JSON leaves open which of two equal keys counts. Two readers that decide differently would read different values from
//! one document, and a signature over the document would cover both.

use std::{borrow::Cow, collections::BTreeSet, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, SeqAccess, Visitor},
};

/// The largest number of keys of one object.
const MAX_KEYS: usize = 10_000;

/// Reads a document of type `T`.
///
/// # Errors
/// Where the bytes are not a JSON document of that type, and where an object has a key twice, or more than 10,000 keys,
/// whether `T` knows them or not.
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

/// Reads a list of at most `MAX` elements, for `#[serde(deserialize_with = "json::at_most::<100, _, _>")]`. A longer list
/// is an error as soon as it is known to be longer, so that its length costs no memory.
///
/// # Errors
/// Where the document holds no such list.
pub fn at_most<'de, const MAX: usize, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_seq(BoundedList::<MAX, T>(PhantomData))
}

struct BoundedList<const MAX: usize, T>(PhantomData<T>);

impl<'de, const MAX: usize, T: Deserialize<'de>> Visitor<'de> for BoundedList<MAX, T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MAX} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = seq.next_element()? {
            if list.len() == MAX {
                return Err(serde::de::Error::invalid_length(MAX + 1, &self));
            }
            list.push(element);
        }
        Ok(list)
    }
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
        let mut seen = SeenKeys::default();
        while let Some(ObjectKey(key)) = map.next_key::<ObjectKey<'de>>()? {
            if seen.contains(&key) {
                return Err(serde::de::Error::custom(format_args!("duplicate key {key:?}")));
            }
            if seen.len() >= MAX_KEYS {
                return Err(serde::de::Error::custom(format_args!("more than {MAX_KEYS} keys")));
            }
            map.next_value::<NoDuplicates>()?;
            seen.insert(key);
        }
        Ok(NoDuplicates)
    }
}

/// The number of keys up to which a list is searched faster than a set.
const FEW_KEYS: usize = 16;

/// The keys of one object. Most objects have a few, and documents have tens of thousands of objects.
#[derive(Default)]
struct SeenKeys<'de> {
    few: Vec<Cow<'de, str>>,
    more: BTreeSet<Cow<'de, str>>,
}

impl<'de> SeenKeys<'de> {
    fn contains(&self, key: &str) -> bool {
        self.few.iter().any(|seen| seen == key) || self.more.contains(key)
    }

    fn len(&self) -> usize {
        self.few.len() + self.more.len()
    }

    fn insert(&mut self, key: Cow<'de, str>) {
        if self.few.len() < FEW_KEYS {
            self.few.push(key);
        } else {
            self.more.insert(key);
        }
    }
}

/// A key of an object, borrowed from the document unless it has escapes.
struct ObjectKey<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for ObjectKey<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ObjectKeyVisitor)
    }
}

struct ObjectKeyVisitor;

impl<'de> Visitor<'de> for ObjectKeyVisitor {
    type Value = ObjectKey<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<ObjectKey<'de>, E> {
        Ok(ObjectKey(Cow::Borrowed(key)))
    }

    fn visit_str<E>(self, key: &str) -> Result<ObjectKey<'de>, E> {
        Ok(ObjectKey(Cow::Owned(key.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Short {
        #[serde(deserialize_with = "at_most::<2, _, _>")]
        list: Vec<u8>,
    }

    #[test]
    fn lists_and_objects_are_limited() {
        let short = |text: &str| serde_json::from_str::<Short>(text).map(|short| short.list);
        assert_eq!(short(r#"{"list": [1, 2]}"#).unwrap(), [1, 2]);
        let error = short(r#"{"list": [1, 2, 3]}"#).unwrap_err().to_string();
        assert!(error.contains("expected a list of at most 2 elements"), "{error}");
        let keys = |count: usize| -> String {
            let keys: Vec<String> = (0..count).map(|key| format!("\"{key}\":0")).collect();
            format!("{{{}}}", keys.join(","))
        };
        assert!(strict::<serde_json::Value>(keys(MAX_KEYS).as_bytes()).is_ok());
        let error = strict::<serde_json::Value>(keys(MAX_KEYS + 1).as_bytes()).unwrap_err();
        assert!(error.to_string().contains("more than 10000 keys"), "{error}");
    }

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
