//! Sources over registries and layouts.

use std::sync::LazyLock;

use loom_oci::{CredentialFiles, Oci, OciLocation, OciOptions, RegistryLogin};
use loom_source::{
    AssetRef, ListedVersion, ListingScope, Offer, RangeRequest, Source as _, SourceError,
    VersionListing,
    contract::{PublishedRelease, product},
};
use loom_test_support::{
    docker_registry::{DockerRegistry, PASSWORD, RegistryAccess, USER},
    release_images::ReleaseImages,
};

/// The prefix of all repositories.
pub(crate) const PREFIX: &str = "team/loom";

/// The archive of the release 0.2.0.
pub(crate) static ARCHIVE: LazyLock<Vec<u8>> =
    LazyLock::new(|| (0..100_000_u32).flat_map(|n| (n % 251).to_le_bytes()).collect());

/// The release 0.2.0.
pub(crate) fn published() -> PublishedRelease {
    PublishedRelease::archive("0.2.0", ARCHIVE.clone())
}

/// A registry with these releases.
pub(crate) fn registry(access: &RegistryAccess, releases: &[PublishedRelease]) -> DockerRegistry {
    let registry = DockerRegistry::start(access);
    ReleaseImages::of(releases).write_registry(&registry.data(), PREFIX).unwrap();
    registry
}

/// The source over the repositories at this address.
pub(crate) fn source(address: &str, options: OciOptions) -> Oci {
    let url = format!("oci://{address}/{PREFIX}").parse().unwrap();
    Oci::open(OciLocation::Registry(url), options).unwrap()
}

/// The login of the tests.
pub(crate) fn password() -> RegistryLogin {
    RegistryLogin::Password { user: USER.to_owned(), password: PASSWORD.to_owned().into() }
}

/// Options with a login.
pub(crate) fn with_login(login: RegistryLogin) -> OciOptions {
    OciOptions { login: Some(login), ..OciOptions::default() }
}

/// Options with files of logins.
pub(crate) fn with_files(files: CredentialFiles) -> OciOptions {
    OciOptions { files, ..OciOptions::default() }
}

/// The offer of the release 0.2.0.
pub(crate) async fn offer(source: &Oci) -> Result<Option<Offer>, SourceError> {
    source.find(&published().release).await
}

/// The bytes of an asset from an offset.
pub(crate) async fn read(
    source: &Oci,
    asset: &AssetRef,
    from: u64,
) -> Result<Vec<u8>, SourceError> {
    use futures::StreamExt as _;
    let range = RangeRequest { from, validator: None };
    let mut download = source.open(asset, &range).await?;
    assert_eq!(download.start, from);
    let mut bytes = Vec::new();
    while let Some(piece) = download.body.next().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes)
}

/// Finds and reads the release 0.2.0, which has to be as it was published.
pub(crate) async fn fetch(source: &Oci) -> Result<(), SourceError> {
    let offer = offer(source).await?.expect("the release is there");
    let bytes = read(source, &offer.artifacts[0].asset, 0).await?;
    assert!(bytes == *ARCHIVE, "the archive arrived with other bytes");
    Ok(())
}

/// The versions of a listing.
pub(crate) async fn versions(source: &Oci, scope: ListingScope) -> Vec<String> {
    match source.list(&product(), scope).await.unwrap() {
        VersionListing::Versions(versions) => {
            versions.into_iter().map(|ListedVersion { version, .. }| version.to_string()).collect()
        }
        VersionListing::Unlistable(why) => panic!("{why}"),
    }
}
