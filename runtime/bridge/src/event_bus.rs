//! The service `EventBus`: publish and subscribe for those who are no agents.
//!
//! - `Publish` answers the event's number since the start of the runtime, over all topics. Without an event:
//!   `success` = false.
//! - `Subscribe` streams the events of one topic or pattern until the caller hangs up or somebody unsubscribes it.
//!   `event_types`, where there are any, and all `filters` (metadata by key: `loom.<key>`, else `<key>`) must match.
//!   The answer's header [`SUBSCRIPTION`] names the subscription. A reader that is too slow for its QoS loses the
//!   oldest events; they are counted. When the runtime stops, the stream ends with UNAVAILABLE.
//! - `Unsubscribe` ends a subscription: what waits is still sent, then the stream ends well.
//! - `GetStats` speaks of one topic, of all that a pattern `p.*` means, or, for the empty topic, of everything. An
//!   event that reaches nobody counts too. A topic that nobody published to for long may be forgotten.

use std::sync::Arc;

use futures::{StreamExt as _, stream::Map};
use loom_core::{Envelope, Filter, Runtime, StreamEnd, Subscription};
use tonic::{Request, Response, Status};

use crate::{convert, proto};

/// The header that names a subscription.
pub const SUBSCRIPTION: &str = "loom-subscription-id";

/// What a subscription becomes on the wire.
pub type ToWire = fn(Result<Arc<Envelope>, StreamEnd>) -> Result<proto::Event, Status>;

/// Events come and go here.
#[derive(Debug, Clone)]
pub struct EventBusService {
    /// Where to and where from.
    pub core: Arc<Runtime>,
}

#[tonic::async_trait]
impl proto::event_bus_server::EventBus for EventBusService {
    type SubscribeStream = Map<Subscription, ToWire>;

    async fn publish(
        &self,
        request: Request<proto::PublishRequest>,
    ) -> Result<Response<proto::PublishResponse>, Status> {
        let proto::PublishRequest { topic, event } = request.into_inner();
        let Some(event) = event else {
            let error_message = "event is missing".to_owned();
            let refused = proto::PublishResponse { error_message, ..Default::default() };
            return Ok(Response::new(refused));
        };
        let number = self.core.publish(Envelope::new(topic, "", convert::event(event)));
        let sequence_number = convert::signed(number);
        let done = proto::PublishResponse { success: true, sequence_number, ..Default::default() };
        Ok(Response::new(done))
    }

    async fn subscribe(
        &self,
        request: Request<proto::SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let request = request.into_inner();
        let qos = convert::qos(request.qos());
        let metadata = request.filters.into_iter().collect();
        let filter = Filter { kinds: request.event_types, metadata };
        let subscription = self.core.subscribe(&request.topic, qos, filter);
        let id = subscription.id().parse();
        let id = id.map_err(|_| Status::internal("a subscription's name fits no header"))?;
        let mut response = Response::new(subscription.map(to_wire as ToWire));
        response.metadata_mut().insert(SUBSCRIPTION, id);
        Ok(response)
    }

    async fn unsubscribe(
        &self,
        request: Request<proto::UnsubscribeRequest>,
    ) -> Result<Response<proto::UnsubscribeResponse>, Status> {
        let success = self.core.unsubscribe(&request.into_inner().subscription_id);
        Ok(Response::new(proto::UnsubscribeResponse { success }))
    }

    async fn get_stats(
        &self,
        request: Request<proto::StatsRequest>,
    ) -> Result<Response<proto::StatsResponse>, Status> {
        let stats = self.core.stats(&request.into_inner().topic);
        Ok(Response::new(proto::StatsResponse {
            total_events: convert::signed(stats.traffic.events),
            active_subscriptions: convert::signed(stats.demand.subscriptions),
            throughput_per_sec: stats.traffic.per_second,
            backlog_size: convert::signed(stats.demand.waiting),
        }))
    }
}

fn to_wire(said: Result<Arc<Envelope>, StreamEnd>) -> Result<proto::Event, Status> {
    said.map(|envelope| convert::event_to_wire(&envelope.event)).map_err(convert::status)
}
