//! Reads and writes the JSON documents of a store, each with its `schema`.

use serde::{Deserialize, Serialize, de::DeserializeOwned, de::Error as _};

use crate::json;

/// Why a document cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The bytes are not JSON, or a key is duplicate, or a field is missing or malformed.
    #[error("not a valid {kind}: {source}")]
    Malformed {
        /// The kind of document: `statement`, `record`, `root`, `timestamp` or `index`.
        kind: &'static str,
        /// The error of the JSON parser.
        source: serde_json::Error,
    },
    /// The document has a newer version of the format.
    #[error("the {kind} has schema {schema:?}, which this version of loom cannot read")]
    Newer {
        /// The kind of document: `statement`, `record`, `root`, `timestamp` or `index`.
        kind: &'static str,
        /// The document's `schema`.
        schema: String,
    },
    /// The statement has a critical extension that this version does not know.
    #[error("the statement requires {0:?}, which this version of loom does not support")]
    Critical(String),
}

#[derive(Deserialize)]
struct SchemaField {
    schema: String,
}

#[derive(Serialize)]
struct WithSchema<'a, T> {
    schema: String,
    #[serde(flatten)]
    document: &'a T,
}

/// Reads a document of schema `loom-<kind> 1`.
pub(super) fn read<T: DeserializeOwned>(
    kind: &'static str,
    bytes: &[u8],
) -> Result<T, DocumentError> {
    let malformed = |source| DocumentError::Malformed { kind, source };
    let SchemaField { schema } = json::strict(bytes).map_err(malformed)?;
    if schema != format!("loom-{kind} 1") {
        return Err(match schema.strip_prefix(&format!("loom-{kind} ")) {
            Some(_) => DocumentError::Newer { kind, schema },
            None => malformed(serde_json::Error::custom(format_args!("its schema is {schema:?}"))),
        });
    }
    serde_json::from_slice(bytes).map_err(malformed)
}

/// Reads the payload of a signed document, which has no schema of its own.
pub(super) fn payload<T: DeserializeOwned>(
    kind: &'static str,
    payload: &str,
) -> Result<T, DocumentError> {
    json::strict(payload.as_bytes()).map_err(|source| DocumentError::Malformed { kind, source })
}

/// The error for a document whose values do not fit.
pub(super) fn malformed(kind: &'static str, why: String) -> DocumentError {
    DocumentError::Malformed { kind, source: serde_json::Error::custom(why) }
}

/// The bytes of a document of schema `loom-<kind> 1`, with a line feed at the end.
pub(super) fn write<T: Serialize>(kind: &'static str, document: &T) -> Vec<u8> {
    // A struct of strings, numbers and lists always serialises; every reader would refuse an empty document.
    let document = WithSchema { schema: format!("loom-{kind} 1"), document };
    let mut bytes = serde_json::to_vec(&document).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
