//! [`MirrorRoot`]: keys, thresholds and authorities of a mirror.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{KeyId, MirrorId, SignedKind, fields};
use crate::{
    Authority, json,
    record::document::{self, DocumentError},
};

/// The largest number of keys of a root, of keys of one role, and of authorities.
const MAX_KEYS: usize = 64;
const MAX_AUTHORITIES: usize = 64;

/// The longest time for which a root is valid.
const LONGEST: Duration = Duration::from_secs(3_653 * 86_400);

/// Which keys sign for a mirror, and for which authorities the mirror may vouch: the payload of `root/<n>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorRoot {
    /// The mirror.
    pub mirror: MirrorId,
    /// The number of the root: 1 for the first one, and one more for each successor.
    #[serde(deserialize_with = "fields::positive")]
    pub number: u64,
    /// When the root was issued.
    #[serde(with = "fields")]
    pub issued: SystemTime,
    /// When the root stops to count, as long as it has no successor.
    #[serde(with = "fields")]
    pub expires: SystemTime,
    /// The authorities for whose releases the mirror may vouch.
    #[serde(deserialize_with = "json::at_most::<MAX_AUTHORITIES, _, _>")]
    pub authorities: Vec<Authority>,
    /// The keys by their names.
    #[serde(deserialize_with = "keys")]
    pub keys: BTreeMap<KeyId, MirrorKey>,
    /// Which keys sign what.
    pub roles: MirrorRoles,
}

/// A public key of a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MirrorKey {
    /// An ed25519 key.
    Ed25519([u8; 32]),
    /// A key of a scheme that this version does not know. Its signatures never count.
    Unknown(serde_json::Value),
}

/// Which keys sign the documents of a mirror.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorRoles {
    /// The keys that sign this root and its successor.
    pub root: MirrorRole,
    /// The keys that sign the index.
    pub index: MirrorRole,
    /// The keys that sign the timestamp; `None` where the mirror has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<MirrorRole>,
}

/// The keys that sign one kind of document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorRole {
    /// The names of the keys.
    #[serde(deserialize_with = "json::at_most::<MAX_KEYS, _, _>")]
    pub keys: Vec<KeyId>,
    /// How many of them have to sign.
    pub threshold: u32,
}

#[derive(Serialize, Deserialize)]
struct Ed25519Key {
    scheme: String,
    public: String,
}

impl MirrorKey {
    const ED25519: &str = "ed25519";

    /// The name of the key; `None` for a key of an unknown scheme, whose name cannot be computed.
    pub fn id(&self) -> Option<KeyId> {
        match self {
            Self::Ed25519(public) => Some(KeyId::of(public)),
            Self::Unknown(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for MirrorKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let Some(scheme) = value["scheme"].as_str() else {
            return Err(D::Error::custom("a key has no scheme"));
        };
        if scheme != Self::ED25519 {
            return Ok(Self::Unknown(value));
        }
        let public = value["public"].as_str().unwrap_or_default();
        let bytes = STANDARD.decode(public).ok().and_then(|bytes| bytes.try_into().ok());
        let wrong = || D::Error::custom("a public key is not the base64 of 32 bytes");
        bytes.map(Self::Ed25519).ok_or_else(wrong)
    }
}

impl Serialize for MirrorKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Ed25519(public) => {
                let scheme = Self::ED25519.to_owned();
                Ed25519Key { scheme, public: STANDARD.encode(public) }.serialize(serializer)
            }
            Self::Unknown(value) => value.serialize(serializer),
        }
    }
}

/// Reads keys, of which each has the name that its bytes give it.
fn keys<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<KeyId, MirrorKey>, D::Error> {
    let keys = BTreeMap::<KeyId, MirrorKey>::deserialize(deserializer)?;
    if keys.len() > MAX_KEYS {
        return Err(D::Error::custom(format_args!("more than {MAX_KEYS} keys")));
    }
    match keys.iter().find(|(name, key)| key.id().is_some_and(|id| id != **name)) {
        Some((name, _)) => Err(D::Error::custom(format_args!(
            "the key {name} is another one: its name is not the SHA-256 of its bytes"
        ))),
        None => Ok(keys),
    }
}

impl MirrorRoot {
    /// The path of root `number` below the top of a mirror: `root/<n>.json`.
    pub fn path(number: u64) -> String {
        format!("root/{number}.json")
    }

    /// Reads the payload of a root.
    ///
    /// # Errors
    /// Where the text is not the payload of a root, a role names a key that the root does not have, a threshold is 0 or
    /// cannot be reached, or the times do not fit.
    pub fn parse(payload: &str) -> Result<Self, DocumentError> {
        let root: Self = document::payload(SignedKind::Root.as_str(), payload)?;
        root.check().map_err(|why| document::malformed(SignedKind::Root.as_str(), why))?;
        Ok(root)
    }

    /// The payload, to be signed.
    pub fn to_payload(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What is wrong with a root, for those who make one.
    ///
    /// # Errors
    /// The reason why readers would refuse the root.
    pub fn check(&self) -> Result<(), String> {
        let MirrorRoles { root, index, timestamp } = &self.roles;
        self.check_role("root", root)?;
        self.check_role("index", index)?;
        if let Some(timestamp) = timestamp {
            self.check_role("timestamp", timestamp)?;
        }
        fields::check_validity(self.issued, self.expires, LONGEST)
    }

    fn check_role(&self, name: &str, role: &MirrorRole) -> Result<(), String> {
        let different: BTreeSet<&KeyId> = role.keys.iter().collect();
        if different.len() != role.keys.len() {
            return Err(format!("the role {name} has a key twice"));
        }
        if let Some(missing) = role.keys.iter().find(|key| !self.keys.contains_key(*key)) {
            return Err(format!("the role {name} has the key {missing}, which the root has not"));
        }
        let reachable = 1..=role.keys.len();
        if !usize::try_from(role.threshold).is_ok_and(|threshold| reachable.contains(&threshold)) {
            let (threshold, keys) = (role.threshold, role.keys.len());
            return Err(format!("the role {name} has the threshold {threshold} of {keys} keys"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use loom_base::time::parse_rfc3339;

    use super::*;

    fn root() -> MirrorRoot {
        let keys: Vec<MirrorKey> = (1..=3).map(|byte| MirrorKey::Ed25519([byte; 32])).collect();
        let id = |index: usize| keys[index].id().unwrap();
        let role = |keys: &[usize], threshold| MirrorRole {
            keys: keys.iter().map(|key| id(*key)).collect(),
            threshold,
        };
        MirrorRoot {
            mirror: MirrorId::from([7; 16]),
            number: 1,
            issued: parse_rfc3339("2026-01-01T00:00:00Z").unwrap(),
            expires: parse_rfc3339("2027-01-01T00:00:00Z").unwrap(),
            authorities: vec![Authority::default()],
            roles: MirrorRoles {
                root: role(&[0, 1], 2),
                index: role(&[2], 1),
                timestamp: Some(role(&[2], 1)),
            },
            keys: keys.iter().map(|key| (key.id().unwrap(), key.clone())).collect(),
        }
    }

    #[test]
    fn a_root_is_read_as_it_was_written() {
        let payload = root().to_payload();
        assert_eq!(MirrorRoot::parse(&payload).unwrap(), root());
        let other = payload.replacen("\"scheme\":\"ed25519\"", "\"scheme\":\"oracle\"", 1);
        let read = MirrorRoot::parse(&other).unwrap();
        assert!(read.keys.values().any(|key| matches!(key, MirrorKey::Unknown(_))));
        assert_eq!(MirrorRoot::parse(&read.to_payload()).unwrap(), read);
    }

    #[test]
    fn roots_that_could_be_read_in_two_ways_are_refused() {
        let payload = root().to_payload();
        let id = root().roles.index.keys[0];
        for (from, to) in [
            ("\"number\":1", "\"number\":0".to_owned()),
            ("\"number\":1", "\"number\":1,\"number\":1".to_owned()),
            ("\"number\":1", "\"number\":9007199254740992".to_owned()),
            ("\"number\":1", "\"number\":1.0".to_owned()),
            ("\"threshold\":2", "\"threshold\":3".to_owned()),
            ("\"threshold\":2", "\"threshold\":0".to_owned()),
            ("\"expires\":\"2027", "\"expires\":\"2026".to_owned()),
            ("\"expires\":\"2027", "\"expires\":\"2127".to_owned()),
            ("\"mirror\":\"0", "\"mirror\":\"A".to_owned()),
            (&format!("[\"{id}\"]"), format!("[\"{id}\",\"{id}\"]")),
            (&format!("[\"{id}\"]"), format!("[\"{}\"]", KeyId::of(b"other"))),
            ("\"public\":\"AQEB", "\"public\":\"AQEC".to_owned()),
            ("\"loom-os\"", "\"Loom OS\"".to_owned()),
        ] {
            assert!(payload.contains(from), "{from}: {payload}");
            let other = payload.replacen(from, &to, 1);
            assert!(MirrorRoot::parse(&other).is_err(), "{other}");
        }
    }
}
