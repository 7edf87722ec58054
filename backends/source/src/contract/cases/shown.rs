//! What a source shows of itself.

use super::one;
use crate::{
    AssetRef, RangeRequest,
    contract::{Failure, SourceFixture, chain, expect::ensure, expect::offered},
};

pub(super) async fn a_source_says_what_it_can(subject: &dyn SourceFixture) -> Result<(), Failure> {
    let published = one(subject, 41, 100);
    let stand = subject.start(std::slice::from_ref(&published)).await?;
    // What a source can do may show only once it has been asked something.
    offered(stand.source(), &published).await?;
    let (says, can) = (stand.source().capabilities(), subject.capabilities());
    ensure(says.list || !can.list, || format!("it says {says:?}, and can {can:?}"))?;
    let but_listing = |c: crate::Capabilities| crate::Capabilities { list: false, ..c };
    ensure(but_listing(says) == but_listing(can), || format!("it says {says:?}, and can {can:?}"))
}

pub(super) async fn a_source_names_itself_without_secrets(
    subject: &dyn SourceFixture,
) -> Result<(), Failure> {
    let published = one(subject, 40, 100);
    let stand = subject.start(std::slice::from_ref(&published)).await?;
    let source = stand.source();
    let offer = offered(source, &published).await?;
    let mut shown = vec![source.to_string(), format!("{source:?}"), format!("{offer:?}")];
    let missing = AssetRef::new(format!("{}.missing", offer.artifacts[0].asset));
    if let Err(error) = source.open(&missing, &RangeRequest::whole()).await {
        shown.push(format!("{error:?}"));
        shown.push(chain(&error));
    }
    ensure(!shown[0].trim().is_empty(), || "its name is empty".to_owned())?;
    ensure(!shown[0].contains('\n'), || "its name has several lines".to_owned())?;
    for secret in subject.secrets() {
        let leak = shown.iter().find(|text| text.contains(&secret));
        ensure(leak.is_none(), || format!("a secret shows in {leak:?}"))?;
    }
    Ok(())
}
