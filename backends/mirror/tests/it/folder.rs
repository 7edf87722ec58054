//! Mirrors in a folder.

use std::{fs, path::Path};

use loom_mirror::{Mirror, MirrorError, MirrorLayout, MirrorOptions};
use loom_source::{
    AssetRef, DigestSource, ErrorClass, EvidenceKind, Name, Offer, Packaging, Platform,
    RangeRequest, Release, Source as _, SourceErrorKind,
    contract::{PublishedRelease, product},
};
use loom_test_support::release_folder::{self, ReleaseLayout};
use tempfile::TempDir;
use url::Url;

const ASSET: &str = "loom-bridge-server-0.2.0-linux-x86_64.tar.gz";

fn mirror(root: &Path) -> Mirror {
    Mirror::open(url(root), MirrorOptions::default()).unwrap()
}

fn url(folder: &Path) -> Url {
    Url::from_file_path(folder).unwrap()
}

fn release() -> Release {
    product().at_version("0.2.0".parse().unwrap())
}

async fn found(root: &Path) -> Offer {
    mirror(root).find(&release()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_missing_folder_is_an_error() {
    let root = TempDir::new().unwrap();
    let missing = root.path().join("not-mounted");
    let mirror = mirror(&missing);
    for error in [
        mirror.find(&release()).await.unwrap_err(),
        mirror.list(&product(), loom_source::ListingScope::All).await.unwrap_err(),
        mirror.open(&AssetRef::new("x"), &RangeRequest::whole()).await.unwrap_err(),
    ] {
        assert!(matches!(error.kind, SourceErrorKind::Read), "{error:?}");
        assert!(error.to_string().contains("not-mounted"), "{error}");
    }
    fs::create_dir(&missing).unwrap();
    assert!(mirror.find(&release()).await.unwrap().is_none());
    fs::remove_dir(&missing).unwrap();
    assert!(mirror.find(&release()).await.is_err(), "a folder that has disappeared is an error");
}

#[tokio::test]
async fn a_file_is_not_a_folder() {
    let root = TempDir::new().unwrap();
    release_folder::put(root.path(), "x", b"").unwrap();
    let error = mirror(&root.path().join("x")).find(&release()).await.unwrap_err();
    assert!(matches!(error.kind, SourceErrorKind::Read), "{error:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn symbolic_links_must_not_leave_the_mirror() {
    use std::os::unix::fs::symlink;
    let (root, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    release_folder::put(outside.path(), "secret", b"s").unwrap();
    release_folder::put(root.path(), "inside", b"i").unwrap();
    symlink("inside", root.path().join("good")).unwrap();
    symlink(outside.path().join("secret"), root.path().join("bad")).unwrap();
    symlink(outside.path(), root.path().join("v0.2.0")).unwrap();
    symlink("nowhere", root.path().join("dangling")).unwrap();
    let mirror = mirror(root.path());
    let open = async |key: &str| mirror.open(&AssetRef::new(key), &RangeRequest::whole()).await;
    assert!(open("good").await.is_ok());
    assert_eq!(open("dangling").await.unwrap_err().kind, SourceErrorKind::Gone);
    for error in [open("bad").await.unwrap_err(), mirror.find(&release()).await.unwrap_err()] {
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("leads out of the mirror"), "{error:?}");
    }
    assert!(mirror.local_file(&AssetRef::new("bad")).is_none());
}

#[tokio::test]
async fn files_of_this_machine_have_a_path() {
    let root = TempDir::new().unwrap();
    release_folder::write(
        root.path(),
        ReleaseLayout::Versioned,
        &[PublishedRelease::archive("0.2.0", "x")],
    )
    .unwrap();
    let mirror = mirror(root.path());
    assert!(mirror.is_local());
    let key = AssetRef::new(format!("v0.2.0/{ASSET}"));
    assert_eq!(fs::read(mirror.local_file(&key).unwrap()).unwrap(), b"x");
    for none in ["v0.2.0", "v0.2.0/other", "../x"] {
        assert!(mirror.local_file(&AssetRef::new(none)).is_none(), "{none}");
    }
}

#[tokio::test]
async fn all_assets_of_a_folder_are_offered() {
    let root = TempDir::new().unwrap();
    let put =
        |key: &str, bytes: &str| release_folder::put(root.path(), key, bytes.as_bytes()).unwrap();
    let zst = "loom-bridge-server-0.2.0-linux-x86_64.tar.zst";
    let digest = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    put(&format!("v0.2.0/{zst}"), "unchecked");
    put(&format!("v0.2.0/{ASSET}"), "hello");
    put(&format!("v0.2.0/{ASSET}.sha256"), digest);
    put("v0.2.0/SHA256SUMS", &format!("{digest}  {ASSET}\n{digest}  other\n"));
    for ending in ["minisig", "sig", "asc", "sigstore.json", "txt"] {
        put(&format!("v0.2.0/{ASSET}.{ending}"), "x");
    }
    let offer = found(root.path()).await;
    let names: Vec<&str> = offer.artifacts.iter().map(|artifact| artifact.asset.as_str()).collect();
    assert_eq!(names, [format!("v0.2.0/{ASSET}"), format!("v0.2.0/{zst}")]);
    assert_eq!(offer.artifacts[0].size, Some(5));
    let by: Vec<DigestSource> = offer.artifacts[0].claims.iter().map(|claim| claim.by).collect();
    assert_eq!(by, [DigestSource::Sidecar, DigestSource::Sums]);
    let mut kinds: Vec<EvidenceKind> = offer.evidence.iter().map(|e| e.kind).collect();
    kinds.sort_by_key(|kind| format!("{kind:?}"));
    use EvidenceKind::{Cosign, Gpg, Minisign, Sigstore};
    assert_eq!(kinds, [Cosign, Gpg, Minisign, Sigstore]);
}

#[tokio::test]
async fn a_checksum_file_without_the_asset_is_malformed() {
    let root = TempDir::new().unwrap();
    release_folder::put(root.path(), &format!("v0.2.0/{ASSET}"), b"x").unwrap();
    for (text, why) in [("", "no SHA-256"), (&format!("{:064}  other\n", 0), "no line for")] {
        release_folder::put(root.path(), &format!("v0.2.0/{ASSET}.sha256"), text.as_bytes())
            .unwrap();
        let error = mirror(root.path()).find(&release()).await.unwrap_err();
        assert!(matches!(error.kind, SourceErrorKind::Malformed { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(".sha256") && text.contains(why), "{text}");
    }
}

#[tokio::test]
async fn platforms_of_a_release_are_listed() {
    let mut other = PublishedRelease::archive("0.2.0", "x");
    other.release.platform = Platform::MacosAarch64;
    for layout in [ReleaseLayout::Versioned, ReleaseLayout::Flat, ReleaseLayout::Store] {
        let root = TempDir::new().unwrap();
        release_folder::write(root.path(), layout, std::slice::from_ref(&other)).unwrap();
        let mirror = mirror(root.path());
        let version = "0.2.0".parse().unwrap();
        assert_eq!(mirror.platforms(&Name::default(), &version).await, [Platform::MacosAarch64]);
        let version = "0.3.0".parse().unwrap();
        assert_eq!(mirror.platforms(&Name::default(), &version).await, []);
    }
}

#[tokio::test]
async fn a_newer_store_is_refused() {
    let root = TempDir::new().unwrap();
    release_folder::put(root.path(), "format", b"loom-store 2\n").unwrap();
    let error = mirror(root.path()).find(&release()).await.unwrap_err();
    assert!(error.to_string().contains("this version of loom cannot read"), "{error}");
}

#[tokio::test]
async fn the_layout_can_be_given() {
    let root = TempDir::new().unwrap();
    release_folder::write(
        root.path(),
        ReleaseLayout::Versioned,
        &[PublishedRelease::archive("0.2.0", "x")],
    )
    .unwrap();
    release_folder::put(root.path(), "format", b"loom-store 1\n").unwrap();
    for (layout, found) in
        [(MirrorLayout::Probe, false), (MirrorLayout::Store, false), (MirrorLayout::Release, true)]
    {
        let options = MirrorOptions { layout, ..MirrorOptions::default() };
        let mirror = Mirror::open(url(root.path()), options).unwrap();
        assert_eq!(mirror.find(&release()).await.unwrap().is_some(), found, "{layout:?}");
    }
}

#[tokio::test]
async fn a_statement_of_another_release_is_refused() {
    let root = TempDir::new().unwrap();
    release_folder::write(
        root.path(),
        ReleaseLayout::Store,
        &[PublishedRelease::archive("0.2.0", "x")],
    )
    .unwrap();
    let offer = found(root.path()).await;
    let statement = loom_source::Statement::parse(&offer.statement.unwrap()).unwrap();
    assert_eq!(offer.tree.unwrap().digest, statement.tree);
    assert!(matches!(offer.artifacts[0].packaging, Packaging::Archive { strip: Some(false), .. }));

    let record = |version: &str| {
        let release = product().at_version(version.parse().unwrap());
        root.path().join(loom_source::Record::path(&release))
    };
    fs::create_dir_all(record("0.3.0").parent().unwrap()).unwrap();
    fs::copy(record("0.2.0"), record("0.3.0")).unwrap();
    let other = product().at_version("0.3.0".parse().unwrap());
    let error = mirror(root.path()).find(&other).await.unwrap_err();
    assert!(error.to_string().contains("0.2.0"), "{error}");

    fs::write(record("0.2.0"), "{\"schema\":\"loom-record 9\"}").unwrap();
    let error = mirror(root.path()).find(&release()).await.unwrap_err();
    assert!(error.to_string().contains("this version of loom cannot read"), "{error}");
    fs::write(record("0.2.0"), "{").unwrap();
    let error = mirror(root.path()).find(&release()).await.unwrap_err();
    assert!(matches!(error.kind, SourceErrorKind::Malformed { .. }), "{error:?}");
    assert_eq!(error.kind.class(), ErrorClass::Unreachable);
}

#[test]
fn only_urls_of_mirrors_are_opened() {
    let open = |url: &str| Mirror::open(url.parse().unwrap(), MirrorOptions::default());
    for good in ["file:///m", "http://127.0.0.1:1", "https://host/prefix/"] {
        assert!(open(good).is_ok(), "{good}");
    }
    assert_eq!(open("https://user:pass@host/p?q=1").unwrap().to_string(), "https://host/p");
    for later in ["ftp://host", "oci://host", "github:o/r"] {
        assert!(matches!(open(later), Err(MirrorError::Scheme(_))), "{later}");
    }
    for bad in ["file://host/m", "s3://user:s3cret@bucket/p"] {
        let error = open(bad).unwrap_err();
        assert!(matches!(error, MirrorError::Location { .. }), "{bad}: {error:?}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}
