//! Starts, queries and stops runtimes. Takes plain values; knows no store, source or configuration file.
//!
//! [`up()`] starts a **supervisor** ([`supervise()`]), a process that owns one server, its log and its folder in the
//! state folder. The supervisor reports when the server is ready, and runs on after `up` has exited; other processes
//! query or stop the server through it.
//!
//! | module | holds |
//! |---|---|
//! | `values` | [`Launch`]: the values that describe one launch |
//! | `up` | [`up()`]: starts a runtime, or finds the one that runs |
//! | `start`, `started` | starts a supervisor; [`Started`], the runtime that this process started |
//! | `foreground`, `signals` | waits for an end while signals are handled |
//! | `query`, `down`, `restart` | [`running`], [`down()`], [`restart()`] |
//! | `orphan`, `left_record` | servers whose supervisor was killed, and what it has left |
//! | `end_record` | [`unexpected_ends`]: servers that exited without a request to stop |
//! | `supervise`, `supervisor` | the supervisor process |
//! | `events`, `reporter` | the events that a supervisor acts on, and its reports |
//! | `control`, `channel` | its control protocol, and the connections that carry it |
//! | `server_process`, `spawn_obstacle`, `server_exit` | the process of a server, why it cannot be executed, how it ended |
//! | `ports`, `kept_ports`, `port_owner` | free and taken ports, those of a replaced runtime, the processes that have them |
//! | `kept_sockets` | listening sockets that the supervisor keeps while servers change |
//! | `updates` | newer releases while a runtime runs |
//! | `finished_switches` | [`settle_switches`]: releases that runtimes were switched to |
//! | `ready` | when a server is ready |
//! | `instance_folder`, `document`, `settings`, `difference`, `start_request` | the files of an instance, and their content |
//! | `failed_log` | [`keep_log_of`]: the log of a version that did not become ready |
//! | `log`, `log_follower`, `log_range`, `log_rotation` | the server's output |
//! | `dashboard_client`, `dashboard_error`, `server_sent_events` | [`DashboardClient`]: asks the dashboard of a runtime, and follows its events |
//! | `history_file` | [`history_of`], [`examine_history`]: the file of a project's runs |
//! | `system` | the parts that differ between operating systems |
//!
//! An instance is **alive** while its lock is held. The supervisor takes the lock and the server inherits it, like the
//! lease of its tree: both are released when the last of the two processes ends, whichever was killed. A server that
//! lost its supervisor runs on as [`RuntimeState::Orphaned`] until `down` stops it.

mod channel;
mod control;
mod dashboard_client;
mod dashboard_error;
mod difference;
mod document;
mod down;
mod end_record;
mod error;
mod events;
mod failed_log;
mod finished_switches;
mod foreground;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod history_file;
mod instance_folder;
mod kept_ports;
mod kept_sockets;
mod left_record;
mod log;
mod log_follower;
mod log_range;
mod log_rotation;
mod orphan;
mod port_owner;
mod ports;
mod query;
mod ready;
mod reporter;
mod restart;
mod server_exit;
mod server_process;
mod server_sent_events;
mod settings;
mod signals;
mod spawn_obstacle;
mod start;
mod start_failure;
mod start_request;
mod started;
mod supervise;
mod supervisor;
mod system;
mod up;
mod updates;
mod values;

pub use dashboard_client::{DashboardClient, DashboardRequest, DashboardStream};
pub use dashboard_error::DashboardError;
pub use difference::Difference;
pub use document::{BridgeAddress, DashboardAddress, Instance, RuntimeDocument, RuntimeState};
pub use down::{StoppedInstance, down};
pub use end_record::{EndRecord, unexpected_ends};
pub use error::LaunchError;
pub use failed_log::{keep_log_of, log_before};
pub use finished_switches::{FinishedSwitch, settle_switches};
pub use foreground::ForegroundSignals;
pub use history_file::{HistoryObstacle, create_history_folder, examine_history, history_of};
pub use log::tail;
pub use log_follower::LogFollower;
pub use log_range::{LogRange, has_times};
pub use port_owner::{PortOwner, port_owner};
pub use query::{Scope, is_alive, log_of, running};
pub use restart::{OrphanedRelease, launch_args, restart};
pub use server_exit::ServerExit;
pub use server_sent_events::ServerSentEvent;
pub use settings::RequestedSettings;
pub use signals::EndSignals;
pub use spawn_obstacle::SpawnObstacle;
pub use start_failure::{RuntimePort, StartFailure};
pub use started::Started;
pub use supervise::supervise;
pub use up::{Up, check_settings, up};
pub use updates::{CheckConversation, CheckReport, CheckRequest, ReadyRelease, ReleaseProgram};
pub use values::{Launch, LaunchKind, Launcher, UpdateWatch};
