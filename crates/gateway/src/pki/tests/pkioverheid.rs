//! C-54: chains as PKIoverheid makes them from its fourth generation on: four levels, keys of RSA, every signature
//! RSASSA-PSS with SHA-512. Made by openssl, because nothing here signs in that way.

use std::path::Path;

use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

const EXTENSIONS: &str = "\
[authority]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n\
[tls]\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=DNS:localhost\n\
[other]\nbasicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\nsubjectAltName=DNS:localhost\n";

fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Makes a certificate under another, or under itself.
fn certificate(folder: &Path, name: &str, under: Option<&str>, extensions: &str, pss: bool) {
    let pss = if pss { " -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:64" } else { "" };
    let by = match under {
        Some(under) => format!("-CA {under}.pem -CAkey {under}.key -CAcreateserial"),
        None => format!("-signkey {name}.key"),
    };
    openssl(
        folder,
        &format!("req -newkey rsa:3072 -nodes -sha512 -subj /CN={name} -keyout {name}.key -out {name}.csr"),
    );
    openssl(
        folder,
        &format!(
            "x509 -req -in {name}.csr -sha512 -days 30 {by} -extfile extensions -extensions {extensions} -out {name}.pem{pss}"
        ),
    );
}

/// What a party shows: its chain without the root.
fn identity(folder: &Path, name: &str) -> Identity {
    let file = |name: &str, ending: &str| folder.join(format!("{name}.{ending}"));
    let chain =
        [name, "tsp", "domain"].into_iter().flat_map(|name| certificates(&file(name, "pem")).unwrap());
    Identity::new(chain.collect(), private_key(&file(name, "key")).unwrap()).unwrap()
}

/// Whether the two come to speak with each other.
async fn meet(server: &ServerTls, client: ClientConfig) -> bool {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::clone(server.config()));
    let serving = tokio::spawn(async move {
        let mut stream = acceptor.accept(far).await.ok()?;
        stream.write_all(b"x").await.ok()?;
        stream.flush().await.ok()
    });
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
    // Under TLS 1.3 a client hears of its refusal when it reads.
    let spoken = match connector.connect(ServerName::try_from("localhost").unwrap(), near).await {
        Ok(mut stream) => stream.read_u8().await.is_ok(),
        Err(_) => false,
    };
    serving.await.unwrap().is_some() && spoken
}

/// Chains of both generations verify in both roles and under both versions of TLS. A certificate that is for clients alone
/// is one of a client, and of no server.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
async fn c_54_chains_of_both_generations_verify_in_both_roles() {
    if !Command::new("openssl")
        .arg("version")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
    {
        println!("skipped: there is no openssl here");
        return;
    }
    for pss in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        std::fs::write(folder.join("extensions"), EXTENSIONS).unwrap();
        certificate(folder, "root", None, "authority", pss);
        certificate(folder, "domain", Some("root"), "authority", pss);
        certificate(folder, "tsp", Some("domain"), "authority", pss);
        certificate(folder, "own", Some("tsp"), "tls", pss);
        certificate(folder, "other", Some("tsp"), "other", pss);
        let roots = certificates(&folder.join("root.pem")).unwrap();
        let trust = ClientTrust { authorities: roots.clone(), pinned: Vec::new() };
        let [own, other] = ["own", "other"].map(|name| identity(folder, name));
        let server = server_config_mutual(&own, &trust).unwrap();
        for shown in [&own, &other] {
            assert!(meet(&server, client_config(Some(shown), &roots).unwrap()).await, "pss: {pss}");
            for version in [&TLS12, &TLS13] {
                let builder = ClientConfig::builder_with_provider(provider());
                let builder = builder.with_protocol_versions(&[version]).unwrap();
                let builder = builder.with_root_certificates(super::roots(&roots).unwrap());
                let client =
                    builder.with_client_auth_cert(shown.chain.clone(), shown.key.clone_key()).unwrap();
                assert!(meet(&server, client).await, "pss: {pss} {version:?}");
            }
        }
        let wrong = server_config_mutual(&other, &trust).unwrap();
        assert!(!meet(&wrong, client_config(Some(&own), &roots).unwrap()).await, "a client's certificate");
    }
}
