//! Releases that are published to registries and layouts, and read back.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use loom_oci::{
    ImagePublisher, ImageWriteError, Oci, OciLocation, OciOptions,
    publish::{ImageVersion, ReleaseImage, RuntimeLayerFile},
};
use loom_source::{Name, Platform};
use loom_test_support::{
    docker_registry::{DockerRegistry, RegistryAccess},
    ferro_registry::FerroRegistry,
    token_realm::{RealmRules, TokenRealm},
};

use crate::{
    releases::{
        LINUX, MACOS, Releases, check, check_evidence, publish, publisher, signed, version,
        with_evidence,
    },
    support::{PREFIX, password, source, with_login},
};

/// The methods and statuses of requests.
fn methods(requests: &[String]) -> Vec<String> {
    let short = |request: &String| {
        let words: Vec<&str> = request.split(' ').collect();
        format!("{} {}", words[0], words[2])
    };
    requests.iter().map(short).collect()
}

#[tokio::test]
async fn a_published_version_is_read_back_and_is_not_sent_again() {
    let (registry, folder) = (DockerRegistry::start(&RegistryAccess::Open), Releases::new());
    let releases = [folder.release(LINUX, "linux"), folder.release(MACOS, "macos")];
    let publisher = publisher(&registry.address, OciOptions::default());
    let first = publish(&publisher, &releases).await.unwrap();
    assert!(first.changed() && first.platforms.iter().all(|one| one.is_new && one.bytes > 0));
    for release in &releases {
        check(&source(&registry.address, OciOptions::default()), release).await;
    }
    let before = registry.requests().len();
    let again = publish(&publisher, &releases).await.unwrap();
    assert_eq!((again.index, again.changed()), (first.index, false));
    assert_eq!(methods(&registry.requests()[before..]), ["HEAD 200"]);
}

#[tokio::test]
async fn publishing_asks_for_each_blob_once() {
    let (registry, folder) = (DockerRegistry::start(&RegistryAccess::Open), Releases::new());
    let publisher = publisher(&registry.address, OciOptions::default());
    publish(&publisher, &[folder.release(LINUX, "linux")]).await.unwrap();
    let blob = ["HEAD 404", "POST 202", "PUT 201", "HEAD 200"];
    // The layer to run in, the configuration and the archive; the manifest and the index, which are read again.
    let document = ["PUT 201", "GET 200"];
    let expected = [&["HEAD 404"][..], &blob, &blob, &blob, &document, &document];
    assert_eq!(methods(&registry.requests()), expected.concat());
}

#[tokio::test]
async fn a_tag_gets_platforms_and_nothing_else() {
    let (registry, folder) = (DockerRegistry::start(&RegistryAccess::Open), Releases::new());
    let (linux, macos) = (folder.release(LINUX, "linux"), folder.release(MACOS, "macos"));
    let publisher = publisher(&registry.address, OciOptions::default());
    publish(&publisher, std::slice::from_ref(&macos)).await.unwrap();
    let grown = publish(&publisher, std::slice::from_ref(&linux)).await.unwrap();
    for release in [&linux, &macos] {
        check(&source(&registry.address, OciOptions::default()), release).await;
    }
    // The digest is that of both at once.
    let layout = tempfile::tempdir().unwrap();
    let whole =
        ImagePublisher::open(OciLocation::Layout(layout.path().join("new")), OciOptions::default());
    let whole = publish(&whole.unwrap(), &[linux.clone(), macos.clone()]).await.unwrap();
    assert_eq!(whole.index, grown.index);

    let before = registry.requests();
    let moved = folder.release(LINUX, "other");
    let error = publish(&publisher, &[moved]).await.unwrap_err();
    let ImageWriteError::Taken { at, platform, here, there } = &error else { panic!("{error}") };
    assert_eq!((*platform, here == there), (LINUX, false));
    assert!(at.ends_with(":0.2.0"), "{at}");
    let requests = registry.requests();
    let written = requests[before.len()..].iter().filter(|r| r.starts_with('P')).count();
    assert_eq!(written, 0, "{requests:?}");
    check(&source(&registry.address, OciOptions::default()), &linux).await;
}

#[tokio::test]
async fn an_image_keeps_the_layer_that_it_was_published_with() {
    let (registry, folder) = (DockerRegistry::start(&RegistryAccess::Open), Releases::new());
    let linux = folder.release(LINUX, "linux");
    let publisher = publisher(&registry.address, OciOptions::default());
    let layer = folder.0.path().join("layer.tar");
    let mut tar = tar::Builder::new(fs::File::create(&layer).unwrap());
    let mut header = tar::Header::new_ustar();
    header.set_size(1);
    header.set_cksum();
    tar.append_data(&mut header, "lib64/ld-linux-x86-64.so.2", &b"l"[..]).unwrap();
    tar.into_inner().unwrap();
    let with = |yields| {
        let runtime_layer = Some(RuntimeLayerFile { path: layer.clone(), yields });
        [ReleaseImage { runtime_layer, ..linux.clone() }]
    };
    let with_layer = with(false);
    let first = publish(&publisher, &with_layer).await.unwrap();
    check(&source(&registry.address, OciOptions::default()), &linux).await;
    // Without a layer of its own, a publisher takes the image as it is; with one, another is another image.
    let again = publish(&publisher, std::slice::from_ref(&linux)).await.unwrap();
    assert_eq!((again.index, again.changed()), (first.index, false));
    let other = DockerRegistry::start(&RegistryAccess::Open);
    let publisher = self::publisher(&other.address, OciOptions::default());
    publish(&publisher, std::slice::from_ref(&linux)).await.unwrap();
    let error = publish(&publisher, &with_layer).await.unwrap_err();
    assert!(matches!(error, ImageWriteError::Taken { .. }), "{error}");
    // A layer that was made anew on another machine is no other release.
    let kept = publish(&publisher, &with(true)).await.unwrap();
    assert!(!kept.changed() && kept.index != first.index, "{kept:?}");
}

#[tokio::test]
async fn evidence_is_attached_with_and_without_a_list_of_referrers() {
    let folder = Releases::new();
    let (plain, release) = (folder.release(LINUX, "linux"), signed(folder.release(LINUX, "linux")));
    let (docker, ferro) = (DockerRegistry::start(&RegistryAccess::Open), FerroRegistry::start());
    for address in [docker.address.clone(), ferro.address.to_string()] {
        let publisher = publisher(&address, OciOptions::default());
        // The version comes first, its signatures later.
        publish(&publisher, std::slice::from_ref(&plain)).await.unwrap();
        let published = publish(&publisher, std::slice::from_ref(&release)).await.unwrap();
        assert_eq!(published.platforms[0].evidence, 3);
        check_evidence(&source(&address, with_evidence()), &release).await;
        let again = publish(&publisher, std::slice::from_ref(&release)).await.unwrap();
        assert!(!again.changed());
    }
    let path = folder.0.path().join("layout");
    let layout = || OciLocation::Layout(path.clone());
    let publisher = ImagePublisher::open(layout(), OciOptions::default()).unwrap();
    for changed in [true, false] {
        let published = publish(&publisher, std::slice::from_ref(&release)).await.unwrap();
        assert_eq!(published.changed(), changed);
    }
    let source = Oci::open(layout(), with_evidence()).unwrap();
    check(&source, &release).await;
    check_evidence(&source, &release).await;
}

#[tokio::test]
async fn a_login_is_used_for_pushing() {
    let folder = Releases::new();
    let linux = [folder.release(LINUX, "linux")];
    let realm = TokenRealm::start(RealmRules::LoginOnly, Duration::from_secs(300));
    let access =
        RegistryAccess::Token { realm: realm.url.clone(), certificate: realm.certificate.clone() };
    for access in [RegistryAccess::Password, access] {
        let registry = DockerRegistry::start(&access);
        let anonymous = publisher(&registry.address, OciOptions::default());
        let error = publish(&anonymous, &linux).await.unwrap_err();
        assert!(error.to_string().contains("access"), "{error}");
        let publisher = publisher(&registry.address, with_login(password()));
        publish(&publisher, &linux).await.unwrap();
        check(&source(&registry.address, with_login(password())), &linux[0]).await;
    }
    // The registry names the actions in any order.
    let scope =
        |request: &String| request.contains("%3Apull%2Cpush") || request.contains("%3Apush%2Cpull");
    assert_eq!(realm.requests().iter().filter(|r| scope(r)).count(), 1, "{:?}", realm.requests());
}

#[tokio::test]
async fn a_large_file_is_sent_in_pieces() {
    let (registry, folder) = (DockerRegistry::start(&RegistryAccess::Open), Releases::new());
    let release =
        folder.of("0.2.0", Platform::WindowsX86_64, vec![7; 64 * 1024 * 1024 + 5], Vec::new());
    let publisher = publisher(&registry.address, OciOptions::default());
    publish(&publisher, std::slice::from_ref(&release)).await.unwrap();
    let pieces = registry.requests().iter().filter(|r| r.starts_with("PATCH ")).count();
    assert_eq!(pieces, 2);
    check(&source(&registry.address, OciOptions::default()), &release).await;
}

#[tokio::test]
async fn writers_of_different_versions_at_the_same_time_lose_nothing() {
    let folder = Releases::new();
    let versions = ["0.1.0", "0.2.0", "0.3.0", "0.4.0", "0.5.0"];
    let releases =
        versions.map(|version| (version, signed(folder.of_version(version, LINUX, "x"))));
    let registry = DockerRegistry::start(&RegistryAccess::Open);
    let layout = folder.0.path().join("layout");
    let registry_url = format!("oci://{}/{PREFIX}", registry.address).parse().unwrap();
    for location in [OciLocation::Registry(registry_url), OciLocation::Layout(layout)] {
        let location = &location;
        let publishing = releases.iter().map(|(version, release)| async move {
            let publisher = ImagePublisher::open(location.clone(), OciOptions::default()).unwrap();
            let images = ImageVersion {
                binary: Name::default(),
                version: version.parse().unwrap(),
                releases: vec![release.clone()],
            };
            publisher.publish(&images).await.unwrap();
        });
        futures::future::join_all(publishing).await;
        let source = Oci::open(location.clone(), with_evidence()).unwrap();
        for (_, release) in &releases {
            check(&source, release).await;
            check_evidence(&source, release).await;
        }
    }
}

#[tokio::test]
async fn what_cannot_be_published_is_named() {
    let folder = Releases::new();
    let linux = folder.release(LINUX, "linux");
    let tar: PathBuf = folder.0.path().join("layout.tar");
    fs::write(&tar, "").unwrap();
    let publisher = ImagePublisher::open(OciLocation::Layout(tar), OciOptions::default()).unwrap();
    let error = publish(&publisher, std::slice::from_ref(&linux)).await.unwrap_err();
    assert!(matches!(error, ImageWriteError::TarLayout { .. }), "{error}");
    fs::write(&linux.file, "other").unwrap();
    let error = publish(&publisher, &[linux]).await.unwrap_err();
    assert!(matches!(error, ImageWriteError::Mismatch { .. }), "{error}");
}

#[tokio::test]
async fn a_blob_of_a_layout_that_is_needed_again_becomes_young() {
    let folder = Releases::new();
    let path = folder.0.path().join("layout");
    let publisher =
        ImagePublisher::open(OciLocation::Layout(path.clone()), OciOptions::default()).unwrap();
    let release = folder.release(LINUX, "linux");
    publish(&publisher, std::slice::from_ref(&release)).await.unwrap();
    let old = SystemTime::now() - Duration::from_secs(30 * 24 * 60 * 60);
    let blobs = path.join("blobs/sha256");
    for entry in fs::read_dir(&blobs).unwrap() {
        let file = fs::File::options().write(true).open(entry.unwrap().path()).unwrap();
        file.set_modified(old).unwrap();
    }
    // The same program as another version: its archive is there already.
    let next = folder.of_version("0.3.0", LINUX, "linux");
    assert_eq!(next.digest, release.digest);
    let next = ImageVersion { version: "0.3.0".parse().unwrap(), ..version(&[next]) };
    publisher.publish(&next).await.unwrap();
    let modified = fs::metadata(blobs.join(release.digest.to_string())).unwrap().modified();
    assert!(modified.unwrap() > old + Duration::from_secs(24 * 60 * 60));
}
