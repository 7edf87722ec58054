//! Makes roots: the first one of a mirror, and drafts of its successors, which several holders sign.

use std::time::{Duration, SystemTime};

use loom_mirror::destination::Replacement;
use loom_signatures::document::DocumentPublicKey;
use loom_source::{
    Authority,
    record::{
        KeyId, MirrorId, MirrorKey, MirrorRole, MirrorRoles, MirrorRoot, SignedDocument, SignedKind,
    },
};

use super::{MirrorDocuments, MirrorTaskError, SigningKeys, root_chain::newest_root};
use crate::trust::mirror::{TrustedRoot, add_signature};

/// A role of a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootRole {
    /// Signs roots.
    Root,
    /// Signs the index.
    Index,
    /// Signs the timestamp.
    Timestamp,
}

impl RootRole {
    /// All roles.
    pub const ALL: [Self; 3] = [Self::Root, Self::Index, Self::Timestamp];

    /// The name in a root.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Index => "index",
            Self::Timestamp => "timestamp",
        }
    }
}

/// The keys of one role of a new root.
#[derive(Debug, Clone, Default)]
pub struct RoleKeys {
    /// The public keys.
    pub keys: Vec<DocumentPublicKey>,
    /// How many of them have to sign.
    pub threshold: u32,
}

/// The first root of a mirror.
#[derive(Debug, Clone)]
pub struct FirstRoot {
    /// The authorities for which the mirror may vouch.
    pub authorities: Vec<Authority>,
    /// The keys that sign roots.
    pub root: RoleKeys,
    /// The keys that sign the index.
    pub index: RoleKeys,
    /// The keys that sign the timestamp, where the mirror is to have one.
    pub timestamp: Option<RoleKeys>,
    /// How long the root is valid.
    pub validity: Duration,
}

impl FirstRoot {
    /// The root, with a mirror id that is chosen at random.
    ///
    /// # Errors
    /// [`MirrorTaskError::Root`] where readers would refuse it.
    pub fn draft(self, mirror: MirrorId) -> Result<SignedDocument, MirrorTaskError> {
        let Self { authorities, root, index, timestamp, validity } = self;
        let all = [Some(&root), Some(&index), timestamp.as_ref()];
        let keys = all.into_iter().flatten().flat_map(|role| &role.keys).map(named).collect();
        let role = |role: &RoleKeys| MirrorRole {
            keys: role.keys.iter().map(|key| named(key).0).collect(),
            threshold: role.threshold,
        };
        let roles = MirrorRoles {
            root: role(&root),
            index: role(&index),
            timestamp: timestamp.as_ref().map(role),
        };
        let issued = SystemTime::now();
        let expires = issued + validity;
        checked(MirrorRoot { mirror, number: 1, issued, expires, authorities, keys, roles })
    }
}

/// What a successor of a root changes.
#[derive(Debug, Clone, Default)]
pub struct RootChanges {
    /// Keys that roles get.
    pub add: Vec<(RootRole, DocumentPublicKey)>,
    /// Keys that roles lose, by their names or the beginnings of them.
    pub remove: Vec<(RootRole, String)>,
    /// New thresholds.
    pub thresholds: Vec<(RootRole, u32)>,
    /// Authorities that are added.
    pub add_authorities: Vec<Authority>,
    /// Authorities that are removed.
    pub remove_authorities: Vec<Authority>,
    /// How long the new root is valid.
    pub validity: Duration,
}

impl RootChanges {
    /// The successor of `root`, which nobody has signed.
    ///
    /// # Errors
    /// [`MirrorTaskError::Root`] where a key that is removed does not exist, or readers would refuse the root.
    pub fn successor(self, root: &MirrorRoot) -> Result<SignedDocument, MirrorTaskError> {
        let issued = SystemTime::now();
        let expires = issued + self.validity;
        let mut next = MirrorRoot { number: root.number + 1, issued, expires, ..root.clone() };
        for (role, beginning) in &self.remove {
            remove_key(role_of(&mut next, *role), *role, beginning)?;
        }
        for (role, key) in &self.add {
            let (id, key) = named(key);
            next.keys.insert(id, key);
            let role = role_of(&mut next, *role);
            if !role.keys.contains(&id) {
                role.keys.push(id);
            }
        }
        for (role, threshold) in &self.thresholds {
            role_of(&mut next, *role).threshold = *threshold;
        }
        // A timestamp role without keys is none.
        if next.roles.timestamp.as_ref().is_some_and(|role| role.keys.is_empty()) {
            next.roles.timestamp = None;
        }
        let MirrorRoles { root, index, timestamp } = next.roles.clone();
        let used: Vec<KeyId> = [Some(root), Some(index), timestamp]
            .into_iter()
            .flatten()
            .flat_map(|r| r.keys)
            .collect();
        next.keys.retain(|id, _| used.contains(id));
        next.authorities.retain(|authority| !self.remove_authorities.contains(authority));
        for authority in self.add_authorities {
            if !next.authorities.contains(&authority) {
                next.authorities.push(authority);
            }
        }
        checked(next)
    }
}

/// The keys of a role, which is made where the root does not have it.
fn role_of(root: &mut MirrorRoot, role: RootRole) -> &mut MirrorRole {
    match role {
        RootRole::Root => &mut root.roles.root,
        RootRole::Index => &mut root.roles.index,
        RootRole::Timestamp => {
            let none = || MirrorRole { keys: Vec::new(), threshold: 1 };
            root.roles.timestamp.get_or_insert_with(none)
        }
    }
}

fn remove_key(
    role: &mut MirrorRole,
    name: RootRole,
    beginning: &str,
) -> Result<(), MirrorTaskError> {
    let is_meant = |id: &KeyId| id.to_string().starts_with(beginning);
    let name = name.as_str();
    match role.keys.iter().filter(|id| is_meant(id)).count() {
        1 => role.keys.retain(|id| !is_meant(id)),
        0 => return Err(MirrorTaskError::Root(format!("the role {name} has no key {beginning}"))),
        count => {
            let why = format!("{count} keys of the role {name} begin with {beginning:?}");
            return Err(MirrorTaskError::Root(why));
        }
    }
    Ok(())
}

fn named(key: &DocumentPublicKey) -> (KeyId, MirrorKey) {
    (KeyId::of(key.as_bytes()), MirrorKey::Ed25519(*key.as_bytes()))
}

fn checked(root: MirrorRoot) -> Result<SignedDocument, MirrorTaskError> {
    root.check().map_err(MirrorTaskError::Root)?;
    Ok(SignedDocument::unsigned(root.to_payload()))
}

/// Adds the signatures of these keys to the draft of a root.
///
/// # Errors
/// Where the draft is no root.
pub fn sign_root(draft: &mut SignedDocument, keys: &SigningKeys) -> Result<(), MirrorTaskError> {
    read_draft(draft)?;
    for key in keys.all() {
        add_signature(SignedKind::Root, draft, key);
    }
    Ok(())
}

/// What the draft of a root says.
///
/// # Errors
/// [`MirrorTaskError::Root`] where it is no root.
pub fn read_draft(draft: &SignedDocument) -> Result<MirrorRoot, MirrorTaskError> {
    MirrorRoot::parse(&draft.payload).map_err(|error| MirrorTaskError::Root(error.to_string()))
}

/// Publishes a root: the first one of a mirror, or the successor of its newest one, which enough of its own keys and of
/// those of its predecessor signed.
///
/// # Errors
/// [`MirrorTaskError::Rejected`] where too few keys signed it or it does not follow the newest root, and
/// [`MirrorTaskError::RootExists`] where another root of its number is there.
pub async fn publish_root(
    documents: &dyn MirrorDocuments,
    draft: &SignedDocument,
) -> Result<TrustedRoot, MirrorTaskError> {
    let number = read_draft(draft)?.number;
    let path = MirrorRoot::path(number);
    let at = format!("{documents}/{path}");
    let bytes = draft.to_bytes(SignedKind::Root);
    let root = match newest_root(documents, 1).await? {
        Some(newest) => newest.successor(&bytes),
        None => TrustedRoot::first_seen(&bytes),
    };
    let rejected = |source| MirrorTaskError::Rejected { at: at.clone(), source: Box::new(source) };
    let root = root.map_err(rejected)?;
    match documents.replace(&path, bytes.into(), None).await? {
        Replacement::Replaced => Ok(root),
        Replacement::Conflict => {
            Err(MirrorTaskError::RootExists { mirror: documents.to_string(), number })
        }
    }
}

#[cfg(test)]
mod tests {
    use loom_signatures::document::DocumentSecretKey;

    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn key() -> DocumentPublicKey {
        DocumentSecretKey::generate().unwrap().public()
    }

    fn first(keys: &[DocumentPublicKey]) -> MirrorRoot {
        let role = |threshold| RoleKeys { keys: keys.to_vec(), threshold };
        let first = FirstRoot {
            authorities: vec![Authority::default()],
            root: role(1),
            index: role(1),
            timestamp: None,
            validity: DAY,
        };
        read_draft(&first.draft([7; 16].into()).unwrap()).unwrap()
    }

    #[test]
    fn a_successor_has_the_changes() {
        let (one, two) = (key(), key());
        let root = first(&[one]);
        let own = named(&one).0.to_string();
        let changes = RootChanges {
            add: vec![(RootRole::Index, two), (RootRole::Timestamp, two)],
            remove: vec![(RootRole::Index, own[..8].to_owned())],
            add_authorities: vec!["corp".parse().unwrap()],
            validity: DAY,
            ..RootChanges::default()
        };
        let next = read_draft(&changes.successor(&root).unwrap()).unwrap();
        assert_eq!((next.number, next.mirror), (2, root.mirror));
        assert_eq!(next.roles.root, root.roles.root);
        assert_eq!(next.roles.index.keys, [named(&two).0]);
        assert_eq!(next.authorities.len(), 2);
        // A role without keys is none, and a key that no role has goes.
        let changes = RootChanges {
            remove: vec![(RootRole::Timestamp, String::new())],
            validity: DAY,
            ..RootChanges::default()
        };
        assert_eq!(read_draft(&changes.successor(&next).unwrap()).unwrap().roles.timestamp, None);
    }

    #[test]
    fn a_root_that_readers_would_refuse_is_not_made() {
        let root = first(&[key()]);
        let changes = |change: fn(&mut RootChanges)| {
            let mut changes = RootChanges { validity: DAY, ..RootChanges::default() };
            change(&mut changes);
            changes.successor(&root).map(drop).unwrap_err().to_string()
        };
        for (error, expected) in [
            (changes(|c| c.thresholds.push((RootRole::Root, 2))), "threshold 2 of 1 keys"),
            (changes(|c| c.remove.push((RootRole::Root, "xyz".into()))), "no key xyz"),
            (changes(|c| c.remove.push((RootRole::Root, String::new()))), "threshold 1 of 0 keys"),
            (changes(|c| c.validity = Duration::ZERO), "expires"),
        ] {
            assert!(error.contains(expected), "{error}");
        }
    }
}
