//! A runtime with its dashboard and a few talkative agents, to look at.
//!
//! `cargo run --example dashboard_demo`, then open the printed address. The environment is the server's; the
//! dashboard is always on. Ctrl+C stops it.

use std::{error::Error, sync::Arc, time::Duration};

use futures::StreamExt as _;
use loom_bridge::{
    dashboard::{self, Dashboard},
    settings::Settings,
};
use loom_core::{Event, Options, Runtime, Session, directory::Registration};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut vars: loom_bridge::settings::Vars = std::env::vars_os().collect();
    vars.insert("LOOM_DASHBOARD".into(), "on".into());
    let at = Settings::read(&vars)?.dashboard.ok_or("the dashboard is off")?;
    let listener = TcpListener::bind((&*at.host, at.port)).await?;
    #[allow(clippy::print_stdout, reason = "this is what the example is for")]
    {
        println!("{}", dashboard::url(&at, listener.local_addr()?));
    }

    let core = Runtime::new(Options { graph: true });
    let weather = join(&core, "weather", &[]);
    let stopping = CancellationToken::new();
    tokio::spawn(speak(weather, "weather.wind"));
    let farm = join(&core, "wind-farm", &["weather.*"]);
    tokio::spawn(speak(farm, "power.output"));
    let grid = join(&core, "grid", &["power.*", "weather.wind"]);
    tokio::spawn(speak(grid, "grid.load"));

    let serving = Dashboard::new(&core, at.host, stopping.clone()).serve(listener);
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stopping.cancel();
        }
    });
    Ok(serving.await?)
}

/// An agent inside this process: it reads what it is told and says nothing of it.
fn join(core: &Arc<Runtime>, agent: &str, topics: &[&str]) -> Session {
    core.register(Registration {
        agent: agent.to_owned(),
        topics: topics.iter().map(|&topic| topic.to_owned()).collect(),
        ..Registration::default()
    });
    let (session, mut told) = core.open(agent.to_owned());
    tokio::spawn(async move { while told.next().await.is_some() {} });
    session
}

/// Publishes a figure now and then.
async fn speak(session: Session, topic: &'static str) {
    let mut every = tokio::time::interval(Duration::from_millis(700));
    for n in 0_u64.. {
        every.tick().await;
        let payload = format!(r#"{{"figure":{}}}"#, n * 37 % 101);
        let event =
            Event { id: format!("{topic}-{n}"), payload: payload.into(), ..Event::default() };
        session.publish(topic.to_owned(), event);
    }
}
