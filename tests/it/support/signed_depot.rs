//! A depot whose index is signed, written according to `store-format.md` with the functions for those who publish.

use std::time::{Duration, SystemTime};

use loom_base::time::format_rfc3339;
use loom_runtime::trust::mirror::{key_id, signed};
use loom_signatures::document::DocumentSecretKey;
use loom_source::{
    Authority, Digest, Index, IndexTimestamp, MirrorRoot,
    record::{IndexPayload, MirrorId, MirrorKey, MirrorRole, MirrorRoles, SignedKind},
};

use super::Depot;

pub const DAY: Duration = Duration::from_secs(24 * 3600);

/// The keys of a mirror: two holders of the root, of whom both sign, and one key each for index and timestamp.
#[derive(Debug)]
pub struct MirrorKeys {
    pub root: [DocumentSecretKey; 2],
    pub index: DocumentSecretKey,
    pub timestamp: DocumentSecretKey,
}

/// A depot that is signed with some keys.
#[derive(Debug)]
pub struct SignedDepot {
    pub depot: Depot,
    pub keys: MirrorKeys,
    pub mirror: MirrorId,
    /// The number of the newest root.
    pub root: u64,
    pub serial: u64,
}

impl Default for MirrorKeys {
    fn default() -> Self {
        let key = || DocumentSecretKey::generate().unwrap();
        Self { root: [key(), key()], index: key(), timestamp: key() }
    }
}

impl MirrorKeys {
    pub fn holders(&self) -> Vec<&DocumentSecretKey> {
        self.root.iter().collect()
    }
}

pub fn role(keys: &[&DocumentSecretKey], threshold: u32) -> MirrorRole {
    MirrorRole { keys: keys.iter().map(|key| key_id(key)).collect(), threshold }
}

/// A root by these keys, without a timestamp.
pub fn root_of(mirror: MirrorId, number: u64, keys: &MirrorKeys) -> MirrorRoot {
    let all = [&keys.root[0], &keys.root[1], &keys.index, &keys.timestamp];
    let public =
        |key: &&DocumentSecretKey| (key_id(key), MirrorKey::Ed25519(*key.public().as_bytes()));
    let now = SystemTime::now();
    MirrorRoot {
        mirror,
        number,
        issued: now - 100 * DAY,
        expires: now + 300 * DAY,
        authorities: vec![Authority::default()],
        keys: all.iter().map(public).collect(),
        roles: MirrorRoles {
            root: role(&[&keys.root[0], &keys.root[1]], 2),
            index: role(&[&keys.index], 1),
            timestamp: None,
        },
    }
}

impl SignedDepot {
    /// A signed depot with a small program for each of these versions: root 1, and the index of serial 1.
    pub fn of(versions: &[&str]) -> Self {
        let (depot, keys) = (Depot::of(versions), MirrorKeys::default());
        let mirror = MirrorId::from([7; 16]);
        let this = Self { depot, keys, mirror, root: 1, serial: 1 };
        this.put_root(&root_of(mirror, 1, &this.keys), &this.keys.holders());
        this.sign();
        this
    }

    pub fn url(&self) -> String {
        self.depot.url()
    }

    /// The file of the first root and its digest, for `loom trust add-root`.
    pub fn anchor(&self) -> (String, String) {
        let file = self.depot.path().join("root/1.json");
        let digest = Digest::of(&std::fs::read(&file).unwrap());
        (file.display().to_string(), digest.to_string())
    }

    /// Publishes a root, signed by these keys.
    pub fn put_root(&self, root: &MirrorRoot, keys: &[&DocumentSecretKey]) {
        let document = signed(SignedKind::Root, root.to_payload(), keys.iter().copied());
        let path = MirrorRoot::path(root.number);
        self.depot.put(&path, &document.to_bytes(SignedKind::Root));
    }

    /// Makes a new root with the same keys, changed as the function does, and publishes it.
    pub fn new_root(&mut self, change: impl FnOnce(&mut MirrorRoot)) {
        self.root += 1;
        let mut root = root_of(self.mirror, self.root, &self.keys);
        change(&mut root);
        self.put_root(&root, &self.keys.holders());
    }

    /// Makes a new root with new keys, signed by the holders of the old and the new ones.
    pub fn replace_keys(&mut self) -> MirrorKeys {
        let old = std::mem::take(&mut self.keys);
        self.root += 1;
        let root = root_of(self.mirror, self.root, &self.keys);
        self.put_root(&root, &[old.holders(), self.keys.holders()].concat());
        old
    }

    /// The payload of the index as it is now: valid from yesterday on for 30 days.
    pub fn payload(&self) -> IndexPayload {
        let now = SystemTime::now();
        IndexPayload {
            mirror: Some(self.mirror),
            root: Some(self.root),
            serial: self.serial,
            issued: Some(format_rfc3339(now - DAY)),
            expires: Some(format_rfc3339(now + 30 * DAY)),
            releases: self.depot.releases(),
        }
    }

    /// The payload of the index as it is now, in which a version has this statement.
    pub fn payload_with(&self, version: &str, statement: Digest) -> IndexPayload {
        let mut payload = self.payload();
        for entry in &mut payload.releases {
            if entry.version.to_string() == version {
                entry.statement = statement;
            }
        }
        payload
    }

    /// Signs the index as it is now.
    pub fn sign(&self) {
        self.sign_payload(&self.payload(), &self.keys.index);
    }

    /// Signs this index with this key.
    pub fn sign_payload(&self, payload: &IndexPayload, key: &DocumentSecretKey) {
        let document = signed(SignedKind::Index, payload.to_payload(), [key]);
        self.depot.put(Index::PATH, &document.to_bytes(SignedKind::Index));
    }

    /// Signs the index as it is now, changed as the function does.
    pub fn sign_with(&self, change: impl FnOnce(&mut IndexPayload)) {
        let mut payload = self.payload();
        change(&mut payload);
        self.sign_payload(&payload, &self.keys.index);
    }

    /// The timestamp of this index: valid for two days.
    pub fn timestamp(&self, payload: &IndexPayload) -> IndexTimestamp {
        let now = SystemTime::now();
        IndexTimestamp {
            mirror: self.mirror,
            root: self.root,
            serial: payload.serial,
            index: Digest::of(payload.to_payload().as_bytes()),
            issued: now - DAY,
            expires: now + DAY,
        }
    }

    /// Publishes a timestamp, signed by this key.
    pub fn put_timestamp(&self, timestamp: &IndexTimestamp, key: &DocumentSecretKey) {
        let document = signed(SignedKind::Timestamp, timestamp.to_payload(), [key]);
        self.depot.put(IndexTimestamp::PATH, &document.to_bytes(SignedKind::Timestamp));
    }
}
