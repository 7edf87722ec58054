//! [`Github`], the source.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bytes::Bytes;
use loom_base::{LockExt as _, redact};
use loom_http::{Client, GetRequest, header::HeaderValue};
use loom_source::{
    AssetNames, AssetRef, Authority, Capabilities, Download, ListedVersion, ListingScope, Name,
    Offer, Platform, Product, RangeRequest, Release, SkippedEntries, Source, SourceError,
    SourceErrorKind, Version, VersionListing,
};

use crate::{
    api::{Api, ApiConnection, ApiResponse},
    asset_location::AssetLocation,
    document_cache::DocumentCache,
    documents::{self, ReleaseDocument},
    github_repo::GithubRepo,
    guess,
    options::{GithubError, GithubOptions},
    tag_format::TagFormat,
    web_pages::WebPages,
};

/// The releases of a repository, as a source.
#[derive(Debug)]
pub struct Github {
    pub(crate) repo: GithubRepo,
    pub(crate) tags: TagFormat,
    pub(crate) assets: AssetNames,
    pub(crate) prerelease: bool,
    evidence: bool,
    pub(crate) api: Api,
    client: Client,
    pub(crate) cache: Arc<dyn DocumentCache>,
    session: Mutex<SessionState>,
    /// Releases and files in responses of the API that cannot be read.
    pub(crate) skipped: SkippedEntries,
}

/// What the source has learnt since it was opened.
#[derive(Debug, Default)]
struct SessionState {
    /// The releases that the API described, by tag. `true` marks one whose document `find` has not used yet.
    documents: BTreeMap<String, (ReleaseDocument, bool)>,
    /// The offer that was found while the newest release was looked for.
    offer: Option<(Release, Offer)>,
    /// Whether the web pages are unusable: those of a private repository, or limited.
    without_pages: bool,
}

impl Github {
    /// Opens a repository. No request is made before the first call.
    ///
    /// # Errors
    /// Where an option cannot be used: see [`GithubError`].
    pub fn open(options: GithubOptions) -> Result<Self, GithubError> {
        let GithubOptions {
            repo,
            token,
            token_variable,
            tag_prefix,
            assets,
            prerelease,
            evidence,
            network,
            cache,
        } = options;
        let from = token.as_ref().map(|token| token.from.clone()).unwrap_or_default();
        if token.is_some() && repo.is_insecure() {
            return Err(GithubError::PlainToken { repo: repo.to_string(), from });
        }
        let api =
            Api::new(repo.clone(), token, token_variable).ok_or(GithubError::Token { from })?;
        let client = Client::new(network)
            .map_err(|source| GithubError::Network { repo: repo.to_string(), source })?;
        let tags = TagFormat { prefix: tag_prefix };
        let session = Mutex::default();
        let skipped = SkippedEntries::default();
        Ok(Self { repo, tags, assets, prerelease, evidence, api, client, cache, session, skipped })
    }

    /// The repository.
    pub fn repo(&self) -> &GithubRepo {
        &self.repo
    }

    pub(crate) fn web_pages(&self) -> WebPages<'_> {
        WebPages { client: &self.client, repo: &self.repo }
    }

    pub(crate) fn connection(&self) -> ApiConnection<'_> {
        ApiConnection { client: &self.client, cache: self.cache.as_ref() }
    }

    /// All versions of a product, from the API. The documents are kept for `find`.
    pub(crate) async fn all(&self, product: &Product) -> Result<Vec<ListedVersion>, SourceError> {
        let list = self.releases().await?;
        let versions = self.versions(&list.documents, product);
        let mut session = self.session.locked();
        for document in list.documents {
            session.documents.insert(document.tag_name.clone(), (document, list.fresh));
        }
        Ok(versions)
    }

    /// The key of the guess that was right for the last release of the same platform.
    pub(crate) fn right_guess(&self, release: &Release) -> Option<String> {
        let guess = self.cache.get(&self.guess_key(release))?;
        guess.as_str().map(str::to_owned)
    }

    /// Keeps the key of a guess that was right.
    pub(crate) fn keep_guess(&self, release: &Release, guess: &str) {
        if self.right_guess(release).as_deref() != Some(guess) {
            self.cache.change(&self.guess_key(release), &mut |_| Some(guess.into()));
        }
    }

    fn guess_key(&self, release: &Release) -> String {
        format!("way-{}-{}", self.api.key(), release.platform)
    }

    /// Keeps an offer of the web pages for the `find` that follows, unless signatures are looked for, which they do not list.
    pub(crate) fn keep_offer(&self, release: Release, offer: Offer) {
        if !self.evidence {
            self.session.locked().offer = Some((release, offer));
        }
    }

    /// The offer of a release by its possible file names; `None` where the web pages have none or are unusable.
    async fn guess(&self, release: &Release, tag: &str) -> Result<Option<Offer>, SourceError> {
        if self.evidence || self.session.locked().without_pages {
            return Ok(None);
        }
        let first = self.right_guess(release);
        let found =
            guess::find(&self.web_pages(), &self.assets, release, tag, first.as_deref()).await;
        Ok(self.or_api(found)?.map(|found| {
            self.keep_guess(release, &found.guess);
            found.offer
        }))
    }

    /// `None` where the web pages require a login or limit requests, and a token permits using the API instead.
    fn or_api<T>(
        &self,
        response: Result<Option<T>, SourceError>,
    ) -> Result<Option<T>, SourceError> {
        let Err(error) = response else { return response };
        let limited = match error.kind {
            SourceErrorKind::HttpStatus { status: 429, retry_after } => Some(retry_after),
            _ => None,
        };
        let login = matches!(
            error.kind,
            SourceErrorKind::HtmlPage
                | SourceErrorKind::AccessDenied(_)
                | SourceErrorKind::Redirect { .. }
        );
        if self.api.has_token() && (login || limited.is_some()) {
            self.session.locked().without_pages = true;
            return Ok(None);
        }
        Err(limited.map_or(error, |after| self.api.pages_limited(after)))
    }

    /// The release with a tag, from the API; `None` for drafts too.
    async fn release(&self, tag: &str) -> Result<Option<ReleaseDocument>, SourceError> {
        let url = self.repo.api(&["releases", "tags", tag]);
        let ApiResponse::Document(response) = self.api.get(&self.connection(), &url, None).await?
        else {
            return Ok(None);
        };
        let document = documents::read_release(&redact::url(&url), &response, &self.skipped)?;
        if document.tag_name != tag {
            let reason = format!("it is the release with the tag {:?}", document.tag_name);
            return Err(SourceError::malformed(redact::url(&url), reason));
        }
        self.session.locked().documents.insert(tag.to_owned(), (document.clone(), false));
        Ok(Some(document).filter(|document| !document.draft))
    }

    /// Whether the repository exists and may be read: the API answers 404 for a tag in any other, too. Without a token the
    /// web pages are asked first, which cost no request to the API.
    async fn repository_exists(&self) -> Result<bool, SourceError> {
        if !self.api.has_token() && self.web_pages().has_repository().await? {
            return Ok(true);
        }
        let mut url = self.repo.api(&["releases"]);
        url.set_query(Some("per_page=1"));
        let response = self.api.get(&self.connection(), &url, None).await?;
        Ok(!matches!(response, ApiResponse::Absent))
    }

    /// The bytes of a small file of a release that the API described.
    pub(crate) async fn get_bytes(
        &self,
        location: &AssetLocation,
        max_bytes: usize,
    ) -> Result<Option<Bytes>, SourceError> {
        let without_pages = self.session.locked().without_pages;
        if !without_pages {
            let bytes = self.or_api(self.web_pages().get_bytes(location, max_bytes).await)?;
            if bytes.is_some() || !self.api.has_token() {
                return Ok(bytes);
            }
            // The API lists the file and the web pages do not have it: the repository is private.
            self.session.locked().without_pages = true;
        }
        match self.asset_request(location).await? {
            Some(request) => self.client.get_bytes(&request, max_bytes).await,
            None => Ok(None),
        }
    }

    /// The request for a file of a private repository: by its number, with the token.
    async fn asset_request(
        &self,
        location: &AssetLocation,
    ) -> Result<Option<GetRequest>, SourceError> {
        if !self.api.has_token() {
            return Ok(None);
        }
        let document = match self.known_document(&location.tag) {
            Some(document) => Some(document),
            None => self.release(&location.tag).await?,
        };
        let id = document.and_then(|document| document.asset(&location.name).map(|asset| asset.id));
        Ok(id.map(|id| {
            let url = self.repo.api(&["releases", "assets", &id.to_string()]);
            let accept = HeaderValue::from_static("application/octet-stream");
            GetRequest::new(url).headers(self.api.headers(accept))
        }))
    }

    /// The tags that the API named since the source was opened.
    pub(crate) fn known_tags(&self) -> Vec<String> {
        self.session.locked().documents.keys().cloned().collect()
    }

    /// The document of a tag that the API sent since the source was opened.
    pub(crate) fn known_document(&self, tag: &str) -> Option<ReleaseDocument> {
        self.session.locked().documents.get(tag).map(|(document, _)| document.clone())
    }

    /// The document of a tag that a listing brought and that no `find` has used yet. One that was used may be outdated.
    fn unused_document(&self, tag: &str) -> Option<ReleaseDocument> {
        let mut session = self.session.locked();
        let (document, unused) = session.documents.get_mut(tag)?;
        std::mem::take(unused).then(|| document.clone())
    }

    /// The reason why the API refused the bytes of an asset: the response to a request for its description has it.
    async fn reason(&self, request: &GetRequest, refused: SourceError) -> SourceError {
        match refused.kind {
            SourceErrorKind::AccessDenied(_) | SourceErrorKind::HttpStatus { status: 429, .. } => {
                let described = self.api.get(&self.connection(), request.url(), None).await;
                described.err().unwrap_or(refused)
            }
            _ => refused,
        }
    }
}

impl fmt::Display for Github {
    /// The repository, with the options that change its listings.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.repo.fmt(f)?;
        if self.tags.prefix != "v" {
            write!(f, " (tags {:?}…)", self.tags.prefix)?;
        }
        if let Some(pattern) = self.assets.pattern() {
            write!(f, " (assets {pattern:?})")?;
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
        let kept = self.session.locked().offer.take();
        if let Some((_, offer)) = kept.filter(|(kept, _)| kept == release) {
            return Ok(Some(offer));
        }
        let tag = self.tags.tag(version);
        if let Some(document) = self.unused_document(&tag).filter(|document| !document.draft) {
            return self.offer(release, &document).await;
        }
        if let Some(offer) = self.guess(release, &tag).await? {
            return Ok(Some(offer));
        }
        match self.release(&tag).await? {
            Some(document) => self.offer(release, &document).await,
            None if self.repository_exists().await? => Ok(None),
            None => Err(self.api.no_repository()),
        }
    }

    async fn list(
        &self,
        product: &Product,
        scope: ListingScope,
    ) -> Result<VersionListing, SourceError> {
        let versions = match scope {
            ListingScope::All => self.all(product).await,
            ListingScope::Newest => self.newest(product).await,
        };
        versions.map(VersionListing::Versions)
    }

    async fn open(&self, asset: &AssetRef, range: &RangeRequest) -> Result<Download, SourceError> {
        if let Some(digest) = Self::attested_digest(asset) {
            return self.attestations(digest).await;
        }
        let location = AssetLocation::parse(asset).map_err(|reason| {
            SourceError::malformed(format!("{self}: {:?}", asset.as_str()), reason)
        })?;
        let without_pages = self.session.locked().without_pages;
        if !without_pages
            && let Some(download) = self.or_api(self.web_pages().open(&location, range).await)?
        {
            return Ok(download);
        }
        let gone = || {
            let url = self.web_pages().download_url(&location);
            SourceError::new(redact::url(&url), SourceErrorKind::Gone)
        };
        let request = self.asset_request(&location).await?.ok_or_else(gone)?.range(range.clone());
        match self.client.get(&request).await {
            Ok(response) => response.map(|response| response.download).ok_or_else(gone),
            Err(refused) => Err(self.reason(&request, refused).await),
        }
    }

    async fn platforms(&self, binary: &Name, version: &Version) -> Vec<Platform> {
        let Some(document) = self.known_document(&self.tags.tag(version)) else {
            return Vec::new();
        };
        let product = Product {
            authority: Authority::default(),
            binary: binary.clone(),
            platform: Platform::LinuxX86_64,
        };
        document.platforms(&self.assets, &product, version)
    }

    async fn near_misses(&self, product: &Product, version: Option<&Version>) -> Vec<String> {
        self.similar_names(product, version).await
    }

    fn skipped(&self) -> Option<String> {
        self.skipped.take()
    }
}
