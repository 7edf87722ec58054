//! A clock that stands still while the process is stopped: by SIGSTOP, in a paused container, while a laptop sleeps.
//!
//! A timeout says for how long the other side may be silent. A process that was stopped did not listen, so that this time
//! does not count: the timeouts of sources are measured by this clock. A stop is noticed by a wait that ends much later
//! than it should have; so long waits are made of short ones.

use std::{
    pin::{Pin, pin},
    sync::Mutex,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures::future::{Either, poll_fn, select};
use loom_base::LockExt as _;
use tokio::time::{Instant, Sleep, sleep_until};

/// The longest single wait.
const TICK: Duration = Duration::from_millis(500);

/// A wait that ends later than this was interrupted by a stop. A busy machine delays a wait, too; then the timeout is
/// longer by this delay.
const LATE: Duration = Duration::from_millis(200);

/// The stops that were noticed.
static STOPS: Mutex<Stops> = Mutex::new(Stops { total: Duration::ZERO, last_end: None });

struct Stops {
    total: Duration,
    /// When the last stop ended: every wait notices the same stop.
    last_end: Option<Instant>,
}

impl Stops {
    fn add(&mut self, from: Instant, to: Instant) {
        let from = self.last_end.map_or(from, |end| end.max(from));
        self.total += to.saturating_duration_since(from);
        self.last_end = Some(self.last_end.map_or(to, |end| end.max(to)));
    }
}

/// The time of this clock: that of the monotonic clock without the time for which the process was stopped.
pub fn now() -> Instant {
    let now = Instant::now();
    now.checked_sub(STOPS.locked().total).unwrap_or(now)
}

/// An alarm that goes off at a time of this clock, for code that polls.
#[derive(Debug)]
pub struct Alarm {
    due: Instant,
    /// The end of the current wait, by the monotonic clock.
    tick: Instant,
    sleep: Pin<Box<Sleep>>,
}

impl Alarm {
    /// An alarm at this time of the clock.
    pub fn at(due: Instant) -> Self {
        let tick = tick(due);
        Self { due, tick, sleep: Box::pin(sleep_until(tick)) }
    }

    /// Sets another time. A wait begins now.
    pub fn set(&mut self, due: Instant) {
        self.due = due;
        self.tick = tick(due);
        self.sleep.as_mut().reset(self.tick);
    }

    /// Ready once the time has come. Only for a task that does nothing else than wait since the alarm was set or last
    /// polled: a wait that ends late is taken for a stop of the process.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.sleep.as_mut().poll(cx));
            self.notice_stop();
            if now() >= self.due {
                return Poll::Ready(());
            }
            self.set(self.due);
        }
    }

    /// Ready once the time has come, for a task that does not wait for the alarm alone.
    pub fn poll_aside(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.sleep.as_mut().poll(cx));
            if now() >= self.due {
                return Poll::Ready(());
            }
            self.set(self.due);
        }
    }

    /// Notices a stop of the process, of a task that has done nothing else than wait since the alarm was set or last polled.
    pub fn notice_stop(&mut self) {
        let ended = Instant::now();
        if ended.saturating_duration_since(self.tick) > LATE {
            STOPS.locked().add(self.tick, ended);
            self.set(self.due);
        }
    }

    /// Waits until the time has come.
    pub async fn elapsed(&mut self) {
        poll_fn(|cx| self.poll(cx)).await;
    }
}

/// One wait of a task that does nothing else meanwhile, until a time of this clock at the latest.
///
/// A stop of the process is noticed also where the wait ends with it, before the alarm goes off: what the task waited for may
/// be there when the process continues. Otherwise the time of the stop would count for the next wait.
#[derive(Debug)]
pub struct Wait(Alarm);

impl Wait {
    /// A wait that begins now.
    pub fn until(due: Instant) -> Self {
        Self(Alarm::at(due))
    }

    /// Waits until the time has come.
    pub async fn elapsed(&mut self) {
        self.0.elapsed().await;
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.0.notice_stop();
    }
}

/// The end of a wait that begins now, by the monotonic clock.
fn tick(due: Instant) -> Instant {
    Instant::now() + due.saturating_duration_since(now()).min(TICK)
}

/// The output of a future that is ready before a time of this clock; `None` otherwise.
pub async fn before<F: Future>(due: Instant, future: F) -> Option<F::Output> {
    let mut wait = Wait::until(due);
    match select(pin!(future), pin!(wait.elapsed())).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(((), _)) => None,
    }
}

/// The output of a future that is ready within this time of this clock; `None` otherwise.
pub async fn within<F: Future>(time: Duration, future: F) -> Option<F::Output> {
    before(now() + time, future).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_stop_counts_once() {
        let begun = Instant::now();
        let at = |seconds| begun + SECOND * seconds;
        let mut stops = Stops { total: Duration::ZERO, last_end: None };
        for (from, to, total) in [(1, 5, 4), (2, 5, 4), (1, 4, 4), (4, 6, 5), (10, 12, 7)] {
            stops.add(at(from), at(to));
            assert_eq!(stops.total, SECOND * total, "{from} to {to}");
        }
    }

    /// A runtime whose thread is blocked polls nothing, like a process that is stopped.
    #[tokio::test]
    async fn a_stopped_process_does_not_wait() {
        let begun = Instant::now();
        let blocked = async {
            tokio::time::sleep(SECOND / 10).await;
            std::thread::sleep(SECOND * 2);
            // The other side is heard only after the stop.
            tokio::time::sleep(SECOND / 5).await;
        };
        assert_eq!(within(SECOND, blocked).await, Some(()));
        assert!(begun.elapsed() > SECOND * 2);
        assert_eq!(within(SECOND, std::future::pending::<()>()).await, None);
        assert!(begun.elapsed() < SECOND * 6, "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn a_stop_is_noticed_also_where_the_wait_ends_with_it() {
        let begun = now();
        let heard = async {
            tokio::time::sleep(SECOND / 10).await;
            std::thread::sleep(SECOND * 2);
        };
        assert_eq!(within(SECOND, heard).await, Some(()));
        assert!(now() - begun < SECOND, "{:?}", now() - begun);
    }

    #[tokio::test]
    async fn an_alarm_can_be_set_again() {
        let begun = now();
        let mut alarm = Alarm::at(begun + SECOND * 60);
        alarm.set(begun + SECOND / 10);
        alarm.elapsed().await;
        assert!(now() - begun >= SECOND / 10);
    }
}
