//! The source.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use loom_base::redact;
use loom_http::{Client, GetRequest, header::HeaderValue};
use loom_source::{
    AssetRef, Capabilities, Download, ListedVersion, ListingScope, Name, Offer, Platform, Product,
    RangeRequest, Release, Source, SourceError, SourceErrorKind, Version, VersionListing,
};

use crate::{
    DocumentCache, GithubError, GithubOptions, GithubRepo,
    api::{self, Api, ApiResponse},
    direct,
    documents::{self, ReleaseDoc},
    pages::Pages,
    pointer::{self, AssetLocation},
    tags::Tags,
};

/// The releases of one repository.
#[derive(Debug)]
pub struct Github {
    pub(crate) place: GithubRepo,
    pub(crate) tags: Tags,
    pub(crate) prerelease: bool,
    evidence: bool,
    pub(crate) api: Api,
    client: Client,
    pub(crate) memory: Arc<dyn DocumentCache>,
    run: Mutex<SessionState>,
}

/// What this run has learnt.
#[derive(Debug, Default)]
struct SessionState {
    /// Releases as the API described them, by their tags; and whether that has not been used yet.
    seen: BTreeMap<String, (ReleaseDoc, bool)>,
    /// What was found on the way to saying which release is the newest.
    ready: Option<(Release, Offer)>,
    /// Whether the pages are not for us: a private repository.
    barred: bool,
}

impl Github {
    /// Opens a repository. Nobody is asked before the first question.
    pub fn open(options: GithubOptions) -> Result<Self, GithubError> {
        let GithubOptions {
            repo: place,
            token,
            token_variable: wanted,
            tag_prefix,
            prerelease,
            evidence,
            network,
            cache: memory,
        } = options;
        let from = token.as_ref().map(|token| token.from.clone()).unwrap_or_default();
        if token.is_some() && place.is_plain() {
            return Err(GithubError::PlainToken { place: place.to_string(), from });
        }
        let api = Api::new(place.clone(), token, wanted).ok_or(GithubError::Token { from })?;
        let client = Client::new(network)
            .map_err(|source| GithubError::Network { place: place.to_string(), source })?;
        let (tags, run) = (Tags { prefix: tag_prefix }, Mutex::default());
        Ok(Self { place, tags, prerelease, evidence, api, client, memory, run })
    }

    /// Where it is.
    pub fn place(&self) -> &GithubRepo {
        &self.place
    }

    pub(crate) fn pages(&self) -> Pages<'_> {
        Pages { client: &self.client, place: &self.place }
    }

    pub(crate) fn line(&self) -> api::ApiConnection<'_> {
        api::ApiConnection { client: &self.client, memory: self.memory.as_ref() }
    }

    fn run<T>(&self, act: impl FnOnce(&mut SessionState) -> T) -> T {
        act(&mut self.run.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All versions of a line; what the releases hold is kept for `find`.
    pub(crate) async fn all(&self, line: &Product) -> Result<Vec<ListedVersion>, SourceError> {
        let releases = self.releases().await?;
        let versions = self.versions(&releases.docs, line);
        self.run(|run| {
            for doc in releases.docs {
                run.seen.insert(doc.tag_name.clone(), (doc, releases.fresh));
            }
        });
        Ok(versions)
    }

    /// The guess that was right last time.
    pub(crate) fn way(&self, release: &Release) -> Option<String> {
        let way = self.memory.get(&self.way_key(release))?;
        way.as_str().map(str::to_owned)
    }

    /// Remembers a guess that was right.
    pub(crate) fn learn(&self, release: &Release, way: &str) {
        if self.way(release).as_deref() != Some(way) {
            self.memory.change(&self.way_key(release), &mut |_| Some(way.into()));
        }
    }

    fn way_key(&self, release: &Release) -> String {
        format!("way-{}-{}", self.api.key(), release.platform)
    }

    pub(crate) fn keep_ready(&self, release: Release, offer: Offer) {
        self.run(|run| run.ready = Some((release, offer)));
    }

    /// What the pages tell of a pinned release; nothing where they are not for us.
    async fn direct(&self, release: &Release, tag: &str) -> Result<Option<Offer>, SourceError> {
        if self.evidence || self.run(|run| run.barred) {
            return Ok(None);
        }
        let way = self.way(release);
        let found = direct::find(&self.pages(), release, tag, way.as_deref()).await;
        Ok(self.pass(found)?.map(|found| {
            self.learn(release, &found.way);
            found.offer
        }))
    }

    /// Goes on to the API where the pages are for people who have logged in, or turn away who asks much, and we have a
    /// token; else it is an error.
    fn pass<T>(&self, answer: Result<Option<T>, SourceError>) -> Result<Option<T>, SourceError> {
        let Err(error) = answer else { return answer };
        let (busy, login) = match error.kind {
            SourceErrorKind::HttpStatus { status: 429, retry_after } => (Some(retry_after), false),
            SourceErrorKind::HtmlPage
            | SourceErrorKind::AccessDenied(_)
            | SourceErrorKind::Redirect { .. } => (None, true),
            _ => (None, false),
        };
        if self.api.is_known() && (login || busy.is_some()) {
            self.run(|run| run.barred = true);
            return Ok(None);
        }
        Err(busy.map_or(error, |after| self.api.pages_limited(after)))
    }

    /// The release of a tag, from the API.
    async fn release(&self, tag: &str) -> Result<Option<ReleaseDoc>, SourceError> {
        let url = self.place.api(&["releases", "tags", tag]);
        let ApiResponse::Document(reply) = self.api.get(&self.line(), &url, None).await? else {
            return Ok(None);
        };
        let doc: ReleaseDoc = documents::read(&redact::url(&url), &reply)?;
        if doc.tag_name != tag {
            let why = format!("it is the release of the tag {:?}", doc.tag_name);
            return Err(SourceError::malformed(redact::url(&url), why));
        }
        self.run(|run| run.seen.insert(tag.to_owned(), (doc.clone(), false)));
        Ok(Some(doc).filter(|doc| !doc.draft))
    }

    /// A small file of a release that the API has described.
    pub(crate) async fn small(
        &self,
        at: &AssetLocation,
        cap: usize,
    ) -> Result<Option<Bytes>, SourceError> {
        if !self.run(|run| run.barred) {
            let bytes = self.pass(self.pages().small(at, cap).await)?;
            if bytes.is_some() || !self.api.is_known() {
                return Ok(bytes);
            }
            // The API lists it, and it is not there for everybody.
            self.run(|run| run.barred = true);
        }
        match self.asset(at).await? {
            Some(get) => self.client.get_bytes(&get, cap).await,
            None => Ok(None),
        }
    }

    /// How a file of a private repository is asked for: by its number, with the token.
    async fn asset(&self, at: &AssetLocation) -> Result<Option<GetRequest>, SourceError> {
        if !self.api.is_known() {
            return Ok(None);
        }
        let seen = self.run(|run| run.seen.get(&at.tag).map(|(doc, _)| doc.clone()));
        let doc = match seen {
            Some(doc) => Some(doc),
            None => self.release(&at.tag).await?,
        };
        let id = doc.and_then(|doc| doc.asset(&at.name).map(|asset| asset.id));
        Ok(id.map(|id| {
            let url = self.place.api(&["releases", "assets", &id.to_string()]);
            GetRequest::new(url)
                .headers(self.api.headers(HeaderValue::from_static("application/octet-stream")))
        }))
    }

    /// Why the API refused bytes: asked for the same asset's description, it says so.
    async fn reason(&self, get: &GetRequest, refused: SourceError) -> SourceError {
        match refused.kind {
            SourceErrorKind::AccessDenied(_) | SourceErrorKind::HttpStatus { status: 429, .. } => {
                let told = self.api.get(&self.line(), get.url(), None).await;
                told.err().unwrap_or(refused)
            }
            _ => refused,
        }
    }
}

/// Whether asking the same server something else would only cost more time.
pub(crate) fn is_final(error: &SourceError) -> bool {
    use SourceErrorKind as Kind;
    matches!(
        error.kind,
        Kind::Connect { .. }
            | Kind::Tls
            | Kind::Offline
            | Kind::PlainHttp
            | Kind::Stalled { .. }
            | Kind::TotalTimeout { .. }
            | Kind::Interrupted { .. }
    )
}

impl fmt::Display for Github {
    /// Its place; what else decides about its listings, where that is not as usual.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)?;
        if self.tags.prefix != "v" {
            write!(f, " (tags {:?}…)", self.tags.prefix)?;
        }
        if self.prerelease { f.write_str(" (with pre-releases)") } else { Ok(()) }
    }
}

#[async_trait]
impl Source for Github {
    fn capabilities(&self) -> Capabilities {
        Capabilities { releases: true, dev: false, list: true, resume: true, claims: true }
    }

    async fn find(&self, release: &Release) -> Result<Option<Offer>, SourceError> {
        let Some(version) = release.slot.version() else { return Ok(None) };
        let ready = self.run(|run| run.ready.take());
        if let Some((_, offer)) = ready.filter(|(of, _)| of == release) {
            return Ok(Some(offer));
        }
        let tag = self.tags.of(version);
        let listed = self.run(|run| {
            let (doc, unused) = run.seen.get_mut(&tag)?;
            std::mem::take(unused).then(|| doc.clone())
        });
        if let Some(doc) = listed.filter(|doc| !doc.draft) {
            return self.offer(release, &doc).await;
        }
        if let Some(offer) = self.direct(release, &tag).await? {
            return Ok(Some(offer));
        }
        match self.release(&tag).await? {
            Some(doc) => self.offer(release, &doc).await,
            None => Ok(None),
        }
    }

    async fn list(
        &self,
        line: &Product,
        need: ListingScope,
    ) -> Result<VersionListing, SourceError> {
        let versions = match need {
            ListingScope::All => self.all(line).await,
            ListingScope::Newest => self.newest(line).await,
        };
        versions.map(VersionListing::Versions)
    }

    async fn open(&self, what: &AssetRef, from: &RangeRequest) -> Result<Download, SourceError> {
        let at = pointer::read(what)
            .map_err(|why| SourceError::malformed(format!("{self}: {:?}", what.as_str()), why))?;
        if !self.run(|run| run.barred)
            && let Some(opened) = self.pass(self.pages().open(&at, from).await)?
        {
            return Ok(opened);
        }
        let gone =
            || SourceError::new(redact::url(&self.pages().download(&at)), SourceErrorKind::Gone);
        let get = self.asset(&at).await?.ok_or_else(gone)?.resume(from.clone());
        match self.client.get(&get).await {
            Ok(answer) => answer.map(|answer| answer.opened).ok_or_else(gone),
            Err(refused) => Err(self.reason(&get, refused).await),
        }
    }

    async fn platforms(&self, binary: &Name, version: &Version) -> Vec<Platform> {
        let doc = self.run(|run| run.seen.get(&self.tags.of(version)).map(|(doc, _)| doc.clone()));
        let line = Product {
            authority: loom_source::Authority::default(),
            binary: binary.clone(),
            platform: Platform::LinuxX86_64,
        };
        doc.map(|doc| doc.platforms(&line, version)).unwrap_or_default()
    }
}
