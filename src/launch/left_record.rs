//! The record that a supervisor left when it was killed, completed by what its server has done since.

use loom_environment::ReadyDocument;

use super::{
    RuntimeState,
    document::{BridgeAddress, DashboardAddress, InstanceRecord},
    instance_folder::InstanceFolder,
};

/// The record in a folder whose supervisor is gone; `None` where there is none.
///
/// The state is [`RuntimeState::Ready`] where the server was ready: its supervisor has recorded it, or the server has
/// reported it since. Otherwise the record has no addresses: those in it are of the server before.
pub(super) fn left_record(folder: &InstanceFolder) -> Option<InstanceRecord> {
    let mut record = folder.read()?;
    if record.instance.state == RuntimeState::Ready {
        return Some(record);
    }
    // The file of the server before was removed when this one was started.
    let reported: Option<ReadyDocument> = folder.ready_file().read_json().ok().flatten();
    let document = &mut record.instance.document;
    (document.bridge, document.dashboard) = (None, None);
    if let Some(reported) = reported {
        document.bridge = Some(BridgeAddress { address: reported.bridge });
        document.dashboard =
            reported.dashboard.map(|url| DashboardAddress { url, login_url: None });
        record.instance.state = RuntimeState::Ready;
    }
    Some(record)
}
