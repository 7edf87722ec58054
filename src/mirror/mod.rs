//! Keeps mirrors: compares them, fills them, publishes their indexes.
//!
//! | file | holds |
//! |---|---|
//! | `mirror_files` | [`MirrorFiles`]: reads the files of a mirror by their paths |
//! | `diff` | [`diff`]: in what two mirrors differ |
//! | `mirror_documents` | [`MirrorDocuments`]: the index, the timestamp and the roots of a mirror that is written |
//! | `current_index` | [`CurrentIndex`]: the index of a mirror that is written, as it was read |
//! | `index_writer` | [`IndexWriter`]: changes an index, so that writers at the same time lose nothing |
//! | `written_index` | [`WrittenIndex`]: the index after a task |
//! | `signing_keys` | [`SigningKeys`]: the keys that sign documents |
//! | `root_chain` | [`newest_root`]: the newest root of a mirror that is written |
//! | `root_draft` | the first root of a mirror, drafts of its successors, and publishing them |
//! | `yank` | [`Yank`] and [`Refresh`]: changes of an index that transfer nothing |
//! | `synced_index` | [`SyncedIndex`]: what a source withdraws, and which versions are kept |
//! | `selection` | [`SyncSelection`]: which releases of a source are copied |
//! | `offered` | [`offered()`]: the releases that a source has |
//! | `sync` | [`sync()`]: copies the releases that a mirror does not have |
//! | `copied_release` | [`CopiedRelease`]: a release that was put into a mirror |
//! | `lacking` | what a record has that another has not |
//! | `release_copy` · `object_transfer` · `record_writer` | one release, one object, one record |
//! | `unpacking` | [`Unpacking`]: acquires releases without statements, so that these can be made |
//! | `push` · `store_release` | [`push()`]: puts releases of the store on this machine into a mirror |
//! | `image_push` | [`push_images`]: puts releases of the store into a registry; [`image_size`] of what is put |
//! | `indexed_images` | [`push_indexed_images`]: the same, and into the index of the registry where it is signed |
//! | `image_reindex` | [`ImageReindex`]: makes the index of a registry from its images |
//! | `refresh` | [`refresh()`]: keeps an index valid |
//! | `reindex` | [`Reindex`]: makes the index from the records of a mirror |
//! | `collect` | [`collect()`]: removes what no index has named for a while |
//! | `image_collect` | [`collect_images`]: the same in a registry |
//! | `verify` | [`verify()`]: checks that everything is there, and every byte |
//! | `verify_images` | [`verify_images`]: the same of a registry or an image layout |
//! | `verify_documents` | verifies the roots, the timestamp and the index of a mirror |
//! | `observer` | [`MirrorObserver`]: receives what was done |
//! | [`bundle`] | a mirror, or a part of one, in one file |
//! | [`serve`] | serves the folder of a mirror over HTTP |
//! | `error` | [`MirrorTaskError`] |

pub mod bundle;
mod collect;
mod copied_release;
mod current_index;
mod diff;
mod error;
mod image_collect;
mod image_push;
mod image_reindex;
mod index_writer;
mod indexed_images;
mod lacking;
mod mirror_documents;
mod mirror_files;
mod object_transfer;
mod observer;
mod offered;
mod push;
mod record_writer;
mod refresh;
mod reindex;
mod release_copy;
mod root_chain;
mod root_draft;
mod selection;
pub mod serve;
mod signing_keys;
mod store_release;
mod sync;
mod synced_index;
mod unpacking;
mod verify;
mod verify_documents;
mod verify_images;
mod written_index;
mod yank;

pub use collect::{MirrorGarbage, collect};
pub use copied_release::CopiedRelease;
pub use current_index::CurrentIndex;
pub use diff::{ChangedRelease, MirrorDiff, diff};
pub use error::MirrorTaskError;
pub use image_collect::collect_images;
pub use image_push::{ImageParts, PushedVersion, image_size, is_image, push_images};
pub use image_reindex::ImageReindex;
pub use index_writer::{IndexChange, IndexWriter};
pub use indexed_images::{image_index, push_indexed_images};
pub use mirror_documents::{DestinationDocuments, DocumentTag, MirrorDocuments};
pub use mirror_files::MirrorFiles;
pub use observer::MirrorObserver;
pub use offered::{OfferedIndex, SourceRelease, SourceReleases, offered};
pub use push::push;
pub use refresh::refresh;
pub use reindex::{Reindex, check_is_mirror};
pub use root_chain::newest_root;
pub use root_draft::{
    FirstRoot, RoleKeys, RootChanges, RootRole, publish_root, read_draft, sign_root,
};
pub use selection::SyncSelection;
pub use signing_keys::{SigningKeys, write_new_key};
pub use store_release::StoreRelease;
pub use sync::{SyncReport, sync};
pub use synced_index::SyncedIndex;
pub use unpacking::Unpacking;
pub use verify::{MirrorFinding, MirrorVerification, VerifiedRelease, verify};
pub use verify_images::verify_images;
pub use written_index::WrittenIndex;
pub use yank::{Refresh, Yank};
