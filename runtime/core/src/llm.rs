//! Language models behind OpenAI's chat completions API, and the tool `llm:generate` that calls them.
//!
//! | module | provides |
//! |---|---|
//! | [`provider`] | one service: address, model, limits |
//! | [`providers`] | all services, and the choice of one for a call |
//! | [`arguments`] | the arguments of `llm:generate`, checked before a request is sent |
//! | [`request`] | the request body |
//! | `piece` | one document of a provider, whose shape may deviate |
//! | [`completion`] | the response, complete or in chunks |
//! | [`sse`] | a decoder of server-sent events |
//! | [`error`] | why there is no completion |
//! | [`retry`] | when a request is repeated |
//! | `generation` | one request: its deadlines, its response, its errors |
//! | [`client`] | requests over HTTP, repeated as the retry policy says |
//! | `chunks` | chunks of a response, published on a topic |
//! | [`generate`] | the tool `llm:generate` |

pub mod arguments;
mod chunks;
pub mod client;
pub mod completion;
pub mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod generate;
mod generation;
mod piece;
pub mod provider;
pub mod providers;
pub mod request;
pub mod retry;
pub mod sse;

pub use arguments::GenerateArguments;
pub use client::LlmClient;
pub use completion::Completion;
pub use error::LlmError;
pub use generate::GenerateTool;
pub use provider::LlmProvider;
pub use providers::LlmProviders;
pub use request::ChatRequest;
