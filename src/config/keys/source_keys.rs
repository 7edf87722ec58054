//! `[[sources]]`: the keys of one source.

use loom_source::AssetNames;
use url::Url;

use super::source_key::{SourceKey, source_keys};
use crate::config::{
    GithubSource, Layout, MirrorSource, OciSource, OnFailure, PluginSource, SourceKind, SourceSpec,
    TargetSource,
    types::{AssetSetting, Literal, Positive, RawTable, RegistryPrefix, SourcePath, TagPrefix},
};

/// The types of sources.
pub(crate) const TYPES: [&str; 5] = ["mirror", "github", "oci", "target", "plugin"];

/// The types that send requests themselves.
const WEB: &[&str] = &["mirror", "github", "oci"];

/// The types whose files have names of their own.
const NAMED_ASSETS: &[&str] = &["mirror", "github"];

source_keys! {
    /// The type of the source: mirror, github, oci, target or plugin. Without a type, url is any shorthand.
    TYPE: Literal = SourceKey::new(
        "type",
        "\"mirror\"",
        |spec| Some(Literal(spec.kind.type_name().to_owned())),
        |_, _| {},
    )
    .identity()
    .starter();

    /// The URL of the mirror, with the scheme file, http, https, s3, gs or az.
    URL: Url = SourceKey::new(
        "url",
        "\"https://mirror.example.com/loom\"",
        |spec| Some(mirror(spec)?.url.clone()),
        |_, _| {},
    )
    .types(&["mirror"])
    .identity()
    .starter();

    /// The repository of a registry, as oci://host/repository, or an image layout, as oci-layout:path.
    OCI_URL: Literal = SourceKey::new(
        "url",
        "\"oci://registry.example.com/loom\"",
        |spec| Some(Literal(oci(spec)?.place.to_string())),
        |_, _| {},
    )
    .types(&["oci"])
    .identity();

    /// The repository, as owner/repository.
    REPO: Literal = SourceKey::new(
        "repo",
        "\"loom-os/loom\"",
        |spec| Some(Literal(github(spec)?.repo.clone())),
        |_, _| {},
    )
    .types(&["github"])
    .identity();

    /// The name that messages use. By default it is the address.
    NAME: Literal = SourceKey::new(
        "name",
        "\"corp\"",
        |spec| spec.name.clone().map(Literal),
        |spec, Literal(name)| spec.name = Some(name),
    )
    .types(&["mirror", "github", "oci", "target"]);

    /// The name of the plugin: the program is loom-source-<name>.
    PLUGIN_NAME: Literal = SourceKey::new(
        "name",
        "\"corp\"",
        |spec| Some(Literal(plugin(spec)?.name.clone())),
        |_, _| {},
    )
    .types(&["plugin"])
    .identity();

    /// The longest time without progress.
    TIMEOUT: Positive = SourceKey::new(
        "timeout",
        "\"10s\"",
        |spec| Some(Positive(spec.timeout)),
        |spec, Positive(timeout)| spec.timeout = timeout,
    )
    .starter();

    /// The longest time for a new connection: name resolution, TCP, proxy and TLS. By default it is timeout.
    CONNECT_TIMEOUT: Positive = SourceKey::new(
        "connect_timeout",
        "\"5s\"",
        |spec| spec.connect_timeout.map(Positive),
        |spec, Positive(timeout)| spec.connect_timeout = Some(timeout),
    )
    .types(WEB);

    /// The longest time for one file. By default there is no limit.
    TOTAL_TIMEOUT: Positive = SourceKey::new(
        "total_timeout",
        "\"10m\"",
        |spec| spec.total_timeout.map(Positive),
        |spec, Positive(timeout)| spec.total_timeout = Some(timeout),
    )
    .types(&["mirror", "github", "oci", "plugin"]);

    /// What happens after the source has failed: next asks the next source, stop ends the search.
    ON_ERROR: OnFailure = SourceKey::new(
        "on_error",
        "\"stop\"",
        |spec| Some(spec.on_error),
        |spec, value| spec.on_error = value,
    );

    /// What happens when the source does not have the release: next asks the next source, stop ends the search.
    ON_ABSENT: OnFailure = SourceKey::new(
        "on_absent",
        "\"stop\"",
        |spec| Some(spec.on_absent),
        |spec, value| spec.on_absent = value,
    );

    /// Whether the next source may be asked while this one is silent.
    RACE: bool = SourceKey::new(
        "race",
        "true",
        |spec| Some(spec.race),
        |spec, value| spec.race = value,
    );

    /// A file of certificates in PEM form that are trusted in addition to the usual ones.
    CA: SourcePath = SourceKey::new(
        "ca",
        "\"corp-ca.pem\"",
        |spec| spec.ca.clone().map(SourcePath),
        |spec, SourcePath(path)| spec.ca = Some(path),
    )
    .types(WEB);

    /// The proxy for this source. It replaces the proxies of the environment, NO_PROXY included.
    PROXY: Url = SourceKey::new(
        "proxy",
        "\"http://proxy.example.com:3128\"",
        |spec| spec.proxy.clone(),
        |spec, url| spec.proxy = Some(url),
    )
    .types(WEB);

    /// Whether plain http is allowed beyond loopback; a registry is then asked over it. It contributes no checksum, no listing and no absence.
    ALLOW_HTTP: bool = SourceKey::new(
        "allow_http",
        "true",
        |spec| Some(spec.allow_http),
        |spec, value| spec.allow_http = value,
    )
    .types(WEB);

    /// Whether latest and ranges select pre-releases of this source.
    PRERELEASE: bool = SourceKey::new(
        "prerelease",
        "true",
        |spec| Some(spec.prerelease),
        |spec, value| spec.prerelease = value,
    )
    .types(&["mirror", "github", "oci", "plugin"]);

    /// The layout of the mirror's files: store is that of Loom's own store, release has a folder for each release. By
    /// default it is detected.
    LAYOUT: Layout = SourceKey::new(
        "layout",
        "\"release\"",
        |spec| mirror(spec)?.layout,
        |spec, value| with_mirror(spec, |mirror| mirror.layout = Some(value)),
    )
    .types(&["mirror"]);

    /// Whether a bucket is read without credentials.
    ANONYMOUS: bool = SourceKey::new(
        "anonymous",
        "true",
        |spec| Some(mirror(spec)?.anonymous),
        |spec, value| with_mirror(spec, |mirror| mirror.anonymous = value),
    )
    .types(&["mirror"]);

    /// The region of a bucket.
    REGION: Literal = SourceKey::new(
        "region",
        "\"eu-west-1\"",
        |spec| mirror(spec)?.region.clone().map(Literal),
        |spec, Literal(region)| with_mirror(spec, |mirror| mirror.region = Some(region)),
    )
    .types(&["mirror"]);

    /// The endpoint of an object store that is not the provider's own.
    ENDPOINT: Url = SourceKey::new(
        "endpoint",
        "\"https://s3.example.com\"",
        |spec| mirror(spec)?.endpoint.clone(),
        |spec, url| with_mirror(spec, |mirror| mirror.endpoint = Some(url)),
    )
    .types(&["mirror"]);

    /// Whether a bucket is addressed as endpoint/bucket instead of bucket.endpoint.
    PATH_STYLE: bool = SourceKey::new(
        "path_style",
        "true",
        |spec| Some(mirror(spec)?.path_style),
        |spec, value| with_mirror(spec, |mirror| mirror.path_style = value),
    )
    .types(&["mirror"]);

    /// The API of a GitHub Enterprise server.
    API_BASE: Url = SourceKey::new(
        "api_base",
        "\"https://ghe.example.com/api/v3\"",
        |spec| github(spec)?.api_base.clone(),
        |spec, url| with_github(spec, |github| github.api_base = Some(url)),
    )
    .types(&["github"]);

    /// The web pages of a GitHub Enterprise server.
    BASE_URL: Url = SourceKey::new(
        "base_url",
        "\"https://ghe.example.com\"",
        |spec| github(spec)?.base_url.clone(),
        |spec, url| with_github(spec, |github| github.base_url = Some(url)),
    )
    .types(&["github"]);

    /// The environment variable that holds the token for this source, instead of the usual ones.
    TOKEN_ENV: Literal = SourceKey::new(
        "token_env",
        "\"CORP_GITHUB_TOKEN\"",
        |spec| github(spec)?.token_env.clone().map(Literal),
        |spec, Literal(name)| with_github(spec, |github| github.token_env = Some(name)),
    )
    .types(&["github"]);

    /// The text before the version in a tag.
    TAG_PREFIX: TagPrefix = SourceKey::new(
        "tag_prefix",
        "\"v\"",
        |spec| github(spec).map(|github| TagPrefix(github.tag_prefix.clone())),
        |spec, TagPrefix(prefix)| with_github(spec, |github| github.tag_prefix = prefix),
    )
    .types(&["github"]);

    /// The file names of the assets, where they are not those of Loom's own releases: with {binary}, {version}, {platform},
    /// {target} (as of the Rust compiler), {os} and {arch}.
    ASSET: AssetSetting = SourceKey::new(
        "asset",
        "\"{binary}-{version}-{target}.tgz\"",
        |spec| assets(spec).filter(|names| names.pattern().is_some()).cloned().map(AssetSetting),
        |spec, AssetSetting(names)| match &mut spec.kind {
            SourceKind::Mirror(mirror) => mirror.assets = names,
            SourceKind::Github(github) => github.assets = names,
            SourceKind::Oci(_) | SourceKind::Target(_) | SourceKind::Plugin(_) => {}
        },
    )
    .types(NAMED_ASSETS);

    /// The registry that is asked instead, as host/prefix: the prefix comes before the repository. There is no way back to
    /// the registry of the url.
    MIRROR: RegistryPrefix = SourceKey::new(
        "mirror",
        "\"registry.example.com/ghcr\"",
        |spec| oci(spec)?.mirror.clone().map(RegistryPrefix),
        |spec, RegistryPrefix(mirror)| with_oci(spec, |oci| oci.mirror = Some(mirror)),
    )
    .types(&["oci"]);

    /// The environment variable that holds the user for this source, instead of the logins of docker and podman.
    USERNAME_ENV: Literal = SourceKey::new(
        "username_env",
        "\"REGISTRY_USER\"",
        |spec| oci(spec)?.username_env.clone().map(Literal),
        |spec, Literal(name)| with_oci(spec, |oci| oci.username_env = Some(name)),
    )
    .types(&["oci"]);

    /// The environment variable that holds the password for this source.
    PASSWORD_ENV: Literal = SourceKey::new(
        "password_env",
        "\"REGISTRY_PASSWORD\"",
        |spec| oci(spec)?.password_env.clone().map(Literal),
        |spec, Literal(name)| with_oci(spec, |oci| oci.password_env = Some(name)),
    )
    .types(&["oci"]);

    /// The environment variable that holds an identity token for this source, which the registry exchanges.
    IDENTITY_TOKEN_ENV: Literal = SourceKey::new(
        "token_env",
        "\"REGISTRY_TOKEN\"",
        |spec| oci(spec)?.token_env.clone().map(Literal),
        |spec, Literal(name)| with_oci(spec, |oci| oci.token_env = Some(name)),
    )
    .types(&["oci"]);

    /// The checkout, or its target folder. By default it is the linked checkout.
    PATH: SourcePath = SourceKey::new(
        "path",
        "\"../loom\"",
        |spec| target(spec)?.path.clone().map(SourcePath),
        |spec, SourcePath(path)| with_target(spec, |target| target.path = Some(path)),
    )
    .types(&["target"]);

    /// The cargo profile. By default it is that of the newest build.
    PROFILE: Literal = SourceKey::new(
        "profile",
        "\"release\"",
        |spec| target(spec)?.profile.clone().map(Literal),
        |spec, Literal(profile)| with_target(spec, |target| target.profile = Some(profile)),
    )
    .types(&["target"]);

    /// A table that the plugin receives. Variables in its texts are expanded.
    OPTIONS: RawTable = SourceKey::new(
        "options",
        "{ region = \"eu\" }",
        |spec| plugin(spec)?.options.clone().map(RawTable),
        |spec, RawTable(options)| with_plugin(spec, |plugin| plugin.options = Some(options)),
    )
    .types(&["plugin"]);
}

/// The names of the assets of a source that has files.
fn assets(spec: &SourceSpec) -> Option<&AssetNames> {
    match &spec.kind {
        SourceKind::Mirror(mirror) => Some(&mirror.assets),
        SourceKind::Github(github) => Some(&github.assets),
        SourceKind::Oci(_) | SourceKind::Target(_) | SourceKind::Plugin(_) => None,
    }
}

/// Defines the accessors of the settings that only one type of source has.
macro_rules! settings_of {
    ($variant:ident, $type:ty, $get:ident, $with:ident) => {
        fn $get(spec: &SourceSpec) -> Option<&$type> {
            match &spec.kind {
                SourceKind::$variant(settings) => Some(settings),
                _ => None,
            }
        }

        fn $with(spec: &mut SourceSpec, set: impl FnOnce(&mut $type)) {
            if let SourceKind::$variant(settings) = &mut spec.kind {
                set(settings);
            }
        }
    };
}
settings_of!(Mirror, MirrorSource, mirror, with_mirror);
settings_of!(Github, GithubSource, github, with_github);
settings_of!(Oci, OciSource, oci, with_oci);
settings_of!(Target, TargetSource, target, with_target);
settings_of!(Plugin, PluginSource, plugin, with_plugin);
