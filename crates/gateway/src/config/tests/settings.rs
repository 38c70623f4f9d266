//! What single settings come to.

use super::*;

/// A file that cannot be used is told of, and nothing is said to be missing for it.
#[test]
fn what_cannot_be_used_is_not_told_to_be_missing() {
    let folder = tempfile::tempdir().unwrap();
    let found = rendered(&example(), folder.path());
    assert!(found.iter().any(|line| line.contains("sending.server_ca")), "{found:#?}");
    assert!(found.iter().any(|line| line.contains("backoffice.certificate")), "{found:#?}");
    assert!(found.iter().all(|line| !line.contains("there is no")), "{found:#?}");
    let without = example().replace("server_ca = ", "# server_ca = ");
    let found = rendered(&without, super::folder().path());
    let missing = |line: &&String| line.contains("there is no authority under which this partner's server");
    assert_eq!(found.iter().filter(missing).count(), 3, "{found:#?}");
}

/// C-55: the server of a partner with an OIN must have it, unless the configuration says otherwise.
#[test]
fn a_partner_with_an_oin_is_reached_at_a_server_with_it() {
    let folder = folder();
    let (own, other) = ("00000001234567890000", "00000001234567890002");
    let line = format!("oin = \"{own}\"");
    for (more, expected) in [
        (String::new(), Some(own)),
        (format!("\nserver_oin = \"{other}\""), Some(other)),
        ("\nserver_oin = \"geen\"".to_owned(), None),
    ] {
        let text = example().replacen(&line, &format!("{line}{more}"), 1);
        let config = check_text(&text, folder.path()).config.unwrap();
        let of = |name: &str| {
            let partner = config.partners.iter().find(|partner| partner.id.0 == name).unwrap();
            partner.server_oin.map(|oin| oin.to_string())
        };
        assert_eq!(of("cak").as_deref(), expected, "{more}");
        assert_eq!(of("hub").as_deref(), Some("00000001234567890001"));
        assert_eq!(of("thuiszorg-linde"), of("hub"), "it is reached where its hub is");
        assert_eq!(of("coalitie-hvb"), None, "it has none");
    }
    let wrong = example().replacen(&line, &format!("{line}\nserver_oin = \"nee\""), 1);
    let found = rendered(&wrong, folder.path());
    assert!(found.iter().any(|line| line.contains("unusable-value partner[2].server_oin")), "{found:#?}");
}

#[test]
fn traces_go_where_the_configuration_says() {
    let folder = folder();
    let of = |more: &str| {
        let text = format!("{}\n[telemetry]\n{more}\n", example());
        check_text(&text, folder.path()).config.map(|config| config.telemetry.unwrap())
    };
    let found = of("otlp = \"http://127.0.0.1:4318\"").unwrap();
    assert_eq!(
        (found.otlp.as_str(), found.service.as_str()),
        ("http://127.0.0.1:4318/v1/traces", "iwmo-gateway")
    );
    let found = of("otlp = \"http://collector:4318/otlp/v1/traces/\"\nservice = \"oost\"").unwrap();
    assert_eq!(
        (found.otlp.as_str(), found.service.as_str()),
        ("http://collector:4318/otlp/v1/traces", "oost")
    );
    for wrong in [
        "",
        "otlp = \"collector:4318\"",
        "otlp = \"https://x\"",
        "otlp = \"http://a:b@x\"",
        "otlp = \"http://x?y\"",
    ] {
        assert_eq!(of(wrong), None, "{wrong}");
    }
    assert_eq!(
        check_text(&example(), folder.path()).config.unwrap().telemetry,
        None,
        "off unless it is asked for"
    );
}

/// However a folder is written, it is of one partner; a file is none.
#[test]
fn a_folder_of_a_partner_is_its_own() {
    let folder = folder();
    let partner = |id: &str, path: &str| {
        format!(
            "\n[[partner]]\nid = \"{id}\"\nkind = \"backoffice\"\nfolder = \"{path}\"\ngemeenten = [\"0222\"]\n"
        )
    };
    let found = |path: &str| {
        let text = format!("{}{}", example(), partner("ander", path));
        let mut found = rendered(&text, folder.path());
        found.retain(|line| line.contains(".folder"));
        found
    };
    fs::write(folder.path().join("bestand"), "").unwrap();
    assert_eq!(found("ander"), Vec::<String>::new());
    for path in ["uitwisseling", "./uitwisseling/", "tls/.././uitwisseling"] {
        fs::create_dir_all(folder.path().join("uitwisseling")).unwrap();
        let found = found(path);
        assert!(matches!(&found[..], [one] if one.contains("duplicate")), "{path}: {found:?}");
    }
    let none = found("bestand");
    assert!(matches!(&none[..], [one] if one.contains("is not a folder")), "{none:?}");
}
