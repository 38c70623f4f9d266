//! The copy of a heenbericht that a retour is. The classes differ only by their RetourCodes, but are types of their
//! own, as in the schemas.

use super::build::{Verdict, XsdVersies};
use crate::messages::Message;
use crate::messages::ieb_1_0::{basisschema as ieb, wmo401, wmo402, wmo403, wmo404};
use crate::messages::iwmo_3_2::{
    basisschema as iwmo, wmo301, wmo302, wmo305, wmo306, wmo307, wmo308, wmo315, wmo316, wmo317, wmo318,
    wmo320,
};
use crate::value::{RetourCode, Vast};

/// The codes of the judged classes, taken in document order; every other class has nothing to remark.
pub(super) struct Codes {
    judged: std::vec::IntoIter<Vec<RetourCode>>,
}

impl Codes {
    pub(super) fn new(judged: Vec<Vec<RetourCode>>) -> Self {
        Self { judged: judged.into_iter() }
    }

    fn next(&mut self) -> Vec<RetourCode> {
        self.judged.next().unwrap_or_else(none)
    }
}

fn none() -> Vec<RetourCode> {
    vec![RetourCode::GEEN_OPMERKING]
}

/// A class with its fields as they are, and codes.
macro_rules! class {
    ($from:expr, $to:path { $($field:ident),+ $(; $other:ident: $value:expr)* }, $codes:expr) => {{
        let from = $from;
        $to { $($field: from.$field.clone(),)+ $($other: $value,)* retour_codes: $codes }
    }};
}

macro_rules! header {
    ($from:expr, $module:ident, $shared:ident, $verdict:expr, $versies:expr, $codes:expr, { $($field:ident),+ }) => {
        $module::Header {
            bericht_code: Vast,
            $($field: $from.header.$field.clone(),)+
            identificatie_retour: $verdict.identificatie_retour.clone(),
            dagtekening_retour: $verdict.dagtekening_retour,
            // Our level-2 checks are our own, so that no version of the official XSLTs applies (IV033).
            xslt_versie: None,
            xsd_versie_retour: $shared::XsdVersie {
                basisschema_xsd_versie: $versies.basisschema.clone(),
                bericht_xsd_versie: $versies.bericht.clone(),
            },
            retour_codes: $codes,
        }
    };
}

macro_rules! iwmo_header {
    ($from:expr, $module:ident, $verdict:expr, $versies:expr, $codes:expr) => {
        header!($from, $module, iwmo, $verdict, $versies, $codes, {
            bericht_versie, bericht_subversie, afzender, ontvanger, bericht_identificatie, xsd_versie
        })
    };
}

macro_rules! ieb_header {
    ($from:expr, $module:ident, $verdict:expr, $versies:expr, $codes:expr) => {
        header!($from, $module, ieb, $verdict, $versies, $codes, {
            bericht_versie, bericht_subversie, afzender, bericht_identificatie, xsd_versie
        })
    };
}

/// Copies; none when the message has no retour. The body is copied when there are codes for its classes.
pub(super) fn copy(
    heenbericht: &Message,
    verdict: &Verdict,
    versies: &XsdVersies,
    header: Vec<RetourCode>,
    mut klassen: Option<Codes>,
) -> Option<Message> {
    let codes = klassen.as_mut();
    let message = match heenbericht {
        Message::Wmo301(heen) => {
            let client = codes.map(|codes| client_301(&heen.client, codes));
            wmo302::Bericht { header: iwmo_header!(heen, wmo302, verdict, versies, header), client }.into()
        }
        Message::Wmo305(heen) => {
            let client = codes.map(|codes| client_305(&heen.client, codes));
            wmo306::Bericht { header: iwmo_header!(heen, wmo306, verdict, versies, header), client }.into()
        }
        Message::Wmo307(heen) => {
            let client = codes.map(|codes| client_307(&heen.client, codes));
            wmo308::Bericht { header: iwmo_header!(heen, wmo308, verdict, versies, header), client }.into()
        }
        Message::Wmo315(heen) => {
            let client = codes.map(|codes| client_315(&heen.client, codes));
            wmo316::Bericht { header: iwmo_header!(heen, wmo316, verdict, versies, header), client }.into()
        }
        Message::Wmo317(heen) => {
            let client = codes.map(|codes| client_317(&heen.client, codes));
            wmo318::Bericht { header: iwmo_header!(heen, wmo318, verdict, versies, header), client }.into()
        }
        Message::Wmo319(heen) => {
            let antwoord = codes.map(|codes| {
                class!(
                    &heen.antwoord,
                    wmo320::Antwoord { referentie_aanbieder, verzoek_antwoord, reden_afwijzing_verzoek },
                    codes.next()
                )
            });
            wmo320::Bericht { header: iwmo_header!(heen, wmo320, verdict, versies, header), antwoord }.into()
        }
        Message::Wmo401(heen) => {
            let client = codes.map(|codes| client_401(&heen.client, codes));
            wmo402::Bericht { header: ieb_header!(heen, wmo402, verdict, versies, header), client }.into()
        }
        Message::Wmo403(heen) => {
            let client = codes.map(|codes| client_403(&heen.client, codes));
            wmo404::Bericht { header: ieb_header!(heen, wmo404, verdict, versies, header), client }.into()
        }
        _ => return None,
    };
    Some(message)
}

fn contact(contact: &wmo301::Contact) -> wmo302::Contact {
    class!(contact, wmo302::Contact { soort, adres, organisatie, telefoon, emailadres, periode }, none())
}

fn client_301(client: &wmo301::Client, codes: &mut Codes) -> wmo302::Client {
    let relatie = |relatie: &wmo301::Relatie| {
        class!(relatie, wmo302::Relatie {
            nummer, volgorde, soort, geboortedatum, geslacht, naam; contact: contact(&relatie.contact)
        }, none())
    };
    let product = |product: &wmo301::ToegewezenProduct| {
        class!(
            product,
            wmo302::ToegewezenProduct {
                toewijzing_nummer,
                referentie_aanbieder,
                product,
                toewijzingsdatum,
                toewijzingstijd,
                ingangsdatum,
                einddatum,
                reden_wijziging,
                omvang,
                budget,
                commentaar
            },
            codes.next()
        )
    };
    class!(client, wmo302::Client {
        bsn, geboortedatum, geslacht, naam, communicatie, juridische_status, wettelijke_vertegenwoordiging,
        commentaar;
        relaties: client.relaties.iter().map(relatie).collect();
        contactgegevens: client.contactgegevens.iter().map(contact).collect();
        toegewezen_producten: client.toegewezen_producten.iter().map(product).collect()
    }, none())
}

fn client_305(client: &wmo305::Client, codes: &mut Codes) -> wmo306::Client {
    let start = |start: &wmo305::StartProduct| {
        class!(
            start,
            wmo306::StartProduct {
                toewijzing_nummer,
                product,
                toewijzing_ingangsdatum,
                begindatum,
                status_aanlevering
            },
            codes.next()
        )
    };
    class!(client, wmo306::Client {
        bsn, geboortedatum, geslacht, naam;
        start_producten: client.start_producten.iter().map(start).collect()
    }, none())
}

fn client_307(client: &wmo307::Client, codes: &mut Codes) -> wmo308::Client {
    let stop = |stop: &wmo307::StopProduct| {
        class!(
            stop,
            wmo308::StopProduct {
                toewijzing_nummer,
                product,
                toewijzing_ingangsdatum,
                begindatum,
                reden_beeindiging,
                einddatum,
                status_aanlevering
            },
            codes.next()
        )
    };
    class!(client, wmo308::Client {
        bsn, geboortedatum, geslacht, naam;
        stop_producten: client.stop_producten.iter().map(stop).collect()
    }, none())
}

fn client_315(client: &wmo315::Client, codes: &mut Codes) -> wmo316::Client {
    let product = |product: &wmo315::AangevraagdProduct| {
        class!(
            product,
            wmo316::AangevraagdProduct {
                referentie_aanbieder,
                beschikking_nummer,
                product,
                beschikking_ingangsdatum,
                toewijzing_ingangsdatum,
                toewijzing_einddatum,
                omvang,
                budget,
                verwijzer,
                raamcontract,
                commentaar
            },
            codes.next()
        )
    };
    class!(client, wmo316::Client {
        bsn, geboortedatum, geslacht, naam, commentaar;
        aangevraagde_producten: client.aangevraagde_producten.iter().map(product).collect()
    }, none())
}

fn client_317(client: &wmo317::Client, codes: &mut Codes) -> wmo318::Client {
    let of_client = codes.next();
    let of_verzoek = codes.next();
    let verzoek = &client.verzoek;
    let unchanged = |product: &wmo317::OngewijzigdProduct| {
        class!(product, wmo318::OngewijzigdProduct { toewijzing_nummer }, codes.next())
    };
    let ongewijzigde_producten = verzoek.ongewijzigde_producten.iter().map(unchanged).collect();
    let change = |product: &wmo317::TeWijzigenProduct| {
        class!(
            product,
            wmo318::TeWijzigenProduct { toewijzing_nummer, gewenste_ingangsdatum, einddatum, omvang, budget },
            codes.next()
        )
    };
    let te_wijzigen_producten = verzoek.te_wijzigen_producten.iter().map(change).collect();
    let new = |product: &wmo317::NieuwProduct| {
        class!(
            product,
            wmo318::NieuwProduct { product, gewenste_ingangsdatum, einddatum, omvang, budget },
            codes.next()
        )
    };
    let nieuwe_producten = verzoek.nieuwe_producten.iter().map(new).collect();
    let verzoek = class!(verzoek, wmo318::Verzoek {
        referentie_aanbieder, reden_verzoek;
        ongewijzigde_producten: ongewijzigde_producten;
        te_wijzigen_producten: te_wijzigen_producten;
        nieuwe_producten: nieuwe_producten
    }, of_verzoek);
    class!(client, wmo318::Client { bsn; verzoek: verzoek }, of_client)
}

fn client_401(client: &wmo401::Client, codes: &mut Codes) -> wmo402::Client {
    let start = class!(
        &client.start_eigen_bijdrage,
        wmo402::StartEigenBijdrage { eb_start_nummer, eb_startdatum, eb_kostprijs, status_aanlevering },
        codes.next()
    );
    class!(client, wmo402::Client { bsn; start_eigen_bijdrage: start }, none())
}

fn client_403(client: &wmo403::Client, codes: &mut Codes) -> wmo404::Client {
    let stop = class!(
        &client.stop_eigen_bijdrage,
        wmo404::StopEigenBijdrage { eb_start_nummer, eb_stopdatum, status_aanlevering },
        codes.next()
    );
    class!(client, wmo404::Client { bsn; stop_eigen_bijdrage: stop }, none())
}
