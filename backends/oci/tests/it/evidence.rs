//! Signatures that refer to manifests, in registries with and without a list of referrers, and in layouts.

use loom_oci::{Oci, OciLocation, OciOptions};
use loom_source::{Digest, EvidenceKind, EvidenceSubject, ListingScope, Source as _};
use loom_test_support::{
    docker_registry::{DockerRegistry, RegistryAccess},
    ferro_registry::FerroRegistry,
    release_images::ReleaseImages,
};

use crate::{
    failing_registry::{FailingRegistry, Passage},
    support::{ARCHIVE, PREFIX, fetch, offer, published, read, source, versions},
};

const BINARY: &str = "loom-bridge-server";

/// What a signature refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Manifest,
    Index,
}

/// The release 0.2.0 with two signatures and an artifact of another type. With `tagged`, a tag lists them.
fn signed(subject: Subject, tagged: bool) -> ReleaseImages {
    let mut images = ReleaseImages::of(&[published()]);
    let index = images.tags[&(BINARY.to_owned(), "0.2.0".to_owned())];
    let manifest = *images.documents.iter().find(|digest| **digest != index).unwrap();
    let subject = if subject == Subject::Index { index } else { manifest };
    let asset = format!("sha256:{}", Digest::of(&ARCHIVE));
    let mut referrers = vec![
        images.add_evidence(&subject, "minisign", &asset, b"a signature"),
        images.add_evidence(&subject, "sigstore", "statement", b"a bundle"),
        images.add_evidence(&subject, "of another kind", "statement", b"x"),
    ];
    // Some lists lack the type; the manifest has it.
    referrers[0].as_object_mut().unwrap().remove("artifactType");
    if tagged {
        images.tag_referrers(BINARY, &subject, referrers);
    }
    images
}

fn with_evidence() -> OciOptions {
    OciOptions { evidence: true, ..OciOptions::default() }
}

/// Asserts that the source offers both signatures, and that they can be read.
async fn check(source: &Oci) {
    let offer = offer(source).await.unwrap().unwrap();
    let asset = EvidenceSubject::Artifact(offer.artifacts[0].asset.clone());
    let mut found = Vec::new();
    for one in &offer.evidence {
        let bytes = read(source, &one.asset, 0).await.unwrap();
        found.push((one.kind, one.of.clone(), String::from_utf8(bytes).unwrap()));
    }
    found.sort_by_key(|(_, _, text)| text.clone());
    let bundle = (EvidenceKind::Sigstore, EvidenceSubject::Statement, "a bundle".to_owned());
    let signature = (EvidenceKind::Minisign, asset, "a signature".to_owned());
    assert_eq!(found, [bundle, signature]);
}

#[tokio::test]
async fn signatures_are_found_by_the_tag_of_their_subject() {
    for subject in [Subject::Manifest, Subject::Index] {
        let registry = DockerRegistry::start(&RegistryAccess::Open);
        signed(subject, true).push(&registry.address, PREFIX);
        check(&source(&registry.address, with_evidence())).await;
        let asked = registry.requests().iter().filter(|r| r.contains("/referrers/")).count();
        assert_eq!(asked, 1, "a registry without a list of referrers is asked for one once");
    }
}

#[tokio::test]
async fn signatures_are_found_by_the_list_of_referrers() {
    for subject in [Subject::Manifest, Subject::Index] {
        let registry = FerroRegistry::start();
        let address = registry.address.to_string();
        signed(subject, false).push(&address, PREFIX);
        check(&source(&address, with_evidence())).await;
    }
}

#[tokio::test]
async fn what_refers_to_another_image_is_left_out_and_said() {
    let registry = DockerRegistry::start(&RegistryAccess::Open);
    let mut images = ReleaseImages::of(&[published()]);
    let index = images.tags[&(BINARY.to_owned(), "0.2.0".to_owned())];
    let manifest = *images.documents.iter().find(|digest| **digest != index).unwrap();
    let asset = format!("sha256:{}", Digest::of(&ARCHIVE));
    let of_index = images.add_evidence(&index, "minisign", &asset, b"a signature");
    images.tag_referrers(BINARY, &manifest, vec![of_index.clone()]);
    images.push(&registry.address, PREFIX);
    let source = source(&registry.address, with_evidence());
    assert!(offer(&source).await.unwrap().unwrap().evidence.is_empty());
    let said = source.skipped().unwrap();
    let why = format!("it does not refer to sha256:{manifest}");
    assert!(said.contains(of_index["digest"].as_str().unwrap()) && said.contains(&why), "{said}");
}

#[tokio::test]
async fn signatures_are_found_in_a_layout() {
    let folder = tempfile::tempdir().unwrap();
    signed(Subject::Manifest, true).write_layout(folder.path()).unwrap();
    let location = OciLocation::Layout(folder.path().to_owned());
    check(&Oci::open(location, with_evidence()).unwrap()).await;
}

#[tokio::test]
async fn signatures_are_looked_for_only_where_they_are_needed() {
    let registry = DockerRegistry::start(&RegistryAccess::Open);
    signed(Subject::Manifest, true).push(&registry.address, PREFIX);
    let pushed = registry.requests().len();
    let source = source(&registry.address, OciOptions::default());
    assert!(offer(&source).await.unwrap().unwrap().evidence.is_empty());
    assert_eq!(registry.requests().len(), pushed + 2);
}

#[tokio::test]
async fn a_registry_that_pages_its_tags_is_read_to_the_end() {
    let registry = FerroRegistry::start();
    let address = registry.address.to_string();
    let mut images = ReleaseImages::of(&[published()]);
    let index = images.tags[&(BINARY.to_owned(), "0.2.0".to_owned())];
    for number in 0..1_200 {
        images.tags.insert((BINARY.to_owned(), format!("0.0.{number}")), index);
    }
    images.push(&address, PREFIX);
    let line = FailingRegistry::before(&address, |_| Passage::Passed);
    let source = source(&line.address, OciOptions::default());
    // Its order is that of the texts: the newest is on the last page.
    assert_eq!(versions(&source, ListingScope::Newest).await, ["0.2.0"]);
    let requests: Vec<String> = line.requests().into_iter().map(|one| one.path).collect();
    let pages = requests.iter().filter(|path| path.contains("/tags/list?")).count();
    assert_eq!((pages, requests.len()), (2, 3), "two pages and one index: {requests:?}");
    assert_eq!(versions(&source, ListingScope::All).await.len(), 1_201);
    fetch(&source).await.unwrap();
    assert_eq!(source.skipped(), None);
}
