//! Bad inputs of the StUF route, each test named after its row (ggk-transport 8, column B).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iwmo_codec::MessageKind;
use iwmo_codec::stuf::Envelope as Ggk;

use super::*;
use stuf::{Chain, di01, vrij, wrapped};

/// Sends a good envelope with something wrong in it; then the good one, which is taken.
async fn row(expected: &str, change: impl Fn(String) -> String) {
    let chain = Chain::new().await;
    let good = wrapped(&di01(LINDE, 1));
    let bad = change(String::from_utf8(good.clone()).unwrap());
    assert_ne!(bad.as_bytes(), good, "the row changes something");
    assert_eq!(chain.post(&chain.world.linde, bad).await.short(), expected);
    assert_eq!(chain.entries().len(), 0, "nothing of it is kept");
    assert_eq!(chain.post(&chain.world.linde, good).await.short(), "200 Bv03");
    chain.daemon.stop().await;
}

/// Sends an envelope that is taken in although something is wrong with the message; it is refused later.
async fn later(change: impl Fn(String) -> String) {
    let chain = Chain::new().await;
    let bad = change(String::from_utf8(wrapped(&di01(LINDE, 1))).unwrap());
    assert_eq!(chain.post(&chain.world.linde, bad).await.short(), "200 Bv03");
    let Ggk::Fo01(error) = chain.peer.wait(1).await else { panic!("a Fo01") };
    assert_eq!(error.fout.code, "StUF055");
    chain.daemon.stop().await;
}

/// Puts something else between the tags of an element.
fn with(text: &str, name: &str, value: &str) -> String {
    let (before, rest) = text.split_once(&format!("<{name}>")).unwrap();
    let (_, after) = rest.split_once(&format!("</{name}>")).unwrap();
    format!("{before}<{name}>{value}</{name}>{after}")
}

/// Changes an element: tags and all.
fn instead(text: &str, name: &str, value: &str) -> String {
    with(text, name, "\u{1}").replace(&format!("<{name}>\u{1}</{name}>"), value)
}

/// Makes a Du01 of a Di01, that answers nothing in particular, with a functie.
fn du01(text: &str, functie: &str) -> String {
    let time = text.split("<StUF:tijdstipBericht>").nth(1).unwrap().split('<').next().unwrap();
    let cross = "<StUF:crossRefnummer>122ea8a9-9890-422d-8b5c-246a4c079b1c</StUF:crossRefnummer>";
    let text = instead(
        text,
        "StUF:tijdstipBericht",
        &format!("<StUF:tijdstipBericht>{time}</StUF:tijdstipBericht>{cross}"),
    );
    let text = with(&with(&text, "StUF:berichtcode", "Du01"), "StUF:functie", functie);
    text.replace("envelopHeenbericht-ggk_Di01", "envelopRetourbericht-ggk_Du01")
}

macro_rules! rows {
    ($($name:ident: $expected:literal, $change:expr;)*) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            row($expected, |text: String| $change(text)).await;
        }
    )* };
}

macro_rules! refused_later {
    ($($name:ident: $change:expr;)*) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            later(|text: String| $change(text)).await;
        }
    )* };
}

const SOAP12: &str = "http://www.w3.org/2003/05/soap-envelope";

rows! {
    row_01_not_well_formed: "500 Client", |text: String| text.replace("</GGK:parameters>", "");
    row_02_doctype: "500 Client", |text: String| format!("<!DOCTYPE x [<!ENTITY a \"b\">]>{text}");
    row_03_empty_body: "500 Client", |_| "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body/></e:Envelope>".to_owned();
    row_03_two_children: "500 Client", |text: String| text.replace("</soapenv:Body>", "<x/></soapenv:Body>");
    row_04_soap_1_2: "500 VersionMismatch", |text: String| text.replace("http://schemas.xmlsoap.org/soap/envelope/", SOAP12);
    row_06_ggk0310: "500 Server StUF007 ggk0210", |text: String| text.replace("http://www.stufstandaarden.nl/koppelvlak/ggk0210", "http://www.egem.nl/StUF/sector/ggk/0310");
    row_07_stuf_0204: "500 Server StUF001 0301", |text: String| text.replace("StUF0301", "StUF0204");
    row_08_unknown_root: "500 Client", |text: String| text.replace("envelopHeenbericht-ggk_Di01", "envelopHeenbericht-ggk_Di09");
    row_08a_another_koppelvlak: "500 Server StUF004", |text: String| text.replace("http://www.stufstandaarden.nl/koppelvlak/ggk0210", "http://www.egem.nl/StUF/sector/bg/0310");
    row_09_berichtcode_unknown: "500 Client StUF022", |text: String| with(&text, "StUF:berichtcode", "Xx99");
    row_10_berichtcode_lk01: "500 Server StUF025", |text: String| with(&text, "StUF:berichtcode", "Lk01");
    row_11_no_tijdstip: "500 Client", |text: String| instead(&text, "StUF:tijdstipBericht", "");
    row_11_applicatie_of_51_characters: "500 Client", |text: String| with(&text, "StUF:applicatie", &"x".repeat(51));
    row_11_extra_element: "500 Client", |text: String| text.replace("</StUF:zender>", "</StUF:zender><StUF:x/>");
    row_12_refnummer_upper_case: "500 Client", |text: String| with(&text, "StUF:referentienummer", "122EA8A9-9890-422D-8B5C-246A4C079B1C");
    row_12_refnummer_version_1: "500 Client", |text: String| with(&text, "StUF:referentienummer", "122ea8a9-9890-122d-8b5c-246a4c079b1c");
    row_12_refnummer_version_7: "500 Client", |text: String| with(&text, "StUF:referentienummer", "122ea8a9-9890-722d-8b5c-246a4c079b1c");
    row_12_refnummer_with_blanks: "500 Client", |text: String| with(&text, "StUF:referentienummer", " 122ea8a9-9890-422d-8b5c-246a4c079b1c ");
    row_13_no_refnummer: "500 Client", |text: String| instead(&text, "StUF:referentienummer", "");
    row_14_receiver_not_ours: "500 Client StUF010", |text: String| text.replace(">0222<", ">0363<");
    row_15_sender_not_of_this_certificate: "500 Client StUF013", |text: String| with(&text, "StUF:organisatie", HVB);
    row_15_sender_unknown: "500 Client StUF013", |text: String| with(&text, "StUF:organisatie", "12345678");
    row_20_functie_unknown: "500 Client StUF034", |text: String| with(&text, "StUF:functie", "WMO399");
    row_20_functie_empty: "500 Client StUF034", |text: String| with(&text, "StUF:functie", "");
    row_20_functie_lower_case: "500 Client StUF034", |text: String| with(&text, "StUF:functie", "wmo305");
    row_20_functie_with_version: "500 Client StUF034", |text: String| with(&text, "StUF:functie", "WMO305-0302");
    row_21_functie_not_for_an_aanbieder: "500 Server StUF037", |text: String| with(&text, "StUF:functie", "WMO301");
    row_22_retour_in_a_di01: "500 Server StUF040", |text: String| with(&text, "StUF:functie", "WMO302");
    row_22_heen_in_a_du01: "500 Server StUF040", |text: String| du01(&text, "WMO301");
    row_22_a_retour_of_ours_in_a_di01: "500 Server StUF040", |text: String| with(&text, "StUF:functie", "WMO306");
    row_27_applicatie_versie_missing: "500 Client", |text: String| instead(&text, "GGK:applicatieVersie", "");
    row_27_applicatie_versie_of_one_digit: "500 Client", |text: String| with(&text, "GGK:applicatieVersie", "4");
    row_28_neither_file: "500 Client", |text: String| with(&text, "GGK:bericht", "");
    row_28_both_files: "500 Client", |text: String| text.replace("</GGK:bericht>", "<GGK:tekstBestand bestandsnaam=\"a.txt\">YQ==</GGK:tekstBestand></GGK:bericht>");
    row_30_bestandsnaam_with_a_slash: "500 Client", |text: String| with(&text, "GGK:bericht", "<GGK:tekstBestand bestandsnaam=\"a/b.txt\">YQ==</GGK:tekstBestand>");
    row_30_bestandsnaam_with_a_space: "500 Client", |text: String| with(&text, "GGK:bericht", "<GGK:tekstBestand bestandsnaam=\"a b.txt\">YQ==</GGK:tekstBestand>");
    row_30_bestandsnaam_of_3_characters: "500 Client", |text: String| with(&text, "GGK:bericht", "<GGK:tekstBestand bestandsnaam=\"abc\">YQ==</GGK:tekstBestand>");
    row_31_base64_url_alphabet: "500 Client", |text: String| with(&text, "GGK:xmlBestand", "-_==");
    row_31_base64_without_padding: "500 Client", |text: String| with(&text, "GGK:xmlBestand", "YQ");
    row_31_base64_trailing_bits: "500 Client", |text: String| with(&text, "GGK:xmlBestand", "YR==");
    row_43_unknown_operation: "500 Client", |text: String| text.replace("GGK:envelopHeenbericht-ggk_Di01", "StUF:Bv01Bericht");
    row_44_xop_include: "500 Client", |text: String| with(&text, "GGK:xmlBestand", "<x:Include xmlns:x=\"http://www.w3.org/2004/08/xop/include\" href=\"cid:1\"/>");
}

refused_later! {
    row_29_text_file_for_a_message: |text: String| with(&text, "GGK:bericht", "<GGK:tekstBestand bestandsnaam=\"a.txt\">YQ==</GGK:tekstBestand>");
    row_32_empty_file: |text: String| with(&text, "GGK:xmlBestand", "");
    row_33_payload_not_well_formed: |text: String| with(&text, "GGK:xmlBestand", "PGE+");
    row_36_another_release: |text: String| {
        let payload = String::from_utf8(stuf::start(LINDE, "0222", 7)).unwrap();
        let other = payload.replace("/3_2/", "/3_1/");
        assert_ne!(other, payload);
        with(&text, "GGK:xmlBestand", &STANDARD.encode(other))
    };
    row_35_another_message_than_the_functie: |text: String| with(&text, "StUF:functie", "WMO307");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_05_soapaction_of_another_operation() {
    let chain = Chain::new().await;
    let di01 = wrapped(&di01(LINDE, 1));
    let action = "\"http://www.stufstandaarden.nl/koppelvlak/ggk0210/ggk_Du01\"";
    let answer = chain.post_as(&chain.world.linde, di01.clone(), action, "text/xml").await;
    assert_eq!(answer.short(), "500 Client");
    let action = "\"http://www.stufstandaarden.nl/koppelvlak/ggk0210/ggk_Di01\"";
    assert_eq!(chain.post_as(&chain.world.linde, di01, action, "text/xml").await.short(), "200 Bv03");
    chain.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_23_and_24_about_nothing_that_we_sent() {
    let chain = Chain::new().await;
    let retour = vrij(MessageKind::Wmo302, LINDE, "0222", 9, b"<x/>".to_vec());
    let du01 = Ggk::Du01(retour.answering(stuf::refnummer(1234)));
    assert_eq!(chain.post(&chain.world.linde, wrapped(&du01)).await.short(), "500 Client StUF043");
    assert_eq!(chain.entries().len(), 0);
    chain.daemon.stop().await;
}

/// An envelope of exactly the size that may come is read; one byte more is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_26_too_large() {
    use iwmo_codec::stuf::RECEIVED_BYTES_MAX;
    let chain = Chain::new().await;
    let edge = RECEIVED_BYTES_MAX + 64 * 1024;
    let mut text = wrapped(&di01(LINDE, 1));
    text.resize(edge, b' ');
    assert_eq!(chain.post(&chain.world.linde, text.clone()).await.short(), "200 Bv03");
    text.push(b' ');
    assert_eq!(chain.post(&chain.world.linde, text).await.short(), "413 Client");
    // What SOAP may add is not there for the envelope in it.
    let good = String::from_utf8(wrapped(&di01(LINDE, 2))).unwrap();
    let spaces = " ".repeat(RECEIVED_BYTES_MAX);
    let long = good.replace("</GGK:xmlBestand>", &format!("{spaces}</GGK:xmlBestand>"));
    assert!(long.len() < edge);
    assert_eq!(chain.post(&chain.world.linde, long).await.short(), "413 Client");
    chain.daemon.stop().await;
}

/// Rows 18, 19, 37: taken, with a warning. C-25: base64 with white space and in a CDATA section.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_18_19_37_and_c_25_are_accepted() {
    let chain = Chain::new().await;
    let text = |number: u128| String::from_utf8(wrapped(&di01(LINDE, number))).unwrap();
    let post = async |text: String| chain.post(&chain.world.linde, text).await.short();
    assert_eq!(post(text(1)).await, "200 Bv03");
    assert_eq!(post(with(&text(2), "StUF:tijdstipBericht", "20200101")).await, "200 Bv03");
    assert_eq!(post(with(&text(3), "StUF:tijdstipBericht", "20161399999999")).await, "200 Bv03");
    let payload = stuf::start(LINDE, "0222", 8);
    let bom =
        Ggk::Di01(vrij(MessageKind::Wmo305, LINDE, "0222", 4, ["\u{FEFF}".as_bytes(), &payload].concat()));
    assert_eq!(chain.post(&chain.world.linde, wrapped(&bom)).await.short(), "200 Bv03");
    let spaced = text(5);
    let base64 = spaced.split("<GGK:xmlBestand>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let (head, tail) = base64.split_at(40);
    assert_eq!(post(with(&spaced, "GGK:xmlBestand", &format!("\r\n  {head}\n\t{tail}\n"))).await, "200 Bv03");
    assert_eq!(post(with(&text(6), "GGK:xmlBestand", &format!("<![CDATA[{base64}]]>"))).await, "200 Bv03");
    assert!(chain.peer.got().iter().all(|(action, _)| !action.contains("Fo01")), "nothing was refused");
    chain.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_44_mime_multipart_and_content_coding() {
    let chain = Chain::new().await;
    for content_type in ["multipart/related; type=\"application/xop+xml\"", "text/xml; charset=utf-16"] {
        let answer = chain.post_as(&chain.world.linde, wrapped(&di01(LINDE, 1)), "", content_type).await;
        assert_eq!(answer.short(), "415", "{content_type}");
    }
    // Row 4, as who speaks SOAP 1.2 sends it.
    let answer = chain
        .post_as(&chain.world.linde, wrapped(&di01(LINDE, 1)), "", "application/soap+xml; charset=utf-8")
        .await;
    assert_eq!(answer.short(), "500 VersionMismatch");
    chain.daemon.stop().await;
}
