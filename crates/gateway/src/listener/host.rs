//! The host that a request is for (RFC 9112 section 3.2).

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;

/// Answers 400 to a request that does not say, in one field, which host it is for. A gateway before this one that went by
/// another field would have understood another request.
pub(super) async fn named(request: Request, next: Next) -> Response {
    if is_named(request.version(), request.headers()) {
        return next.run(request).await;
    }
    Problem::new(StatusCode::BAD_REQUEST, "verzoek", "The request does not say which host it is for")
        .detail("send one Host header with the name or address that is called")
        .into_response()
}

/// HTTP/1.0 need not say it, and HTTP/2 says it in another way; what they say must be one host as well.
fn is_named(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => version != Version::HTTP_11,
        // An address without an authority has an empty one.
        (Some(host), None) => host.is_empty() || Authority::try_from(host.as_bytes()).is_ok(),
        (Some(_), Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_or_none_where_none_is_needed() {
        let named = |version, hosts: &[&str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, host.parse().unwrap());
            }
            is_named(version, &headers)
        };
        for good in ["", "gateway.example", "gateway.example:8443", "127.0.0.1", "[::1]:8443"] {
            assert!(named(Version::HTTP_11, &[good]), "{good}");
        }
        for bad in ["a b", "a/b", "a, b", "[::1"] {
            assert!(!named(Version::HTTP_11, &[bad]), "{bad}");
        }
        for version in [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2] {
            assert_eq!(named(version, &[]), version != Version::HTTP_11);
            assert!(!named(version, &["a", "a"]), "{version:?}");
        }
    }
}
