//! Which documents are accepted, in tables: each row changes one thing of a good mirror.

use std::time::{Duration, SystemTime};

use loom_base::time::{format_rfc3339, parse_rfc3339};
use loom_signatures::document::DocumentSecretKey;
use loom_source::{
    Authority, Digest, Name, Platform, Product, SkippedEntries,
    record::{
        IndexEntry, IndexPayload, IndexTimestamp, MirrorId, MirrorKey, MirrorRole, MirrorRoles,
        MirrorRoot, SignedDocument, SignedKind,
    },
};

use super::{sign::key_id, *};
use crate::trust::RevokedSigners;

const DAY: Duration = Duration::from_secs(86_400);

fn at(text: &str) -> SystemTime {
    parse_rfc3339(text).unwrap()
}

fn now() -> SystemTime {
    at("2026-06-01T00:00:00Z")
}

/// A mirror with two holders of the root, of whom both have to sign, one key for the index and one for the timestamp.
struct Keys {
    root: [DocumentSecretKey; 2],
    index: DocumentSecretKey,
    timestamp: DocumentSecretKey,
}

impl Keys {
    fn new() -> Self {
        let key = || DocumentSecretKey::generate().unwrap();
        Self { root: [key(), key()], index: key(), timestamp: key() }
    }

    fn all(&self) -> [&DocumentSecretKey; 4] {
        [&self.root[0], &self.root[1], &self.index, &self.timestamp]
    }

    fn root(&self, number: u64) -> MirrorRoot {
        let role = |keys: &[&DocumentSecretKey], threshold| MirrorRole {
            keys: keys.iter().map(|key| key_id(key)).collect(),
            threshold,
        };
        let key =
            |key: &DocumentSecretKey| (key_id(key), MirrorKey::Ed25519(*key.public().as_bytes()));
        MirrorRoot {
            mirror: MirrorId::from([7; 16]),
            number,
            issued: at("2026-01-01T00:00:00Z"),
            expires: at("2027-01-01T00:00:00Z"),
            authorities: vec![Authority::default()],
            keys: self.all().into_iter().map(key).collect(),
            roles: MirrorRoles {
                root: role(&[&self.root[0], &self.root[1]], 2),
                index: role(&[&self.index], 1),
                timestamp: None,
            },
        }
    }

    fn trusted(&self, number: u64) -> TrustedRoot {
        self.trusting(&self.root(number))
    }

    fn trusting(&self, root: &MirrorRoot) -> TrustedRoot {
        let bytes = root_file(root, &[&self.root[0], &self.root[1]]);
        TrustedRoot::given(&bytes, Digest::of(&bytes)).unwrap()
    }

    fn index(&self, payload: &IndexPayload) -> Vec<u8> {
        let document = signed(SignedKind::Index, payload.to_payload(), [&self.index]);
        document.to_bytes(SignedKind::Index)
    }
}

fn root_file(root: &MirrorRoot, keys: &[&DocumentSecretKey]) -> Vec<u8> {
    let document = signed(SignedKind::Root, root.to_payload(), keys.iter().copied());
    document.to_bytes(SignedKind::Root)
}

fn entry(version: &str) -> IndexEntry {
    IndexEntry {
        authority: Authority::default(),
        binary: Name::default(),
        version: version.parse().unwrap(),
        platform: Platform::LinuxX86_64,
        statement: Digest::of(version.as_bytes()),
        record: None,
        merged: Vec::new(),
        yanked: false,
    }
}

fn payload(root: u64, serial: u64) -> IndexPayload {
    IndexPayload {
        mirror: Some(MirrorId::from([7; 16])),
        root: Some(root),
        serial,
        issued: Some("2026-05-01T00:00:00Z".to_owned()),
        expires: Some("2026-07-01T00:00:00Z".to_owned()),
        releases: vec![entry("0.1.0"), entry("0.2.0")],
    }
}

fn seen(root: u64, serial: u64) -> SeenIndex {
    let digest = Digest::of(payload(root, serial).to_payload().as_bytes());
    let (issued, expires) = (at("2026-05-01T00:00:00Z"), at("2026-07-01T00:00:00Z"));
    SeenIndex { root, serial, payload: digest, issued, expires }
}

fn verify(
    root: &TrustedRoot,
    bytes: &[u8],
    seen: Option<&SeenIndex>,
) -> Result<VerifiedIndex, MirrorRejection> {
    let (clock, skipped) = (MirrorClock::new(now(), 0), SkippedEntries::default());
    VerifiedIndex::verify(root, None, bytes, seen, clock, &RevokedSigners::default(), &skipped)
}

/// The kind of a rejection, or what is accepted.
fn kind<T>(result: Result<T, MirrorRejection>) -> String {
    match result {
        Ok(_) => "accepted".to_owned(),
        Err(rejection) => {
            format!("{rejection:?}").split([' ', '(', '{']).next().unwrap_or_default().to_owned()
        }
    }
}

#[test]
fn a_successor_is_signed_by_both_thresholds() {
    let (old, new) = (Keys::new(), Keys::new());
    let first = old.trusted(1);
    let own = [&new.root[0], &new.root[1]];
    let both = [&new.root[0], &new.root[1], &old.root[0], &old.root[1]];
    let next = new.root(2);
    let other_mirror = MirrorRoot { mirror: MirrorId::from([8; 16]), ..next.clone() };
    let expired = MirrorRoot { expires: at("2026-02-01T00:00:00Z"), ..next.clone() };
    for (name, root, keys, expected) in [
        ("both thresholds", &next, &both[..], "accepted"),
        ("the new keys alone", &next, &own, "Signatures"),
        ("the old keys alone", &next, &[&old.root[0], &old.root[1]], "Signatures"),
        ("one old key too few", &next, &both[..3], "Signatures"),
        ("one new key too few", &next, &both[1..], "Signatures"),
        ("an index key instead of a root key", &next, &[own[0], own[1], &old.index], "Signatures"),
        ("the number is skipped", &new.root(3), &both, "OtherRoot"),
        ("the number is repeated", &new.root(1), &both, "OtherRoot"),
        ("another mirror", &other_mirror, &both, "OtherMirror"),
        ("expired: only the last one has to be valid", &expired, &both, "accepted"),
    ] {
        assert_eq!(kind(first.successor(&root_file(root, keys))), expected, "{name}");
    }
}

#[test]
fn one_key_counts_once() {
    let keys = Keys::new();
    let mut document = signed(SignedKind::Root, keys.root(1).to_payload(), [&keys.root[0]]);
    document.signatures.push(document.signatures[0].clone());
    let bytes = document.to_bytes(SignedKind::Root);
    assert_eq!(kind(TrustedRoot::first_seen(&bytes)), "Signatures");
    add_signature(SignedKind::Root, &mut document, &keys.root[1]);
    let bytes = document.to_bytes(SignedKind::Root);
    assert_eq!(kind(TrustedRoot::first_seen(&bytes)), "accepted");
    assert_eq!(kind(TrustedRoot::given(&bytes, Digest::of(b"another"))), "OtherAnchor");
}

#[test]
fn a_signature_of_one_kind_of_document_is_none_of_another() {
    let keys = Keys::new();
    let as_root = signed(SignedKind::Root, payload(1, 1).to_payload(), [&keys.index]);
    let bytes = as_root.to_bytes(SignedKind::Index);
    assert_eq!(kind(verify(&keys.trusted(1), &bytes, None)), "Signatures");
}

#[test]
fn an_index_is_judged_by_the_root_and_what_was_seen() {
    let keys = Keys::new();
    let root = keys.trusted(2);
    let good = payload(2, 5);
    let with = |change: fn(&mut IndexPayload)| {
        let mut payload = payload(2, 5);
        change(&mut payload);
        payload
    };
    let other_payload = SeenIndex { payload: Digest::of(b"another"), ..seen(2, 5) };
    for (name, payload, seen, expected) in [
        ("the first one", &good, None, "accepted"),
        ("the same one again", &good, Some(seen(2, 5)), "accepted"),
        ("a later one", &good, Some(seen(2, 4)), "accepted"),
        ("the first of a new root", &good, Some(seen(1, 999)), "accepted"),
        ("an earlier one", &good, Some(seen(2, 6)), "Rollback"),
        ("after a later root", &good, Some(seen(3, 1)), "Rollback"),
        ("another with the same serial", &good, Some(other_payload), "Fork"),
        ("an older root", &with(|p| p.root = Some(1)), None, "OldRoot"),
        ("a later root", &with(|p| p.root = Some(3)), None, "UnknownRoot"),
        ("no root", &with(|p| p.root = None), None, "Missing"),
        ("no mirror", &with(|p| p.mirror = None), None, "OtherMirror"),
        ("another mirror", &with(|p| p.mirror = Some([8; 16].into())), None, "OtherMirror"),
        ("serial 0", &with(|p| p.serial = 0), None, "Serial"),
        ("a serial too high", &with(|p| p.serial = 1 << 53), None, "Serial"),
        ("not issued", &with(|p| p.issued = None), None, "Document"),
        ("without an end", &with(|p| p.expires = None), None, "Document"),
        (
            "valid for more than a year",
            &with(|p| p.expires = Some("2027-06-01T00:00:00Z".to_owned())),
            None,
            "Document",
        ),
        (
            "a time in another form",
            &with(|p| p.issued = Some("2026-05-01T00:00:00.0Z".to_owned())),
            None,
            "Document",
        ),
        ("a release twice", &with(|p| p.releases.push(entry("0.1.0"))), None, "Twice"),
    ] {
        assert_eq!(kind(verify(&root, &keys.index(payload), seen.as_ref())), expected, "{name}");
    }
    let others = Keys::new();
    assert_eq!(kind(verify(&root, &others.index(&good), None)), "Signatures");
    let unsigned = SignedDocument::unsigned(good.to_payload()).to_bytes(SignedKind::Index);
    assert_eq!(kind(verify(&root, &unsigned, None)), "Signatures");
}

#[test]
fn entries_of_other_authorities_are_left_out() {
    let keys = Keys::new();
    let mut payload = payload(1, 1);
    payload.releases[0].authority = "someone-else".parse().unwrap();
    let index = verify(&keys.trusted(1), &keys.index(&payload), None).unwrap();
    assert!(index.entry(&payload.releases[0].release()).is_none());
    assert!(index.entry(&payload.releases[1].release()).is_some());
}

#[test]
fn the_clock_never_goes_back() {
    let keys = Keys::new();
    let expired = |index: VerifiedIndex| index.expired().map(|rejection| rejection.to_string());
    let judged = |clock: SystemTime, built: SystemTime, seen: Option<SeenIndex>| {
        let built = built.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let clock = MirrorClock::new(clock, built);
        let (bytes, skipped) = (keys.index(&payload(1, 5)), SkippedEntries::default());
        let root = keys.trusted(1);
        expired(
            VerifiedIndex::verify(
                &root,
                None,
                &bytes,
                seen.as_ref(),
                clock,
                &RevokedSigners::default(),
                &skipped,
            )
            .unwrap(),
        )
    };
    let (early, late) = (at("2000-01-01T00:00:00Z"), at("2026-07-01T00:00:00Z"));
    let text = Some("the index expired at 2026-07-01T00:00:00Z".to_owned());
    assert_eq!(judged(now(), early, None), None);
    assert_eq!(judged(late - Duration::from_secs(1), early, None), None);
    assert_eq!(judged(late, early, None), text);
    // The clock was set back, but the program was built later, or a later document was seen.
    assert_eq!(judged(early, late, None), text);
    assert_eq!(judged(early, early, Some(SeenIndex { issued: late, ..seen(1, 4) })), text);
    assert_eq!(judged(early, early, Some(seen(1, 4))), None);
    // An expired root acts like an expired index.
    let after = at("2027-01-01T00:00:00Z");
    let root = Some("the root expired at 2027-01-01T00:00:00Z".to_owned());
    assert_eq!(judged(after, early, None), root);
}

#[test]
fn a_time_in_the_future_ends_with_the_key_that_stated_it() {
    let (old, new) = (Keys::new(), Keys::new());
    let future = SeenIndex { issued: at("2090-01-01T00:00:00Z"), ..seen(1, 5) };
    let (first, renewed) = (old.trusted(1), old.trusted(2));
    assert_eq!(future.under(&first, &renewed), future);
    let replaced = future.under(&first, &new.trusted(2));
    assert_eq!(replaced.issued, SystemTime::UNIX_EPOCH);
    assert_eq!((replaced.root, replaced.serial), (1, 5));
}

#[test]
fn a_timestamp_role_requires_a_timestamp_of_this_index() {
    let keys = Keys::new();
    let mut root = keys.root(1);
    root.roles.timestamp = Some(MirrorRole { keys: vec![key_id(&keys.timestamp)], threshold: 1 });
    let root = keys.trusting(&root);
    let index = payload(1, 5);
    let digest = Digest::of(index.to_payload().as_bytes());
    let stamp = IndexTimestamp {
        mirror: MirrorId::from([7; 16]),
        root: 1,
        serial: 5,
        index: digest,
        issued: at("2026-05-31T00:00:00Z"),
        expires: at("2026-06-02T00:00:00Z"),
    };
    let judged = |stamp: &IndexTimestamp, key: &DocumentSecretKey, seen: Option<SeenIndex>| {
        let bytes = signed(SignedKind::Timestamp, stamp.to_payload(), [key]);
        let bytes = bytes.to_bytes(SignedKind::Timestamp);
        let stamp = VerifiedTimestamp::verify(&root, &bytes, seen.as_ref())?;
        let (clock, skipped) = (MirrorClock::new(now(), 0), SkippedEntries::default());
        let bytes = keys.index(&index);
        let stamp = stamp.as_ref();
        VerifiedIndex::verify(
            &root,
            stamp,
            &bytes,
            seen.as_ref(),
            clock,
            &RevokedSigners::default(),
            &skipped,
        )
    };
    let own = &keys.timestamp;
    let with = |change: fn(&mut IndexTimestamp)| {
        let mut stamp = stamp.clone();
        change(&mut stamp);
        stamp
    };
    for (name, stamp, key, seen, expected) in [
        ("its own key", &stamp, own, None, "accepted"),
        ("the key of the index", &stamp, &keys.index, None, "Signatures"),
        ("another serial", &with(|s| s.serial = 6), own, None, "NotInTimestamp"),
        ("another index", &with(|s| s.index = Digest::of(b"x")), own, None, "NotInTimestamp"),
        ("another mirror", &with(|s| s.mirror = [8; 16].into()), own, None, "OtherMirror"),
        ("another root", &with(|s| s.root = 2), own, None, "UnknownRoot"),
        ("an earlier one", &stamp, own, Some(seen(1, 6)), "Rollback"),
        ("too long", &with(|s| s.expires += 400 * DAY), own, None, "Document"),
    ] {
        assert_eq!(kind(judged(stamp, key, seen)), expected, "{name}");
    }
    let bytes = keys.index(&index);
    assert_eq!(kind(verify(&root, &bytes, None)), "Absent");
    let old = with(|s| s.expires = s.issued + DAY);
    let expired = judged(&old, own, None).unwrap();
    let text = expired.expired().unwrap().to_string();
    assert_eq!(text, format!("the timestamp expired at {}", format_rfc3339(now())));
}

#[test]
fn withdrawn_versions_are_not_listed_and_stay_entries() {
    let keys = Keys::new();
    let mut payload = payload(1, 1);
    payload.releases[1].yanked = true;
    let index = verify(&keys.trusted(1), &keys.index(&payload), None).unwrap();
    let release = payload.releases[1].release();
    let product: Product = release.product();
    assert_eq!(index.versions(&product), ["0.1.0".parse().unwrap()]);
    assert_eq!(index.withdrawn(&product), [release.slot.version().unwrap().clone()]);
    assert!(index.entry(&release).unwrap().yanked);
    assert_eq!(index.origin().keys, [key_id(&keys.index)]);
}
