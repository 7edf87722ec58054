//! The cases of what a source reports and displays of itself.

use loom_base::error_chain;

use crate::{
    AssetRef, Capabilities, RangeRequest,
    contract::{
        check::{offer_of, sample},
        failure::{Failure, ensure},
        fixture::SourceFixture,
    },
};

pub(super) async fn capabilities_are_reported(fixture: &dyn SourceFixture) -> Result<(), Failure> {
    let published = sample(fixture, 41, 100);
    let running = fixture.start(std::slice::from_ref(&published)).await?;
    // Some sources learn their capabilities from their first response.
    offer_of(running.source(), &published).await?;
    let expected = fixture.capabilities();
    let reported = running.source().capabilities();
    let differs = || format!("expected {expected:?}, got {reported:?}");
    // A source may learn that it cannot list only when it tries.
    ensure(reported.list || !expected.list, differs)?;
    let without_list = |capabilities| Capabilities { list: false, ..capabilities };
    ensure(without_list(reported) == without_list(expected), differs)
}

pub(super) async fn names_and_errors_show_no_secrets(
    fixture: &dyn SourceFixture,
) -> Result<(), Failure> {
    let published = sample(fixture, 40, 100);
    let running = fixture.start(std::slice::from_ref(&published)).await?;
    let source = running.source();
    let offer = offer_of(source, &published).await?;
    let name = source.to_string();
    ensure(!name.trim().is_empty(), || "the name is empty".to_owned())?;
    ensure(!name.contains('\n'), || "the name has several lines".to_owned())?;
    let mut texts = vec![name, format!("{source:?}"), format!("{offer:?}")];
    let missing = AssetRef::new(format!("{}.missing", offer.artifacts[0].asset));
    if let Err(error) = source.open(&missing, &RangeRequest::whole()).await {
        texts.push(format!("{error:?}"));
        texts.push(error_chain(&error));
    }
    for secret in fixture.secrets() {
        let leak = texts.iter().find(|text| text.contains(&secret));
        ensure(leak.is_none(), || format!("a secret is displayed in {leak:?}"))?;
    }
    Ok(())
}
