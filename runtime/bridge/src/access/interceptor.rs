//! The check of gRPC calls.

use tonic::{Request, Status, service::Interceptor};

use crate::{connections::ConnectionState, token::BearerToken};

/// Refuses gRPC calls without the token; without a token, calls on connections that are not admitted.
#[derive(Debug, Clone)]
pub struct AccessInterceptor(pub Option<BearerToken>);

impl Interceptor for AccessInterceptor {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        match &self.0 {
            Some(token) => check_token(token, &request)?,
            None => check_peer(&request)?,
        }
        Ok(request)
    }
}

fn check_token(token: &BearerToken, request: &Request<()>) -> Result<(), Status> {
    let header = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
    if token.accepts(header) {
        Ok(())
    } else {
        Err(Status::unauthenticated("this runtime requires `authorization: Bearer <token>`"))
    }
}

fn check_peer(request: &Request<()>) -> Result<(), Status> {
    let state: Option<&ConnectionState> = request.extensions().get();
    let Some(admission) = state.and_then(ConnectionState::admission) else {
        return Err(Status::internal("the connection was not checked"));
    };
    admission.map_err(|refusal| Status::permission_denied(refusal.to_string()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tonic::Code;

    use super::*;
    use crate::{access::PeerRefusal, connections::ConnectionTimeouts};

    #[test]
    fn only_the_token_is_accepted() {
        let table = [
            (Some("Bearer s3cret"), true),
            (Some("bearer s3cret"), true),
            (Some("Bearer s3cre"), false),
            (Some("Bearer s3crets"), false),
            (Some("Basic s3cret"), false),
            (Some("s3cret"), false),
            (None, false),
        ];
        for (header, expected) in table {
            let mut request = Request::new(());
            if let Some(header) = header {
                request.metadata_mut().insert("authorization", header.parse().unwrap());
            }
            let mut interceptor = AccessInterceptor(Some("s3cret".parse().unwrap()));
            assert_eq!(interceptor.call(request).is_ok(), expected, "{header:?}");
        }
    }

    #[test]
    fn without_a_token_the_connection_decides() {
        for (admission, expected) in [
            (Some(Ok(())), Code::Ok),
            (Some(Err(PeerRefusal::OtherUser { uid: 7 })), Code::PermissionDenied),
            (Some(Err(PeerRefusal::NoOwner)), Code::PermissionDenied),
            (None, Code::Internal),
        ] {
            let mut request = Request::new(());
            let long = Duration::from_secs(60);
            let state =
                ConnectionState::new(ConnectionTimeouts { first_request: long, idle: long });
            if let Some(admission) = admission {
                state.set_admission(admission);
            }
            request.extensions_mut().insert(state);
            let code =
                AccessInterceptor(None).call(request).map_or_else(|s| s.code(), |_| Code::Ok);
            assert_eq!(code, expected, "{admission:?}");
        }
    }
}
