//! Whether a partner has the means for its route.

use super::mistake::{MistakeKind, said};
use super::parties::PartnerDraft;
use super::reader::{Findings, Found};
use super::{PartnerKind, PartnerRoute};

/// Checks the route of one partner.
pub(super) fn check(partner: &PartnerDraft, partners: &[PartnerDraft], findings: &mut Findings<'_>) {
    let way = partner.way();
    let word = way.word();
    let place = || match &partner.route {
        Some(route) => Found { value: (), span: route.span.clone(), key: route.key.clone() },
        None => partner.here.clone(),
    };
    let (url, folder, via) = (partner.url.as_ref(), partner.folder.as_ref(), partner.via.as_ref());
    let needs: Option<&'static str> = match way {
        PartnerRoute::Direct if url.is_none() => Some("url"),
        PartnerRoute::Stuf if url.is_none() && via.is_none() => Some("url"),
        PartnerRoute::Map if folder.is_none() => Some("folder"),
        _ => None,
    };
    if let Some(key) = needs {
        let message = said(
            format!("route \"{word}\" kan niet zonder `{key}`"),
            format!("route \"{word}\" needs `{key}`"),
        );
        let hint = said(format!("voeg {key} toe"), format!("add {key}"));
        findings.about(MistakeKind::MissingKey, &place(), message, hint);
    }
    let url_used = matches!(way, PartnerRoute::Direct | PartnerRoute::Stuf) && via.is_none();
    if let Some(url) = url.filter(|_| !url_used) {
        unused(url, word, findings);
    }
    if let Some(folder) = folder.filter(|_| way != PartnerRoute::Map) {
        unused(folder, word, findings);
    }
    if let Some(via) = via {
        behind(via, way, partners, findings);
    }
    if partner.kind == PartnerKind::Ggk && way != PartnerRoute::Stuf {
        let message = said(
            "het GGk kent alleen de route \"stuf\"".to_owned(),
            "the GGk knows no route but \"stuf\"".to_owned(),
        );
        findings.about(MistakeKind::Conflict, &place(), message, said("haal route weg", "remove route"));
    }
}

fn unused<T>(found: &Found<T>, word: &str, findings: &mut Findings<'_>) {
    let key = &found.key;
    let message = said(
        format!("`{key}` wordt bij deze route (\"{word}\") niet gebruikt"),
        format!("`{key}` is not used by this route (\"{word}\")"),
    );
    let hint = said("haal het weg, of kies een andere route", "remove it, or choose another route");
    findings.about(MistakeKind::Conflict, found, message, hint);
}

fn behind(via: &Found<String>, way: PartnerRoute, partners: &[PartnerDraft], findings: &mut Findings<'_>) {
    let hub = partners.iter().find(|hub| hub.id.value == via.value);
    if hub.is_none_or(|hub| hub.kind != PartnerKind::Ggk) {
        let name = &via.value;
        let message = said(
            format!("`{name}` is geen partner met kind \"ggk\""),
            format!("`{name}` is no partner of kind \"ggk\""),
        );
        let hint =
            said("noem de id van de partner met kind \"ggk\"", "name the id of the partner of kind \"ggk\"");
        findings.about(MistakeKind::UnknownName, via, message, hint);
    } else if way != PartnerRoute::Stuf {
        unused(via, way.word(), findings);
    }
}
