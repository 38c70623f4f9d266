//! Every mistake in a configuration, with its line.

mod settings;

use iwmo_toewijzing::cak::{Bedenktijd, EbBeleid, EbRegels, Standaard, Trigger};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;
use crate::pki::DemoAuthority;

/// A folder with the files that the example names.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let authority = DemoAuthority::new("Test CA").unwrap();
    let server = authority.server("gateway").unwrap();
    fs::create_dir(folder.path().join("tls")).unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join("tls").join(name);
        fs::write(&path, text).unwrap();
        restrict(&path);
    };
    write("exchange.pem", &server.certificate_pem);
    write("exchange-key.pem", &server.key_pem);
    write("client.pem", &authority.client("gateway", None).unwrap().certificate_pem);
    write("expired.pem", &authority.client_expired("gateway", None).unwrap().certificate_pem);
    write("client-ca.pem", authority.certificate_pem());
    write("server-ca.pem", authority.certificate_pem());
    for list in ["client-ca.crl", "server-ca.crl"] {
        let text = authority.revocation_list(&[], 60).unwrap();
        fs::write(folder.path().join("tls").join(list), text).unwrap();
    }
    fs::create_dir(folder.path().join("lists")).unwrap();
    fs::create_dir(folder.path().join("partners.d")).unwrap();
    for name in [crate::lists::GEMEENTECODES, crate::lists::PRODUCTCODES] {
        let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/lists").join(name);
        fs::copy(list, folder.path().join("lists").join(name)).unwrap();
    }
    folder
}

fn restrict(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

fn example() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/iwmo.example.toml");
    fs::read_to_string(path).unwrap()
}

/// What `check` says, one mistake a line, in English.
fn rendered(text: &str, folder: &Path) -> Vec<String> {
    let checked = check_text(text, folder);
    let errors = checked.mistakes.iter().any(|mistake| mistake.kind.severity() == Severity::Error);
    assert_eq!(errors, checked.config.is_none(), "a configuration comes out exactly without errors");
    let folder = folder.display().to_string();
    let line = |mistake: Mistake| {
        assert!(!mistake.hint.nl.is_empty() && !mistake.hint.en.is_empty() && !mistake.message.nl.is_empty());
        let text = mistake.message.en.replace(&folder, "DIR");
        format!("{}:{} {} {}: {text}", mistake.line, mistake.column, mistake.kind.code(), mistake.key)
    };
    checked.mistakes.into_iter().map(line).collect()
}

#[test]
fn the_example_has_nothing_wrong_but_the_demonstration_certificate() {
    let folder = folder();
    let found = rendered(&example(), folder.path());
    assert!(
        found.iter().all(|line| line.contains(" risky ") && line.contains("is only valid until")),
        "{found:#?}"
    );
    let config = check_text(&example(), folder.path()).config.unwrap();
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.sending.pace, Pace::default());
    assert_eq!(config.logging, Logging::default());
    assert_eq!(config.retention, Retention::default());
    assert_eq!(config.partners[1].gemeenten.len(), 2, "without gemeenten a partner deals with all");
    let own = &config.gemeenten[0].policy.eigen_bijdrage.basis;
    assert_eq!((own.standaard, own.bedenktijd), (Some(Standaard::Ieb10), Some(Bedenktijd::Seconden(14_400))));
    assert_eq!(config.partners[0].gemeenten.len(), 1);
    assert_eq!(config.tokens[0].gemeenten.len(), 2);
    assert_eq!(config.client_trust().pinned.len(), 2);
    let routes: Vec<_> = config.partners.iter().map(|partner| partner.route.word()).collect();
    assert_eq!(routes, ["direct", "direct", "stuf", "stuf", "ophalen", "map"]);
    assert_eq!(
        config.partners[3].url.as_deref(),
        Some("https://adapter.example:8443/ggk"),
        "where its hub is"
    );
    let known = config.gemeentecodes.unwrap();
    assert!(known.knows("0222") && !known.knows("9999"));
    assert_eq!(config.gemeenten[0].productcodes, None, "what is not agreed on is not checked");
}

/// The examples for one gemeente and for a region would start as they are, but for where the store is.
#[test]
fn the_examples_for_one_gemeente_and_a_region_are_right() {
    let folder = folder();
    for (name, gemeenten) in [("gemeente", 1), ("region", 3)] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../deploy/examples/{name}.toml"));
        let text = fs::read_to_string(path).unwrap().replace("/var/lib/iwmo", "data");
        let found = rendered(&text, folder.path());
        assert!(found.iter().all(|line| line.contains("is only valid until")), "{name}: {found:#?}");
        let config = check_text(&text, folder.path()).config.unwrap();
        assert_eq!(config.gemeenten.len(), gemeenten);
        assert!(config.gemeenten.iter().all(|gemeente| gemeente.cak.is_some()), "{name}");
    }
}

/// Who tells the CAK chooses the release: nothing is assumed, whether there is a policy or none.
#[test]
fn who_tells_the_cak_chooses_the_release() {
    let folder = folder();
    let missing = |text: &str| {
        let found = rendered(text, folder.path());
        let told = found.into_iter().filter(|line| line.contains("standaard"));
        told.map(|line| line.split_once(' ').map_or(String::new(), |(_, rest)| rest.to_owned()))
            .collect::<Vec<_>>()
    };
    let example = example();
    assert!(missing(&example).is_empty());
    assert_eq!(
        missing(&example.replacen("standaard = \"ieb-1.0\"\n", "", 1)),
        ["missing-key gemeente[1].policy.standaard: `gemeente[1].policy.standaard` is missing"]
    );
    let without =
        example.replace("cak = \"cak\"\n\n[gemeente.policy]\nstandaard = \"ieb-1.0\"\n", "cak = \"cak\"\n");
    assert_eq!(
        missing(&without),
        ["missing-key gemeente[2].policy.standaard: `gemeente[2].policy.standaard` is missing"]
    );
    let quiet = without.replace("cak = \"cak\"\n", "");
    assert!(missing(&quiet).is_empty(), "who tells the CAK nothing needs none");
}

#[test]
fn a_list_that_cannot_be_used_is_a_mistake_with_its_line() {
    let folder = folder();
    let example = example().replace("# productcodes", "productcodes");
    let with = |name: &str, text: &str| {
        let path = folder.path().join("lists").join(name);
        let before = fs::read(&path).unwrap();
        fs::write(&path, text).unwrap();
        let found = rendered(&example, folder.path());
        fs::write(&path, before).unwrap();
        found.into_iter().filter(|line| !line.contains(" risky ")).collect::<Vec<_>>()
    };
    assert!(check_text(&example, folder.path()).config.unwrap().gemeenten[0].productcodes.is_some());
    let found = with("gemeentecodes.tsv", "code\tvan\ttot\nx\n");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("gemeentecodes: the list cannot be used") && found[0].contains("line 2"));
    let found = with("productcodes.tsv", "");
    assert!(found[0].contains("gemeente[1].productcodes: the list cannot be used"), "{found:?}");
}

/// The defaults that the example shows are the defaults, and it names every setting there is.
#[test]
fn the_example_tells_the_defaults() {
    let folder = folder();
    let uncommented: String = example()
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(setting)
                if setting == "[telemetry]"
                    || setting.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')) =>
            {
                format!("{setting}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    // The client certificate is another's than the key's: the one setting whose shown value is no default.
    let uncommented = uncommented
        .replace("tls/client.pem", "tls/exchange.pem")
        .replace("tls/client-key.pem", "tls/exchange-key.pem");
    let config = check_text(&uncommented, folder.path()).config.unwrap();
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.sending.pace, Pace::default());
    assert_eq!(config.logging, Logging::default());
    assert_eq!(config.telemetry.unwrap().service, "iwmo-gateway");
    let policy = &config.gemeenten[0].policy.beleid;
    let agreed = policy.afspraken.clone();
    assert_eq!(agreed.len(), 1);
    assert_eq!(*policy, Beleid { afspraken: agreed, ..Default::default() });
    assert!(config.sending.identity.is_some(), "the commented settings were read");
    let shown = EbBeleid::new(config.gemeenten[0].policy.eigen_bijdrage.clone());
    let expected = EbRegels { bedenktijd: Bedenktijd::Seconden(14_400), ..EbRegels::default() };
    assert_eq!(shown.op(jiff::civil::date(2026, 1, 1)), &expected);
    assert_eq!(shown.lagen().basis.stop_trigger, Some(Trigger::Levering), "they were read");

    // An unknown key makes `check` list all keys that are known in a section.
    let mut keys = BTreeSet::new();
    for (section, header) in [
        ("", ""),
        ("exchange", "[exchange]"),
        ("backoffice", "[backoffice]"),
        ("ops", "[ops]"),
        ("gemeente[1]", "[[gemeente]]"),
        ("gemeente[1].policy", "[[gemeente]]\n[gemeente.policy]"),
        ("partner[1]", "[[partner]]"),
        ("token[1]", "[[token]]"),
        ("system[1]", "[[system]]"),
        ("limits", "[limits]"),
        ("sending", "[sending]\ncertificate = \"x\""),
        ("bewaring", "[bewaring]"),
        ("logging", "[logging]"),
        ("telemetry", "[telemetry]"),
    ] {
        let checked = check_text(&format!("{header}\nqqqqqqqqqqqq = 1\n"), folder.path());
        let key =
            if section.is_empty() { "qqqqqqqqqqqq".to_owned() } else { format!("{section}.qqqqqqqqqqqq") };
        let mistake = checked.mistakes.iter().find(|mistake| mistake.key == key).unwrap();
        let known = mistake.hint.en.split_once("known here: ").unwrap().1;
        keys.extend(known.split(", ").map(str::to_owned));
    }
    let missing: Vec<_> = keys.iter().filter(|key| !example().contains(key.as_str())).collect();
    assert!(missing.is_empty(), "the example does not tell about {missing:?}");
}

/// The law keeps a floor under the term; at it, and one below.
#[test]
fn nothing_about_a_person_is_kept_for_less_than_the_law_demands() {
    let folder = folder();
    let with = |years: u16| {
        let text = example().replace("# termijn_jaren = 15", &format!("termijn_jaren = {years}"));
        check_text(&text, folder.path()).config.map(|config| config.retention.years)
    };
    assert_eq!((with(14), with(15), with(100), with(101)), (None, Some(15), Some(100), None));
}

#[test]
fn every_mistake_is_reported_at_once_with_its_line() {
    let folder = folder();
    let text = r#"
data = "nowhere/data"
color = true

[exchange]
address = "0.0.0.0:8443"
certificate = "tls/exchange.pem"
key = "tls/missing.pem"

[backoffice]
adress = "127.0.0.1:8443"
address = "127.0.0.1:8443"
certificate = "tls/exchange.pem"
key = "tls/exchange.pem"

[ops]
address = "0.0.0.0:9000"

[[gemeente]]
code = "222"
name = "Doetinchem"

[[gemeente]]
code = "1586"
name = "Oost Gelre"
cak = "nobody"

[[gemeente]]
code = "1586"
name = "Oost Gelre"

[[partner]]
id = "one"
kind = "aanbieder"
agb = 98000001
url = "http://one.example"
fingerprint = ["12:34"]

[[partner]]
id = "one"
kind = "supplier"
oin = "00000001234567890000"

[[partner]]
id = "three"
kind = "cak"
oin = "00000001234567890000"
url = "https://three.example"
gemeenten = ["1586", "0999"]

[[token]]
name = "three"
sha256 = "the token itself"

[limits]
message_bytes = 1
body = "5 minutes"

[sending]
backoff_first = "30m"
backoff_max = "1m"
server_ca = "tls/exchange-key.pem"

[logging]
format = "xml"
"#;
    let expected = [
        "2:8 unusable-file data: the folder above DIR/nowhere/data does not exist",
        "3:1 unknown-key color: there is no setting `color`",
        "8:7 unusable-file exchange.key: DIR/tls/missing.pem cannot be used: cannot read DIR/tls/missing.pem: No such file or directory (os error 2)",
        "11:1 unknown-key backoffice.adress: there is no setting `backoffice.adress`",
        "12:11 conflict backoffice.address: `backoffice.address` overlaps with `exchange.address` on line 6",
        "14:7 unusable-file backoffice.key: DIR/tls/exchange.pem cannot be used: DIR/tls/exchange.pem has no private key",
        "17:11 risky ops.address: the ops listener can be reached from outside this machine, without TLS and without a password",
        "20:8 unusable-value gemeente[1].code: `gemeente[1].code` has a value that cannot be",
        "23:1 missing-key gemeente[2].policy.standaard: `gemeente[2].policy.standaard` is missing",
        "26:7 unknown-name gemeente[2].cak: partner `nobody` is not configured",
        "29:8 duplicate gemeente[3].code: `gemeente[3].code` is 1586, which is already on line 24",
        "32:1 missing-key partner[1]: aanbieder `one` has no usable AGB code",
        "32:1 missing-key partner[1]: partner `one` cannot be known by any certificate",
        "35:7 wrong-type partner[1].agb: `partner[1].agb` is of type integer",
        "36:7 unusable-value partner[1].url: `partner[1].url` has a value that cannot be",
        "37:16 unusable-value partner[1].fingerprint: `partner[1].fingerprint` has a value that cannot be",
        "41:8 unusable-value partner[2].kind: `partner[2].kind` has a value that cannot be",
        "49:22 unknown-name partner[3].gemeenten: gemeente 0999 is not configured",
        "51:1 missing-key token[1].gemeenten: `token[1].gemeenten` is missing",
        "53:10 unusable-value token[1].sha256: `token[1].sha256` has a value that cannot be",
        "56:17 unusable-value limits.message_bytes: `limits.message_bytes` is out of bounds",
        "57:8 unusable-value limits.body: `limits.body` has a value that cannot be",
        "59:1 conflict sending: `backoff_first` is longer than `backoff_max`",
        "62:13 unusable-file sending.server_ca: DIR/tls/exchange-key.pem cannot be used: DIR/tls/exchange-key.pem has no certificate",
        "65:10 unusable-value logging.format: `logging.format` has a value that cannot be",
    ];
    let found = rendered(text, folder.path());
    assert_eq!(found, expected, "{found:#?}");
}

#[test]
fn relations_between_sections_are_checked() {
    let folder = folder();
    let text = example()
        .replace("client_ca = [\"tls/client-ca.pem\"]", "")
        .replace("kind = \"cak\"", "kind = \"ggk\"")
        .replace("name = \"zaaksysteem\"", "name = \"cak\"");
    let found = rendered(&text, folder.path());
    let found: Vec<_> = found.iter().filter(|line| line.contains(" conflict ")).collect();
    assert_eq!(
        found.len(),
        5,
        "the CAK of two gemeenten, two OINs without authority, the token's name: {found:#?}"
    );
    let text = example().replace("cak = \"cak\"  ", "cak = \"coalitie-hvb\"  ");
    assert!(rendered(&text, folder.path()).iter().any(|line| line.contains("`coalitie-hvb` is not the CAK")));
}

#[test]
fn a_slip_of_the_pen_gets_a_suggestion() {
    let folder = folder();
    let checked = check_text(&example().replace("[logging]", "[loging]"), folder.path());
    let mistake = checked.mistakes.iter().find(|mistake| mistake.kind == MistakeKind::UnknownKey).unwrap();
    assert_eq!(mistake.hint.nl, "bedoelt u `logging`?");
}

/// What cannot be read is not reported as missing too, nor is what depends on it.
#[test]
fn broken_toml_does_not_hide_the_rest() {
    let folder = folder();
    let text = example()
        .replacen("[exchange]", "[exchange]\nx = 1", 1)
        .replace("[limits]", "[limits]\nnonsense")
        .replace("[logging]", "[logging]\nformat = \"xml\"\nfilter = \"info");
    let found = rendered(&text, folder.path());
    let kinds: Vec<_> = found.iter().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(kinds, ["unknown-key", "syntax", "unusable-value", "syntax"], "{found:#?}");
}

#[test]
fn an_empty_file_tells_what_is_needed() {
    let found = rendered("", Path::new("."));
    assert_eq!(
        found,
        [
            "1:1 missing-key data: `data` is missing",
            "1:1 missing-key exchange: `exchange` is missing",
            "1:1 missing-key gemeente: `gemeente` is missing",
        ]
    );
}

#[test]
fn certificates_are_looked_into() {
    let folder = folder();
    let check = |from: &str, to: &str| {
        let found = rendered(&example().replacen(from, to, 1), folder.path());
        found.into_iter().filter(|line| line.contains(" unusable-file ")).collect::<Vec<_>>()
    };
    let expired = check("certificate = \"tls/exchange.pem\"        #", "certificate = \"tls/expired.pem\" #");
    // The key is another's too; that comes first.
    assert!(expired[0].contains("exchange.certificate"), "{expired:?}");
    let other = check("certificate = \"tls/exchange.pem\"        #", "certificate = \"tls/client.pem\" #");
    assert!(other[0].contains("keys may not be consistent") || other[0].contains("TLS cannot"), "{other:?}");
    fs::write(folder.path().join("tls/garbage.pem"), "-----BEGIN CERTIFICATE-----\n???\n").unwrap();
    let garbage = check("client_ca = [\"tls/client-ca.pem\"]", "client_ca = [\"tls/garbage.pem\"]");
    assert!(garbage[0].contains("is not usable PEM"), "{garbage:?}");
}

#[cfg(unix)]
#[test]
fn a_key_that_all_can_read_is_a_risk() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let key = folder.path().join("tls/exchange-key.pem");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let found = rendered(&example(), folder.path());
    assert!(found.iter().any(|line| line.contains("everyone on this machine can get at")), "{found:#?}");
}

#[test]
fn a_file_that_is_not_there_cannot_be_checked() {
    let error = check(Path::new("/nowhere/iwmo.toml")).unwrap_err();
    assert!(error.to_string().starts_with("cannot read /nowhere/iwmo.toml"), "{error}");
}

#[test]
fn a_misplaced_secret_is_not_repeated() {
    let folder = folder();
    let text =
        example().replace("0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff0", "geheim-token");
    let checked = check_text(&text, folder.path());
    assert!(checked.config.is_none());
    assert!(!format!("{:?}", checked.mistakes).contains("geheim-token"));
}
