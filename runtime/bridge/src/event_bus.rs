//! The service `EventBus`: publish and subscribe without being an agent.
//!
//! - `Publish` returns the event's number since the start of the runtime, counted over all topics. Without an event, or
//!   with one of which a part is too long: `success` = false.
//! - `Subscribe` streams the events of one topic or pattern until the caller cancels or the subscription is ended by
//!   `Unsubscribe`. `event_types`, unless empty, and all `filters` (metadata by key: `loom.<key>`, else `<key>`) must
//!   match. The response header [`SUBSCRIPTION_ID`] carries the id of the subscription. A reader that is too slow for
//!   its QoS loses the oldest events; they are counted. When the runtime stops, the stream ends with UNAVAILABLE.
//! - `Unsubscribe` ends a subscription: queued events are still sent, then the stream ends with OK.
//! - `GetStats` covers one topic, all topics that a pattern `p.*` matches, or everything for an empty topic. Events
//!   without a subscriber count too. A topic that is idle for long may be forgotten.

use futures::{StreamExt as _, stream::Map};
use loom_core::{Envelope, Filter, LimitError, Runtime, Subscription, limits};
use tonic::{Request, Response, Status};

use crate::{
    convert,
    outbound::{self, ToEvent},
    proto,
};

/// The response header that carries the id of a subscription.
pub const SUBSCRIPTION_ID: &str = "loom-subscription-id";

/// The service `EventBus`.
#[derive(Debug, Clone)]
pub struct EventBusService {
    /// The runtime to publish to and subscribe at.
    pub runtime: Runtime,
}

#[tonic::async_trait]
impl proto::event_bus_server::EventBus for EventBusService {
    type SubscribeStream = Map<Subscription, ToEvent>;

    async fn publish(
        &self,
        request: Request<proto::PublishRequest>,
    ) -> Result<Response<proto::PublishResponse>, Status> {
        let proto::PublishRequest { topic, event } = request.into_inner();
        let failure = |error_message| {
            let failure = proto::PublishResponse { error_message, ..Default::default() };
            Ok(Response::new(failure))
        };
        let Some(event) = event else { return failure("event is missing".to_owned()) };
        let event = convert::event(event);
        if let Err(limit) = limits::check_event(&topic, &event) {
            return failure(limit.to_string());
        }
        let number = self.runtime.publish(Envelope::new(topic, "", event));
        Ok(Response::new(proto::PublishResponse {
            success: true,
            sequence_number: convert::signed(number),
            ..Default::default()
        }))
    }

    async fn subscribe(
        &self,
        request: Request<proto::SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let request = request.into_inner();
        check_subscription(&request)
            .map_err(|limit| Status::invalid_argument(limit.to_string()))?;
        let qos = convert::qos(request.qos());
        let metadata = request.filters.into_iter().collect();
        let filter = Filter { kinds: request.event_types, metadata };
        let subscription = self.runtime.subscribe(&request.topic, qos, filter);
        let id = subscription.id().parse();
        let id = id.map_err(|_| Status::internal("the subscription's id is no header value"))?;
        let events = subscription.map(outbound::subscribed_event as ToEvent);
        let mut response = Response::new(events);
        response.metadata_mut().insert(SUBSCRIPTION_ID, id);
        Ok(response)
    }

    async fn unsubscribe(
        &self,
        request: Request<proto::UnsubscribeRequest>,
    ) -> Result<Response<proto::UnsubscribeResponse>, Status> {
        let success = self.runtime.unsubscribe(&request.into_inner().subscription_id);
        Ok(Response::new(proto::UnsubscribeResponse { success }))
    }

    async fn get_stats(
        &self,
        request: Request<proto::StatsRequest>,
    ) -> Result<Response<proto::StatsResponse>, Status> {
        let stats = self.runtime.topic_stats(&request.into_inner().topic);
        Ok(Response::new(proto::StatsResponse {
            total_events: convert::signed(stats.traffic.events),
            active_subscriptions: convert::signed(stats.load.subscriptions),
            throughput_per_sec: stats.traffic.per_second,
            backlog_size: convert::signed(stats.load.queued),
        }))
    }
}

/// Checks the topic and the filter of a subscription.
fn check_subscription(request: &proto::SubscribeRequest) -> Result<(), LimitError> {
    limits::check_topic(&request.topic)?;
    limits::check_count("event_types", request.event_types.len(), limits::MAX_ENTRIES)?;
    limits::check_keys("filters", request.filters.keys())
}
