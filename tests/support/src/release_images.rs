//! [`ReleaseImages`]: published releases as the indexes, manifests and layers of images.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Read as _, Write as _},
    net::TcpStream,
    path::Path,
};

use loom_source::{
    Digest, Slot, Statement,
    contract::{PublishedAsset, PublishedChecksum, PublishedRelease},
    record::StatementArchive,
};
use serde_json::{Value, json};

use crate::release_folder;

/// The media types.
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// The documents and blobs of images, and the tags that name them.
#[derive(Debug, Default, Clone)]
pub struct ReleaseImages {
    /// All documents and blobs, by the digest that they are stored under.
    pub blobs: BTreeMap<Digest, Vec<u8>>,
    /// Which of them are documents.
    pub documents: BTreeSet<Digest>,
    /// The digest that each tag of a binary names.
    pub tags: BTreeMap<(String, String), Digest>,
}

impl ReleaseImages {
    /// The images of releases: an index for each binary and version, with a statement about each release. Its tree is not
    /// that of the archive, whose bytes can be anything.
    pub fn of(releases: &[PublishedRelease]) -> Self {
        Self::with(releases, |published| Some(statement(published)))
    }

    /// The images of releases with these statements; an asset without one is known by its file name.
    pub fn with(
        releases: &[PublishedRelease],
        statement: impl Fn(&PublishedRelease) -> Option<String>,
    ) -> Self {
        let mut images = Self::default();
        let mut indexes: BTreeMap<(String, String), Vec<Value>> = BTreeMap::new();
        for published in releases {
            let Slot::Version(version) = &published.release.slot else { continue };
            let descriptor = images.add_release(published, statement(published));
            let key = (published.release.binary.to_string(), version.to_string());
            indexes.entry(key).or_default().push(descriptor);
        }
        for ((binary, version), manifests) in indexes {
            let annotations = json!({"dev.loom.binary": binary});
            images.add_index(&binary, &version, manifests, annotations);
        }
        images
    }

    /// Adds an index and the tag that names it; returns its digest.
    pub fn add_index(
        &mut self,
        binary: &str,
        tag: &str,
        manifests: Vec<Value>,
        annotations: Value,
    ) -> Digest {
        let index = json!({
            "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests, "annotations": annotations,
        });
        let digest = self.add_document(&index);
        self.tags.insert((binary.to_owned(), tag.to_owned()), digest);
        digest
    }

    /// Adds a manifest or an index; returns its digest.
    pub fn add_document(&mut self, document: &Value) -> Digest {
        let digest = self.add_blob(document.to_string().into_bytes());
        self.documents.insert(digest);
        digest
    }

    /// Adds a blob; returns its digest.
    pub fn add_blob(&mut self, bytes: Vec<u8>) -> Digest {
        let digest = Digest::of(&bytes);
        self.blobs.insert(digest, bytes);
        digest
    }

    /// Adds the manifest of a release; returns its descriptor.
    fn add_release(&mut self, published: &PublishedRelease, statement: Option<String>) -> Value {
        let PublishedRelease { release, asset, bytes, .. } = published;
        let digest = stored_digest(published);
        self.blobs.insert(digest, bytes.to_vec());
        let size = bytes.len();
        let title = release_folder::asset_name(published);
        let layer = match (asset, &statement) {
            (_, None) => json!({"org.opencontainers.image.title": title}),
            (PublishedAsset::Archive(format), Some(_)) => {
                json!({"dev.loom.carrier": format.extension(), "org.opencontainers.image.title": title})
            }
            (PublishedAsset::Bare, Some(_)) => {
                json!({"dev.loom.carrier": "bare", "org.opencontainers.image.title": title})
            }
        };
        let annotations = statement.map(|text| json!({"dev.loom.statement": text}));
        let empty = self.add_blob(b"{}".to_vec());
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "artifactType": "application/vnd.loom.release.v1",
            "config": {"mediaType": EMPTY, "digest": format!("sha256:{empty}"), "size": 2},
            "layers": [{
                "mediaType": "application/octet-stream", "digest": format!("sha256:{digest}"), "size": size,
                "annotations": layer,
            }],
            "annotations": annotations.unwrap_or_else(|| json!({})),
        });
        let digest = self.add_document(&manifest);
        json!({
            "mediaType": MANIFEST, "digest": format!("sha256:{digest}"), "size": self.blobs[&digest].len(),
            "annotations": {"dev.loom.platform": release.platform},
        })
    }

    /// Adds a signature about `of` (`statement`, or the digest of an asset) that refers to a document; returns its
    /// descriptor. Registries without a list of referrers need [`tag_referrers`](Self::tag_referrers), too.
    pub fn add_evidence(&mut self, subject: &Digest, kind: &str, of: &str, bytes: &[u8]) -> Value {
        let artifact = "application/vnd.loom.evidence.v1";
        let annotations = json!({"dev.loom.evidence": kind, "dev.loom.evidence.of": of});
        let (empty, layer) = (self.add_blob(b"{}".to_vec()), self.add_blob(bytes.to_vec()));
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": artifact,
            "config": {"mediaType": EMPTY, "digest": format!("sha256:{empty}"), "size": 2},
            "layers": [{
                "mediaType": "application/octet-stream", "digest": format!("sha256:{layer}"), "size": bytes.len(),
            }],
            "subject": {
                "mediaType": MANIFEST, "digest": format!("sha256:{subject}"), "size": self.blobs[subject].len(),
            },
            "annotations": annotations,
        });
        let digest = self.add_document(&manifest);
        json!({
            "mediaType": MANIFEST, "digest": format!("sha256:{digest}"), "size": self.blobs[&digest].len(),
            "artifactType": artifact, "annotations": annotations,
        })
    }

    /// Lists the referrers of a document under the tag that registries without a list of referrers have for it.
    pub fn tag_referrers(&mut self, binary: &str, subject: &Digest, referrers: Vec<Value>) {
        self.add_index(binary, &format!("sha256-{subject}"), referrers, json!({}));
    }

    /// Pushes the images to the registry at an address, below `prefix`: blobs, then documents, then tags.
    pub fn push(&self, address: &str, prefix: &str) {
        let tagged: BTreeSet<&Digest> = self.tags.values().collect();
        let binaries: BTreeSet<&str> =
            self.tags.keys().map(|(binary, _)| binary.as_str()).collect();
        for binary in binaries {
            let root = format!("/v2/{prefix}/{binary}");
            for (digest, bytes) in
                self.blobs.iter().filter(|(key, _)| !self.documents.contains(key))
            {
                let upload = request(address, "POST", &format!("{root}/blobs/uploads/"), "", b"");
                let separator = if upload.contains('?') { '&' } else { '?' };
                let path = format!("{upload}{separator}digest=sha256:{digest}");
                request(address, "PUT", &path, "application/octet-stream", bytes);
            }
            let (last, first): (Vec<_>, Vec<_>) =
                self.documents.iter().partition(|digest| tagged.contains(digest));
            for digest in first.into_iter().chain(last) {
                let path = format!("{root}/manifests/sha256:{digest}");
                self.push_document(address, &path, digest);
            }
        }
        for ((binary, tag), digest) in &self.tags {
            let path = format!("/v2/{prefix}/{binary}/manifests/{tag}");
            self.push_document(address, &path, digest);
        }
    }

    fn push_document(&self, address: &str, path: &str, digest: &Digest) {
        let bytes = &self.blobs[digest];
        let document: Value = serde_json::from_slice(bytes).unwrap();
        let media_type = document["mediaType"].as_str().unwrap();
        request(address, "PUT", path, media_type, bytes);
    }

    /// Writes the images as an image layout into a folder, instead of what is there.
    ///
    /// # Errors
    /// Whatever the operating system reports.
    pub fn write_layout(&self, root: &Path) -> io::Result<()> {
        for entry in fs::read_dir(root)? {
            let path = entry?.path();
            if path.is_dir() { fs::remove_dir_all(&path)? } else { fs::remove_file(&path)? }
        }
        release_folder::put(root, "oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        release_folder::put(root, "index.json", self.layout_index().to_string().as_bytes())?;
        for (digest, bytes) in &self.blobs {
            release_folder::put(root, &format!("blobs/sha256/{digest}"), bytes)?;
        }
        Ok(())
    }

    fn layout_index(&self) -> Value {
        let tags = self.tags.iter().map(|((binary, tag), digest)| {
            json!({
                "mediaType": INDEX, "digest": format!("sha256:{digest}"), "size": self.blobs[digest].len(),
                "annotations": {"org.opencontainers.image.ref.name": tag, "dev.loom.binary": binary},
            })
        });
        json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": tags.collect::<Vec<_>>()})
    }

    /// Writes the images into the folder of a `docker-registry`, below `prefix`, instead of its other tags. Nothing is
    /// checked: digests can be wrong.
    ///
    /// # Errors
    /// Whatever the operating system reports.
    pub fn write_registry(&self, root: &Path, prefix: &str) -> io::Result<()> {
        let root = root.join("docker/registry/v2");
        let repositories = root.join("repositories");
        if repositories.exists() {
            fs::remove_dir_all(&repositories)?;
        }
        for (digest, bytes) in &self.blobs {
            let path = format!("blobs/sha256/{}/{digest}/data", digest.prefix());
            release_folder::put(&root, &path, bytes)?;
        }
        let put = |binary: &str, path: &str, digest: &Digest| {
            let path = format!("repositories/{prefix}/{binary}/{path}/link");
            release_folder::put(&root, &path, format!("sha256:{digest}").as_bytes())
        };
        let binaries: BTreeSet<&str> =
            self.tags.keys().map(|(binary, _)| binary.as_str()).collect();
        for binary in binaries {
            for digest in self.blobs.keys() {
                put(binary, &format!("_layers/sha256/{digest}"), digest)?;
            }
            for digest in &self.documents {
                put(binary, &format!("_manifests/revisions/sha256/{digest}"), digest)?;
            }
        }
        for ((binary, tag), index) in &self.tags {
            put(binary, &format!("_manifests/tags/{tag}/current"), index)?;
            put(binary, &format!("_manifests/tags/{tag}/index/sha256/{index}"), index)?;
        }
        Ok(())
    }
}

/// The digest under which a release is stored.
fn stored_digest(published: &PublishedRelease) -> Digest {
    match published.checksum {
        PublishedChecksum::Wrong(digest) => digest,
        _ => Digest::of(&published.bytes),
    }
}

/// A statement about a release.
fn statement(published: &PublishedRelease) -> String {
    let PublishedRelease { release, asset, bytes, .. } = published;
    let digest = stored_digest(published);
    let archives = match asset {
        PublishedAsset::Archive(format) => {
            let (format, size) = (*format, bytes.len() as u64);
            vec![StatementArchive { digest, size, format, strip: false }]
        }
        PublishedAsset::Bare => vec![],
    };
    let statement = Statement {
        authority: release.authority.clone(),
        binary: release.binary.clone(),
        version: release.slot.version().expect("a version").clone(),
        platform: release.platform,
        tree: Digest::of(bytes),
        entry: release.executable(),
        archives,
        published: None,
        critical: vec![],
    };
    String::from_utf8(statement.to_bytes()).expect("JSON is UTF-8")
}

/// Sends a request, which has to succeed; returns the path of its `Location`.
fn request(address: &str, method: &str, path: &str, media_type: &str, body: &[u8]) -> String {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: {media_type}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 2"), "{method} {path}: {response}");
    let is_location = |line: &&str| line.to_ascii_lowercase().starts_with("location:");
    let location = response.lines().find(is_location).map_or("", |line| line[9..].trim());
    location.trim_start_matches(&format!("http://{address}")).to_owned()
}
