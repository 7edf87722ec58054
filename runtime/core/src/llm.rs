//! Language models, spoken to as OpenAI's chat completions are.
//!
//! | module | idea |
//! |---|---|
//! | [`provider`] | one service: where it is, its model, its limits |
//! | [`providers`] | all of them, and which one a call gets (pure) |
//! | [`arguments`] | what `llm:generate` is asked for, checked before anything is sent |
//! | [`request`] | the document that is sent (pure) |
//! | [`answer`] | the document that comes back, whole or in pieces (pure) |
//! | [`lines`] | from bytes to the data of server-sent events (pure) |
//! | [`retry`] | when to ask again (pure) |
//! | [`client`] | one generation over HTTP |
//! | [`error`] | why there is no text |
//! | [`generate`] | the tool `llm:generate` |

pub mod answer;
pub mod arguments;
pub mod client;
pub mod error;
pub mod generate;
pub mod lines;
pub mod provider;
pub mod providers;
pub mod request;
pub mod retry;

pub use answer::Completion;
pub use arguments::GenerateArguments;
pub use client::LlmClient;
pub use error::LlmError;
pub use generate::Generate;
pub use provider::LlmProvider;
pub use providers::Providers;
