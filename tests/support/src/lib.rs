//! Real servers and published releases on loopback, for the tests and benchmarks of the workspace.
//!
//! | module | holds |
//! |---|---|
//! | [`github`] | [`GithubServer`](github::GithubServer): the pages, the API and the storage of one repository |
//! | [`release_folder`] | writes published releases into a folder, in any layout of a mirror |
//! | [`release_images`] | [`ReleaseImages`](release_images::ReleaseImages): published releases as images |
//! | [`docker_registry`] | [`DockerRegistry`](docker_registry::DockerRegistry): Debian's `docker-registry` over a folder |
//! | [`ferro_registry`] | [`FerroRegistry`](ferro_registry::FerroRegistry): a registry with a list of referrers, in memory |
//! | [`token_realm`] | [`TokenRealm`](token_realm::TokenRealm): gives the tokens that a registry asks for |
//! | [`file_server`] | [`FileServer`](file_server::FileServer): a small HTTP server over a folder |
//! | [`nginx`] | [`Nginx`](nginx::Nginx): Debian's nginx over a folder (Unix only) |
//! | [`python_files`] | [`PythonFiles`](python_files::PythonFiles): Python's `http.server` over a folder |
//! | [`s3`] | [`S3Server`](s3::S3Server): an S3 server over a folder that checks signatures |
//! | [`serialised_puts`] | [`SerialisedPuts`](serialised_puts::SerialisedPuts): a proxy that lets a PUT of a key through alone |
//! | [`cutting_proxy`] | [`CuttingProxy`](cutting_proxy::CuttingProxy): a proxy that counts the bytes of responses, and cuts one |
//! | [`azurite`] | [`AzuriteServer`](azurite::AzuriteServer): Microsoft's emulator of Azure Blob Storage |
//! | [`moto`] | [`MotoServer`](moto::MotoServer): the S3 server of the Python package moto |
//!
//! Every server listens on a loopback port that the operating system picks, and stops when its value is dropped. What a
//! helper cannot do panics: the crate is a dependency of tests only.

pub mod azurite;
pub mod cutting_proxy;
pub mod docker_registry;
pub mod ferro_registry;
pub mod file_server;
pub mod github;
pub mod moto;
#[cfg(unix)]
pub mod nginx;
pub mod python_files;
pub mod release_folder;
pub mod release_images;
pub mod s3;
pub mod serialised_puts;
pub mod token_realm;
