//! The OpenAPI document, made from the handlers and the types they answer with.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr};
use utoipa::{IntoResponses, Modify, OpenApi, ToSchema};

/// Where the document is.
pub(super) const PATH: &str = "/api/v1/openapi.json";

/// What stands in the document beside the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "iWmo gateway, backoffice",
        description = "What a municipal system asks of the gateway. A token, or a client \
            certificate in place of it, opens some gemeenten; what belongs to another does not exist for it. Lists are paged: go on with `volgende` until there is none. Errors are \
            `application/problem+json` (RFC 9457); go by `type`.",
        license(name = "EUPL-1.2", identifier = "EUPL-1.2")
    ),
    paths(super::receive),
    components(schemas(Probleem)),
    modifiers(&Bearer),
    security(("bearer" = []), ("certificate" = []))
)]
pub(super) struct Document;

/// The ways in.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", scheme);
        let words = Some("A client certificate that the configuration names.".to_owned());
        components.add_security_scheme(
            "certificate",
            SecurityScheme::MutualTls { description: words, extensions: None, deprecated: None },
        );
    }
}

/// An error, as RFC 9457 has it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Probleem {
    /// `urn:iwmo:probleem:<kind>`; never changes meaning, programs go by it.
    #[serde(rename = "type")]
    kind: String,
    /// What kind of problem it is, for people.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What was wrong this time, for people. It holds no personal data.
    detail: Option<String>,
}

/// The errors that every route may answer with.
pub(super) struct Problems;

/// The errors of routes that are asked with a body, besides.
pub(super) struct BodyProblems;

fn problems<const N: usize>(of: [(&str, &str); N]) -> BTreeMap<String, RefOr<Response>> {
    let problem = |words: &str| {
        let content = Content::new(Some(Ref::from_schema_name("Probleem")));
        let response = ResponseBuilder::new().description(words);
        RefOr::T(response.content("application/problem+json", content).build())
    };
    of.map(|(status, words)| (status.to_owned(), problem(words))).into()
}

impl IntoResponses for BodyProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems([
            ("413", "What was sent is too large."),
            ("415", "What was sent is not `application/json`."),
            ("422", "What was sent is not what it should be, or cannot be done."),
        ])
    }
}

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems([
            ("400", "The question cannot be answered."),
            ("401", "A known bearer token is needed."),
            ("404", "It does not exist, or not for this token."),
            ("500", "The gateway failed by a fault of its own."),
            ("503", "The gateway cannot do this now; come back after `Retry-After`."),
        ])
    }
}
